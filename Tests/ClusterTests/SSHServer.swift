// SPDX-License-Identifier: Apache-2.0
//
// A real sshd on this machine, with keys that nobody else has.

import Foundation
import Testing

/// Gone when the object is. Needs the package openssh-server.
final class SSHServer {
    private let folder: String
    private var number: Int32?
    /// The names that its client knows this machine by, and one that nobody answers to.
    static let names = ["node1", "node2"]
    static let deadName = "node3"

    private static let sshd = "/usr/sbin/sshd"
    /// Why this machine allows none; nil if it does.
    static let obstacle: String? =
        FileManager.default.isExecutableFile(atPath: sshd)
            && (try? Shell.run("command -v ssh"))?.status == 0
        ? nil : "no sshd here; install openssh-server and openssh-client"

    /// - Parameter folder: Where it keeps its files.
    init(in folder: String) throws {
        self.folder = folder
        let port = try freePort(), deadPort = try freePort()
        try """
        Port \(port)
        ListenAddress 127.0.0.1
        HostKey \(folder)/host
        AuthorizedKeysFile \(folder)/user.pub
        PidFile \(folder)/sshd.pid
        StrictModes no
        PasswordAuthentication no
        PermitRootLogin prohibit-password
        MaxStartups 100

        """.write(toFile: folder + "/sshd_config", atomically: true, encoding: .utf8)
        try """
        Host \(Self.deadName)
          Port \(deadPort)
        Host *
          Hostname 127.0.0.1
          Port \(port)
          User \(NSUserName())
          IdentityFile \(folder)/user
          IdentitiesOnly yes
          UserKnownHostsFile \(folder)/known
          StrictHostKeyChecking accept-new

        """.write(toFile: folder + "/ssh_config", atomically: true, encoding: .utf8)
        let started = try Shell.run(
            """
            cd \(folder) && for key in host user; do ssh-keygen -q -t ed25519 -N '' -f $key || exit 1; done
            if [ $(id -u) = 0 ]; then mkdir -p /run/sshd; fi
            \(Self.sshd) -E \(folder)/sshd.log -f \(folder)/sshd_config
            """)
        #expect(started.status == 0, "\(started.text)")
        let answers = wait(within: 20) {
            (try? Shell.run("\(command) node1 true </dev/null"))?.status == 0
        }
        #expect(answers, "\(log)")
        let file = try String(contentsOfFile: folder + "/sshd.pid", encoding: .utf8)
        number = Int32(file.trimmingCharacters(in: .whitespacesAndNewlines))
    }

    deinit {
        // Threads of a test have signals blocked, and what they start inherits that: SIGTERM may never come.
        if let number { kill(number, SIGKILL) }
    }

    /// What a user types to get to it.
    var command: String { "ssh -F \(folder)/ssh_config" }

    var log: String {
        (try? String(contentsOfFile: folder + "/sshd.log", encoding: .utf8)) ?? "no log"
    }
}
