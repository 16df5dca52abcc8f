// SPDX-License-Identifier: Apache-2.0
//
// Machines that a run starts workers on by ssh.

import Foundation

/// A line of a file of hosts.
public struct RemoteHost: Sendable, Equatable {
    /// As ssh takes it: a name, an address, or one of its configuration, with USER@ in front if need be.
    public let address: String
    /// Threads that may compute there; nil for one for each core.
    public let slots: Int?
    /// The worker's name.
    public let worker: String

    /// Reads `HOST` or `HOST slots=N`, one a line; what follows a `#` is a comment.
    public static func parse(_ text: String, file: String) throws(RuntimeError) -> [RemoteHost] {
        var hosts: [RemoteHost] = []
        for (number, line) in text.split(
            separator: "\n", omittingEmptySubsequences: false
        ).enumerated() {
            let words = line.prefix { $0 != "#" }.split(whereSeparator: \.isWhitespace)
            guard let first = words.first else { continue }
            var slots: Int?
            if words.count == 2, words[1].hasPrefix("slots="),
                let count = Int(words[1].dropFirst("slots=".count)), 1...256 ~= count
            {
                slots = count
            }
            // A host that begins with a dash would be an option of ssh.
            guard words.count == (slots == nil ? 1 : 2), !first.hasPrefix("-"),
                first.allSatisfy({
                    $0.isASCII && ($0.isLetter || $0.isNumber || ".-_@:".contains($0))
                })
            else {
                throw RuntimeError(
                    .system,
                    "\(file):\(number + 1): '\(line)' names no host; expected HOST or HOST slots=N, with N "
                        + "from 1 to 256")
            }
            let address = String(first)
            let namesakes = hosts.count { $0.address == address }
            let name = address.split(separator: "@").last.map(String.init) ?? address
            hosts.append(
                RemoteHost(
                    address: address, slots: slots,
                    worker: namesakes == 0 ? name : "\(name)-\(namesakes + 1)"))
        }
        guard !hosts.isEmpty else {
            throw RuntimeError(
                .system, "\(file): no host in it; expected HOST or HOST slots=N, one a line")
        }
        return hosts
    }
}

/// How a command gets to run on another machine.
public struct RemoteShell: Sendable {
    /// The exit code of ssh's own failures.
    static let failure: Int32 = 255

    /// `ssh`, with the user's options.
    private let ssh: [String]
    /// Path of the `convoy` program there.
    private let program: String
    /// This machine as others reach it; nil for the address that ssh comes from.
    private let host: String?
    /// Nil where none are used.
    private let keys: WorkerKeys?

    public init(ssh: [String], program: String, host: String?, keys: WorkerKeys?) {
        self.ssh = ssh
        self.program = program
        self.host = host
        self.keys = keys
    }

    var text: String { ssh.joined(separator: " ") }

    /// What goes in by standard input: an argument would be there for everybody to read, here and there.
    var secrets: String {
        guard let keys else { return "\n\n" }
        return "\(keys.secret.hex)\n\(keys.coordinator)\n"
    }

    /// Takes the keys from standard input, and runs its arguments with them until they end or standard
    /// input does: then whoever started this is gone.
    private static let script = """
        IFS= read -r secret && IFS= read -r coordinator || exit 1
        if [ -n "$secret" ]
        then export \(KeyText.secretVariable)="$secret" \(KeyText.coordinatorVariable)="$coordinator"
        fi
        program=$1 endpoint=$2 here=${SSH_CONNECTION%% *}
        shift 2
        case $here in *:*) here="[$here]";; esac
        case $endpoint in tcp://0.0.0.0:*) endpoint=tcp://$here:${endpoint##*:};; esac
        exec 3<&0
        sh -c '{ cat <&3; kill $$; } >/dev/null 2>&1 & exec 3<&-; exec "$@" </dev/null' sh "$program" worker --connect "$endpoint" "$@"
        exit $?
        """

    /// The command line that starts a worker.
    ///
    /// - Parameter endpoint: Where the coordinator listens.
    func command(on host: RemoteHost, at endpoint: String, _ arguments: [String]) -> [String] {
        let endpoint =
            self.host.map { endpoint.replacingOccurrences(of: "//0.0.0.0:", with: "//\($0):") }
            ?? endpoint
        let words = ["sh", "-c", Self.script, "convoy-worker", program, endpoint] + arguments
        // ssh hands one line to the user's shell there, whichever that is.
        return ssh + [
            "-T", "-o", "BatchMode=yes", "-o", "ConnectTimeout=10", "-o", "ServerAliveInterval=15",
            "-o", "LogLevel=ERROR", host.address,
            (["exec"] + words.map(Self.quoted)).joined(separator: " "),
        ]
    }

    private static func quoted(_ word: String) -> String {
        "'" + word.replacingOccurrences(of: "'", with: "'\\''") + "'"
    }
}
