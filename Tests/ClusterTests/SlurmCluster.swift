// SPDX-License-Identifier: Apache-2.0
//
// A real Slurm on this machine: a controller and three nodes, each a daemon of its own.

import Foundation
import Testing

/// Gone when the object is. Needs root, and the packages slurm-wlm and munge.
final class SlurmCluster {
    /// Names that no other cluster of this machine has.
    let nodes: [String]
    private let folder: ScratchFolder
    private var environment = ProcessInfo.processInfo.environment

    /// Why this machine allows none; nil if it does.
    static let obstacle: String? = {
        guard getuid() == 0 else { return "a Slurm of one's own needs root" }
        for tool in ["slurmctld", "slurmd", "munged", "sbatch"]
        where (try? Shell.run("command -v \(tool)"))?.status != 0 {
            return "no \(tool) here; install slurm-wlm and munge"
        }
        return nil
    }()

    init() throws {
        folder = try ScratchFolder()
        let tag = UUID().uuidString.prefix(4).lowercased()
        self.nodes = (1...3).map { "n\($0)-\(tag)" }
        environment["SLURM_CONF"] = path + "/slurm.conf"
        let host = try Shell.run("hostname -s").text.trimmingCharacters(in: .whitespacesAndNewlines)
        let ports = try (0..<4).map { _ in try freePort() }
        let nodes = zip(self.nodes, ports.dropFirst()).map { name, port in
            "NodeName=\(name) NodeHostname=\(host) NodeAddr=127.0.0.1 Port=\(port) CPUs=2 RealMemory=1000"
        }
        try """
        ClusterName=convoytest
        SlurmctldHost=\(host)(127.0.0.1)
        SlurmctldPort=\(ports[0])
        SlurmUser=root
        SlurmdUser=root
        AuthType=auth/munge
        AuthInfo=socket=\(path)/munge.sock
        MpiDefault=none
        ProctrackType=proctrack/linuxproc
        TaskPlugin=task/none
        SwitchType=switch/none
        SelectType=select/cons_tres
        SelectTypeParameters=CR_Core
        JobAcctGatherType=jobacct_gather/none
        AccountingStorageType=accounting_storage/none
        SlurmctldPidFile=\(path)/slurmctld.pid
        SlurmdPidFile=\(path)/slurmd-%n.pid
        StateSaveLocation=\(path)/state
        SlurmdSpoolDir=\(path)/spool/%n
        SlurmctldLogFile=\(path)/slurmctld.log
        SlurmdLogFile=\(path)/slurmd-%n.log
        SlurmdParameters=config_overrides
        ReturnToService=2
        SlurmdTimeout=10
        KillWait=5
        \(nodes.joined(separator: "\n"))
        PartitionName=debug Nodes=ALL Default=YES State=UP

        """.write(toFile: path + "/slurm.conf", atomically: true, encoding: .utf8)
        try run(
            """
            \(Self.closeDescriptors)
            mkdir -p state \(self.nodes.map { "spool/\($0)" }.joined(separator: " ")) &&
            head -c 1024 /dev/urandom > munge.key && chmod 400 munge.key && chmod 711 . &&
            munged --force -S \(path)/munge.sock --pid-file=\(path)/munged.pid \
                --log-file=\(path)/munged.log --seed-file=\(path)/seed --key-file=\(path)/munge.key &&
            slurmctld -f slurm.conf &&
            for node in \(self.nodes.joined(separator: " ")); do slurmd -f slurm.conf -N $node || exit 1; done
            """)
        let idle = wait(within: 30) {
            (try? run("timeout 5 sinfo -h -o '%D %t'"))?.contains("\(self.nodes.count) idle")
                == true
        }
        let logs = try run("cat slurm*.log")
        try #require(idle, "the nodes do not become idle: \(logs)")
    }

    deinit {
        _ = try? run("timeout 5 scancel --full --signal=KILL --user=root; sleep 1")
        // Not SIGTERM: they have inherited that it is blocked.
        _ = try? run("for file in *.pid; do kill -KILL $(cat $file); done")
    }

    var path: String { folder.path }

    /// In the cluster's folder, with its configuration.
    ///
    /// - Returns: Standard output and error.
    @discardableResult
    func run(_ command: String) throws -> String {
        let result = try Shell.run("cd \(path) && { \(command)\n}", environment: environment)
        try #require(result.status == 0, "\(command): \(result.text)")
        return result.text
    }

    /// A lost node is repaired.
    func bringBack(_ node: String) throws {
        try run("\(Self.closeDescriptors)\nslurmd -f slurm.conf -N \(node)")
    }

    /// `Process` waits for whoever holds a descriptor of its own, and daemons inherit it.
    private static let closeDescriptors = """
        for file in /proc/$BASHPID/fd/*; do
            number=${file##*/}; ((number < 3)) || eval "exec $number>&-"
        done
        """

    /// A node goes dark: its daemon and all that it runs, from one moment to the next.
    func lose(_ node: String) throws {
        try run("kill -9 $(cat slurmd-\(node).pid); rm slurmd-\(node).pid")
        // What a node runs knows its name.
        try run(
            """
            for file in $(grep -lzxs SLURMD_NODENAME=\(node) /proc/[0-9]*/environ); do
                number=${file#/proc/}; number=${number%/environ}
                kill -9 $number || [[ ! -e /proc/$number ]]
            done
            """)
    }
}
