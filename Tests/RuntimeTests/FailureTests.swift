// SPDX-License-Identifier: Apache-2.0

import Foundation
import Jobs
import Runtime
import Testing

/// Runs that cannot go on end with a sentence that says where and why.
@Suite(.serialized) struct FailureTests {
    @Test func aLossThatExplodesNamesStepShardAndLayer() throws {
        try TinyRun.withData { folder, path in
            let run = try LocalRun(workers: 1, folder: folder)
            let job = try TinyCIFAR.job(path, ["training.optimizer=sgd"], scale: "1e30")
            let error = runtimeError { try run.run(job) }
            #expect(error?.code == .notFinite)
            let sentence = error?.detail ?? ""
            #expect(sentence.hasPrefix("step 2 of epoch 1, shard "), "\(sentence)")
            #expect(sentence.contains(", worker worker-0: dense: the loss is "), "\(sentence)")
            // What was committed before stays; the step that failed is not.
            #expect(run.events.steps.count == 1)
            #expect(run.failures.all == [])
        }
    }

    @Test(arguments: ["ship", "local"])
    func anImageThatDoesNotDecodeIsNamed(data: String) throws {
        let folder = try TemporaryFolder()
        for name in ["cat", "dog"] {
            for number in 0..<8 {
                let image = CannedImages.all[number % 2]
                try folder.write("images/train/\(name)/\(number).img", image)
            }
        }
        // Whole as far as its header goes.
        // Its headers are sound.
        var damaged = Data(CannedImages.all[1])
        damaged[damaged.count / 2] ^= 1
        let broken = try folder.write("images/train/dog/5.png", damaged)
        try FileManager.default.removeItem(atPath: folder.path + "/images/train/dog/5.img")
        for name in ["cat", "dog"] {
            for number in 0..<8 {
                let old = "\(folder.path)/images/train/\(name)/\(number).img"
                let new = old.replacingOccurrences(
                    of: ".img", with: number % 2 == 0 ? ".jpg" : ".png")
                if FileManager.default.fileExists(atPath: old) {
                    try FileManager.default.moveItem(atPath: old, toPath: new)
                }
            }
        }
        let job = try Job.parse(
            yaml: """
                dataset: {format: folder, path: "\(folder.path)/images/train", target_size: [12, 16], validation: none}
                model:
                  - Flatten
                  - Dense: {units: 2}
                training: {epochs: 1, batch_size: 16, shard_size: 4, optimizer: sgd}
                cluster: {data: \(data), heartbeat_seconds: 0.1}
                """, overrides: [], file: "test.yaml")
        let run = try LocalRun(workers: 2, folder: folder)
        let error = runtimeError { try run.run(job) }
        let sentence = error?.detail ?? ""
        #expect(sentence.hasPrefix("step 1 of epoch 1, shard "), "\(sentence)")
        #expect(sentence.contains(": dataset.corrupt: \(broken): "), "\(sentence)")
        #expect(run.events.steps.isEmpty && run.events.checkpoints.isEmpty)
    }
}
