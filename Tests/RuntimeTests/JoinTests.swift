// SPDX-License-Identifier: Apache-2.0

import Foundation
import Runtime
import Testing
import Wire

/// Workers that come in the middle of a step.
@Suite(.serialized) struct JoinTests {
    /// Chunks are stepped one by one as their sums are complete. Whoever takes over the rest of the step
    /// needs the weights from before it, of all chunks.
    @Test func aWorkerTakesOverAStepOfWhichAChunkIsDone() throws {
        try TinyRun.withData { folder, path in
            // Two chunks: the convolution, and a dense layer of 576 KB.
            let job = try TinyCIFAR.job(path, ["model.1.Conv2D.strides=1"])
            let model = try Run.open(job: job, folder: RunFolder(folder.path + "/probe")).model
            let chunks = ChunkPlan(layout: model.parameters).chunks
            #expect(chunks.count == 2)
            let proof = try FakeWorker.proof(of: job, in: folder)
            let run = try LocalRun(workers: 0, folder: folder)
            let error = runtimeError {
                try run.lead(
                    job,
                    alone: { endpoint in
                        try Self.deliver(
                            1, floats: chunks[1].range.count, by: .joining(endpoint, proof: proof))
                        try LocalRun.work("heir", at: endpoint)
                    })
            }
            #expect(error == nil)
            #expect(run.failures.all == [])
            #expect(run.events.lost == ["fake"] && run.events.joined == 2)
        }
    }

    /// One chunk of the first step, of which the only worker has all shards; leaves when it has been stepped.
    private static func deliver(
        _ chunk: Int, floats: Int, by worker: consuming FakeWorker
    ) throws {
        try worker.answerWithZeros(try worker.lease(), chunk: chunk, floats: floats)
        while true {
            guard case .weights(let weights) = try worker.next() else { continue }
            if weights.chunk == chunk, weights.version == 1 { break }
        }
        try worker.leave()
    }
}
