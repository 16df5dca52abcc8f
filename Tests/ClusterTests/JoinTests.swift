// SPDX-License-Identifier: Apache-2.0
//
// `convoy join`: equal processes that find their roles and each other.

import Foundation
import Testing

@Suite(.serialized) struct JoinTests {
    private let folder: ScratchFolder
    private let log: EventFile

    init() throws {
        folder = try ScratchFolder()
        log = EventFile(path: folder.path + "/log.jsonl")
        try StopTests.job.write(
            toFile: folder.path + "/job.yaml", atomically: true, encoding: .utf8)
    }

    private var arguments: [String] {
        ["join", folder.path + "/job.yaml", "--output", folder.path + "/run", "--threads", "1"]
    }

    private func undisturbed() throws -> String {
        let log = EventFile(path: folder.path + "/undisturbed.jsonl")
        let result = try ConvoyProgram.run(
            [
                "train", folder.path + "/job.yaml", "--workers", "2", "--quiet", "--output",
                folder.path + "/undisturbed", "--log-json", log.path,
            ], in: folder.path)
        #expect(result.status == 0, "\(result.text)")
        return try #require(log.finalWeights)
    }

    /// As Open MPI starts them: the others first, while a file of an earlier launch still lies there.
    @Test func equalProcessesFindTheirRoles() throws {
        let expected = try undisturbed()
        try FileManager.default.createDirectory(
            atPath: folder.path + "/run", withIntermediateDirectories: true)
        try "another launch\nipc:///nowhere\n".write(
            toFile: folder.path + "/run/endpoint", atomically: true, encoding: .utf8)
        let ranks = try [2, 1, 0].map { rank in
            try ConvoyProgram(
                arguments + (rank == 0 ? ["--log-json", log.path] : []), in: folder.path,
                variables: [
                    "OMPI_COMM_WORLD_RANK": "\(rank)", "OMPI_COMM_WORLD_SIZE": "3",
                    "OMPI_COMM_WORLD_LOCAL_SIZE": "3", "PMIX_NAMESPACE": "77",
                ])
        }
        for rank in ranks.reversed() { #expect(rank.status() == 0, "\(rank.text)") }
        #expect(log.finalWeights == expected)
        let names = Set(log.events("worker_joined").compactMap { $0["worker"] as? String })
        #expect(names.contains("rank-0-worker-1"), "\(names)")
        #expect(!FileManager.default.fileExists(atPath: folder.path + "/run/endpoint"))
    }

    /// Processes of two machines, as they know it: TCP and keys, the endpoint in a folder that both have.
    @Test func machinesFindEachOther() throws {
        let expected = try undisturbed()
        _ = try ConvoyProgram.keys(in: folder.path)
        let ranks = try [1, 0].map { rank in
            try ConvoyProgram(
                arguments + ["--keys", folder.path + "/keys", "--host", "127.0.0.1"]
                    + (rank == 0 ? ["--log-json", log.path] : []), in: folder.path,
                variables: [
                    "OMPI_COMM_WORLD_RANK": "\(rank)", "OMPI_COMM_WORLD_SIZE": "2",
                    "OMPI_COMM_WORLD_LOCAL_SIZE": "1", "PMIX_NAMESPACE": "78",
                ])
        }
        for rank in ranks.reversed() { #expect(rank.status() == 0, "\(rank.text)") }
        #expect(log.finalWeights == expected)
        let names = Set(log.events("worker_joined").compactMap { $0["worker"] as? String })
        #expect(names == ["rank-0-worker-1", "rank-1"])
        let endpoint = log.events("started").last?["endpoint"] as? String ?? ""
        #expect(endpoint.hasPrefix("tcp://"), "\(endpoint)")
    }

    /// In networks of their own, with no folder in common: rank 0 is where the command says.
    @Test(.enabled(if: Namespaces.obstacle == nil, "\(Namespaces.obstacle ?? "")"))
    func machinesWithoutACommonFolderFindEachOther() throws {
        let expected = try undisturbed()
        _ = try ConvoyProgram.keys(in: folder.path)
        let network = try Namespaces(workers: 1)
        let other = try ScratchFolder()
        try FileManager.default.copyItem(
            atPath: folder.path + "/keys", toPath: other.path + "/keys")
        let ranks = try [1, 0].map { rank in
            let place = rank == 0 ? folder.path : other.path
            return try ConvoyProgram(
                [
                    "join", folder.path + "/job.yaml", "--output", place + "/run", "--threads", "1",
                    "--keys", place + "/keys", "--host", "10.77.0.1", "--port", "7070",
                ] + (rank == 0 ? ["--log-json", log.path] : []), in: folder.path,
                launcher: Namespaces.launcher(
                    in: rank == 0 ? network.coordinator : network.name(0)),
                variables: ["CONVOY_RANK": "\(rank)", "CONVOY_SIZE": "2"])
        }
        for rank in ranks.reversed() { #expect(rank.status() == 0, "\(rank.text)") }
        #expect(log.finalWeights == expected)
        let names = Set(log.events("worker_joined").compactMap { $0["worker"] as? String })
        #expect(names == ["rank-0-worker-1", "rank-1"])
    }

    private static let mpirun = "/usr/bin/mpirun"
    private static let obstacle: String? =
        FileManager.default.isExecutableFile(atPath: mpirun)
        ? nil : "no mpirun here; install openmpi-bin"

    @Test(.enabled(if: obstacle == nil, "\(obstacle ?? "")"))
    func mpirunStartsARun() throws {
        let expected = try undisturbed()
        let command =
            [
                Self.mpirun, "--allow-run-as-root", "--oversubscribe", "--bind-to none -n 3",
                ConvoyProgram.path,
            ] + arguments + ["--quiet", "--log-json", log.path]
        let result = try Shell.run("timeout 120 " + command.joined(separator: " "))
        #expect(result.status == 0, "\(result.text)")
        #expect(log.finalWeights == expected)
        let joined = log.events("worker_joined").compactMap { $0["worker"] as? String }
        #expect(Set(joined) == ["rank-0-worker-1", "rank-1", "rank-2"], "\(result.text)")
    }

    @Test func withoutALauncherItSaysSo() throws {
        let result = try ConvoyProgram.run(arguments, in: folder.path)
        #expect(result.status == 64)
        #expect(
            result.text.contains("no launcher has said which process this is"), "\(result.text)")
    }

    @Test func withoutItsLeaderAWorkerGivesUp() throws {
        let program = try ConvoyProgram(
            arguments + ["--patience", "1"], in: folder.path,
            variables: ["CONVOY_RANK": "1", "CONVOY_SIZE": "2"])
        #expect(program.status(within: 30) == 75, "\(program.text)")
        #expect(
            program.text.contains(
                "error: no word of the coordinator in \(folder.path)/run/endpoint"),
            "\(program.text)")
    }
}
