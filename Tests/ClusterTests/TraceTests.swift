// SPDX-License-Identifier: Apache-2.0
//
// `--trace`: what the file says of a run, and that drawing it changes no bit.

import Foundation
import Testing

@Suite(.serialized) struct TraceTests {
    @Test(arguments: [false, true])
    func everyStepIsDrawn(isRemote: Bool) throws {
        let run = try DisturbedRun(job: StopTests.job)
        let expected = try run.undisturbed()
        let path = run.path + "/trace.json"
        let arguments =
            isRemote
            ? ["--bind", "tcp://127.0.0.1:0", "--insecure", "--threads", "2"]
            : ["--threads", "1"]
        let result = try ConvoyProgram.run(
            [
                "train", run.path + "/job.yaml", "--workers", "2", "--trace", path, "--output",
                run.path + "/run", "--log-json", run.log.path,
            ] + arguments, in: run.path)
        #expect(result.status == 0, "\(result.text)")
        #expect(result.text.contains("timeline in \(path); "), "\(result.text)")
        #expect(run.log.finalWeights != nil && run.log.finalWeights == expected.finalWeights)

        let trace = try TraceDrawing(path: path)
        #expect(Set(trace.processes.values) == ["coordinator", "worker-1", "worker-2"])
        #expect(trace.overlaps.isEmpty, "\(trace.overlaps.prefix(3))")
        let training = Dictionary(
            grouping: trace.spans.filter { $0.phase == "train" }, by: \.step)
        let kinds: Set = ["data", "forward", "backward", "send", "reduce", "update", "receive"]
        // The two passes end in a batch of 10 shards each.
        for step in run.log.trainingSteps.map(\.step) {
            let spans = training[step] ?? []
            // Not every step has to be waited for.
            #expect(Set(spans.map(\.name)).subtracting(["wait"]) == kinds, "step \(step)")
            for pass in ["forward", "backward"] {
                let shards = Set(spans.filter { $0.name == pass }.compactMap(\.shard))
                #expect(shards == Set(0..<shards.count) && shards.count >= 10, "step \(step)")
            }
        }
        #expect(trace.spans.contains { $0.phase == "train" && $0.name == "wait" })
        #expect(trace.spans.contains { $0.phase == "validate" && $0.name == "forward" })
    }

    @Test func aFileThatCannotBeMadeEndsTheCommand() throws {
        let run = try DisturbedRun(job: StopTests.job)
        let result = try ConvoyProgram.run(
            ["train", run.path + "/job.yaml", "--trace", "/nowhere/t.json"], in: run.path)
        #expect(result.status == 1)
        #expect(result.text.contains("choose another file for --trace"), "\(result.text)")
    }
}
