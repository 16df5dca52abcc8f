// SPDX-License-Identifier: Apache-2.0
//
// Keys as a user meets them on the command line.

import Foundation
import Testing

@Suite(.serialized) struct KeygenTests {
    private let folder: ScratchFolder

    init() throws { folder = try ScratchFolder() }

    private func convoy(_ arguments: String...) throws -> (status: Int32, text: String) {
        let result = try ConvoyProgram.run(arguments, in: folder.path)
        return (result.status, result.text.replacingOccurrences(of: folder.path + "/", with: ""))
    }

    @Test func keygenSaysWhatToDoNext() throws {
        let keys = folder.path + "/keys"
        var result = try convoy("keygen", keys)
        #expect(result.status == 0)
        for line in [
            "convoy coordinator job.yaml --bind tcp://HOST:7070 --keys keys/coordinator",
            "convoy worker --connect tcp://HOST:7070 --keys keys/worker",
            "Whose line is deleted from keys/coordinator/workers.allowed is put out at once.",
        ] { #expect(result.text.contains(line), "\(result.text)") }
        result = try convoy("keygen", keys)
        #expect(result.status == 1)
        #expect(
            result.text.hasPrefix(
                "error: keys/worker is there already; choose another name with --worker NAME"))
        #expect(try convoy("keygen", keys, "--worker", "node7").status == 0)
    }

    @Test func aNetworkWithoutKeysIsNotUsed() throws {
        let cure =
            "has no keys; make some with 'convoy keygen keys' and give them with --keys keys/"
        for (command, endpoint) in [("coordinator", "--bind"), ("worker", "--connect")] {
            let job = command == "coordinator" ? ["--dataset", "shapes"] : []
            let result = try ConvoyProgram.run(
                [command, endpoint, "tcp://127.0.0.1:7"] + job, in: folder.path)
            #expect(result.status == 1)
            #expect(
                result.text.hasPrefix("error: tcp://127.0.0.1:7 can be reached by others, and this")
                    && result.text.contains(cure + command)
                    && result.text.contains("--insecure"), "\(result.text)")
        }
        let both = try convoy(
            "worker", "--connect", "tcp://127.0.0.1:7", "--keys", "x", "--insecure")
        #expect(both.status == 64 && both.text.contains("--insecure uses no keys"), "\(both.text)")
    }

    /// The keys of the run's own workers are made for it; one from elsewhere comes in by those of a folder.
    @Test func theOneCommandHelpedByAWorkerFromElsewhereHasTheSameBits() throws {
        let job = folder.path + "/job.yaml"
        try StopTests.job.write(toFile: job, atomically: true, encoding: .utf8)
        func train(_ name: String, _ arguments: [String]) throws -> (ConvoyProgram, EventFile) {
            let log = EventFile(path: folder.path + "/\(name).jsonl")
            let program = try ConvoyProgram(
                [
                    "train", job, "--quiet", "--workers", "2", "--output",
                    folder.path + "/" + name, "--log-json", log.path,
                ] + arguments, in: folder.path)
            return (program, log)
        }
        let (plain, expected) = try train("plain", [])
        #expect(plain.status() == 0, "\(plain.text)")

        let keys = try ConvoyProgram.keys(in: folder.path)
        let endpoint = "tcp://127.0.0.1:\(try freePort())"
        let helper = try ConvoyProgram(
            ["worker", "--connect", endpoint, "--name", "helper", "--threads", "1"] + keys.worker,
            in: folder.path)
        let (open, log) = try train("open", ["--bind", endpoint] + keys.coordinator)
        #expect(open.status() == 0, "\(open.text)")
        helper.send(SIGTERM)
        #expect(helper.status(within: 20) == 0, "\(helper.text)")
        #expect(log.finalWeights != nil && log.finalWeights == expected.finalWeights)
        #expect(log.contributions.count == 3)
    }
}
