// SPDX-License-Identifier: Apache-2.0
//
// `convoy train --hosts`: workers that ssh starts, on a real sshd.

import Foundation
import Testing

@Suite(.serialized, .enabled(if: SSHServer.obstacle == nil, "\(SSHServer.obstacle ?? "")"))
struct HostsTests {
    private let run: DisturbedRun
    private let server: SSHServer

    init() throws {
        run = try DisturbedRun(job: StopTests.job)
        server = try SSHServer(in: run.path)
    }

    private func start(_ hosts: String, _ arguments: [String] = []) throws -> ConvoyProgram {
        try hosts.write(toFile: run.path + "/hosts", atomically: true, encoding: .utf8)
        return try ConvoyProgram(
            [
                "train", run.path + "/job.yaml", "--hosts", run.path + "/hosts", "--ssh",
                server.command, "--output", run.path + "/run", "--log-json", run.log.path,
            ] + arguments, in: run.path)
    }

    /// Command lines of processes of this run that have all these words in them, by their numbers.
    private func processes(_ words: String...) -> [Int32: String] {
        let numbers = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return numbers.compactMap { Int32($0) }.reduce(into: [:]) { found, number in
            let path = "/proc/\(number)/"
            guard let line = try? String(contentsOfFile: path + "cmdline", encoding: .utf8),
                words.allSatisfy({ line.contains($0) })
            else { return }
            found[number] = line
        }
    }

    /// The port of the coordinator, as every command line about this run has it.
    private func ending() -> String? {
        let endpoint = run.log.events("started").last?["endpoint"] as? String
        return endpoint?.split(separator: ":").last.map { ":\($0)" }
    }

    @Test func hostsComputeAndADeadOneIsNamed() throws {
        let expected = try run.undisturbed()
        let program = try start(
            "# two that live\nnode1 slots=1\nroot@node2 slots=1  # by another user\nnode3\n"
                .replacingOccurrences(of: "root", with: NSUserName()), ["--max-restarts", "1"])
        #expect(wait(within: 60) { run.log.events("worker_joined").count >= 2 }, "\(program.text)")
        // Nobody may read keys out of a list of processes.
        let lines = processes(try #require(ending()))
        #expect(lines.values.contains { $0.hasPrefix("ssh\0") })
        #expect(lines.values.contains { $0.hasPrefix(ConvoyProgram.path) })
        for line in lines.values {
            #expect(line.firstMatch(of: /[0-9a-fA-F]{40}/) == nil, "\(line)")
        }
        #expect(program.status() == 0, "\(program.text)\(server.log)")
        #expect(run.log.finalWeights != nil && run.log.finalWeights == expected.finalWeights)
        #expect(Set(run.log.contributions.keys) == ["node1", "node2"], "\(program.text)")
        #expect(
            program.text.contains(
                "node3 is given up, the run goes on without it: it cannot be reached by ssh")
                && program.text.contains("\(server.command) node3 true' works without a password"),
            "\(program.text)")
        #expect(wait(within: 10) { processes(ending() ?? "?").isEmpty })
    }

    /// Who starts workers by hand kills them by hand.
    @Test func aWorkerThatIsKilledIsStartedAgain() throws {
        let expected = try run.undisturbed()
        let program = try start("node1 slots=1\nnode2 slots=1\n")
        #expect(wait(within: 60) { run.log.events("worker_joined").count == 2 }, "\(program.text)")
        let port = try #require(ending())
        let victims = processes("worker\0", port, "--name\0node1")
            .filter { !$0.value.hasPrefix("sh\0") && !$0.value.contains("ssh") }
        #expect(victims.count == 1, "\(victims)")
        for victim in victims.keys { kill(victim, SIGKILL) }
        #expect(
            wait(within: 60) { run.log.events("worker_restarted").count >= 1 }, "\(program.text)")
        #expect(program.status() == 0, "\(program.text)")
        let restarted = run.log.events("worker_restarted").first
        #expect(restarted?["worker"] as? String == "node1")
        #expect(restarted?["reason"] as? String == "exited with code 137", "\(program.text)")
        #expect(run.log.finalWeights != nil && run.log.finalWeights == expected.finalWeights)
    }

    @Test func whoIsKilledLeavesNobodyBehind() throws {
        let program = try start("node1 slots=1\nnode2 slots=1\n")
        #expect(wait(within: 60) { run.log.events("worker_joined").count == 2 }, "\(program.text)")
        let port = try #require(ending())
        #expect(processes(port).count >= 2)
        program.end(SIGKILL)
        #expect(wait(within: 20) { processes(port).isEmpty }, "\(processes(port))")
    }

    /// Ctrl-C reaches ssh, too, and does not keep the coordinator from its checkpoint.
    @Test func anInterruptedRunGoesOn() throws {
        let expected = try run.undisturbed()
        let hosts = "node1 slots=1\nnode2 slots=1\n"
        let program = try start(hosts)
        #expect(wait(within: 60) { run.log.events("worker_joined").count == 2 }, "\(program.text)")
        let port = try #require(ending())
        for process in processes("ssh\0-F", port).keys { kill(process, SIGINT) }
        program.send(SIGINT)
        #expect(program.status(within: 30) == 75, "\(program.text)")
        #expect(program.text.contains("with a checkpoint"), "\(program.text)")
        #expect(wait(within: 10) { processes(port).isEmpty }, "\(processes(port))")
        let next = try start(hosts)
        #expect(next.status() == 0, "\(next.text)")
        #expect(run.log.finalWeights != nil && run.log.finalWeights == expected.finalWeights)
    }

    @Test func withoutAnyHostThatAnswersTheRunEnds() throws {
        let program = try start("node3\n", ["--max-restarts", "0"])
        #expect(program.status() == 1, "\(program.text)")
        #expect(
            program.text.contains("error: node3 cannot be reached by ssh (ssh: connect to host"),
            "\(program.text)")
    }

    @Test(arguments: [
        ("-oProxyCommand=touch\n", "hosts:1: '-oProxyCommand=touch' names no host"),
        ("\nnode1 slots=none\n", "hosts:2: 'node1 slots=none' names no host"),
        ("node1;reboot\n", "hosts:1: 'node1;reboot' names no host"),
        ("# nobody\n", "hosts: no host in it"),
    ])
    func aFileThatNamesNoHostIsRefused(_ text: String, _ complaint: String) throws {
        let program = try start(text)
        #expect(program.status() == 1)
        #expect(program.text.contains(complaint), "\(program.text)")
    }
}
