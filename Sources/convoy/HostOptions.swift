// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import Runtime

/// Other machines to start workers on.
struct HostOptions: ParsableArguments {
    @Option(
        name: .customLong("hosts"),
        help: ArgumentHelp(
            "Start a worker on each of these machines by ssh.",
            discussion: """
                A file with one machine a line, 'HOST' or 'HOST slots=N' for N threads. ssh has to get \
                there without a password. Workers of this machine are started if --workers says so.
                """, valueName: "file"), completion: .file())
    var file: String?

    @Option(
        help: ArgumentHelp(
            "This machine, as those of --hosts reach it. The default is where ssh comes from.",
            valueName: "name"))
    var host: String?

    @Option(
        help: ArgumentHelp(
            "The program convoy on the machines of --hosts. The default is where it is here.",
            valueName: "path"))
    var remoteProgram: String?

    @Option(
        help: ArgumentHelp(
            "The command that gets to the machines of --hosts, with its options.",
            valueName: "command"))
    var ssh = "ssh"

    func validate() throws {
        if file == nil,
            let option = host.map({ _ in "--host" })
                ?? remoteProgram.map({ _ in "--remote-program" })
        {
            throw ValidationError("\(option) is for the machines of --hosts; add that")
        }
        guard !ssh.allSatisfy(\.isWhitespace) else {
            throw ValidationError("--ssh is empty; expected a command, as in 'ssh -p 2222'")
        }
    }

    func load() throws -> [RemoteHost] {
        guard let file else { return [] }
        let text: String
        do { text = try String(contentsOfFile: file, encoding: .utf8) } catch {
            throw RuntimeError(
                .system,
                "\(file): no such file, or no text; --hosts takes one with a machine a line")
        }
        return try RemoteHost.parse(text, file: file)
    }

    func shell(_ keys: WorkerKeys?) throws -> RemoteShell {
        RemoteShell(
            ssh: ssh.split(whereSeparator: \.isWhitespace).map(String.init),
            program: try remoteProgram ?? Program.path(), host: host, keys: keys)
    }
}
