// SPDX-License-Identifier: Apache-2.0

import Foundation
import Runtime
import Testing
import Wire

/// Workers that are lost in part.
@Suite(.serialized) struct LossTests {
    /// A worker whose leases cannot reach it is told to say hello again; a run with no other would stand still.
    @Test func aWorkerWhoseDataConnectionBreaksIsLost() throws {
        try TinyRun.withData { folder, path in
            let job = try TinyCIFAR.job(path)
            let proof = try FakeWorker.proof(of: job, in: folder)
            let run = try LocalRun(workers: 0, folder: folder)
            let failures = run.failures
            let error = runtimeError {
                try run.lead(
                    job,
                    alone: { endpoint in
                        var worker = try FakeWorker.joining(endpoint, proof: proof)
                        _ = try worker.lease()
                        try worker.reconnect()
                        while true {
                            guard case .goodbye(let reason) = try worker.next() else { continue }
                            failures.add(reason)
                            return
                        }
                    })
            }
            #expect(error?.code == .noWorkers)
            #expect(run.failures.all == ["your data connection is lost"])
            #expect(run.events.lost == ["fake"])
        }
    }

    /// Weights of a step that is over may have been written over while somebody computed with them.
    @Test func aFailureInAStepThatIsOverMeansNothing() throws {
        try TinyRun.withData { folder, path in
            let job = try TinyCIFAR.job(path)
            let proof = try FakeWorker.proof(of: job, in: folder)
            let run = try LocalRun(workers: 0, folder: folder)
            let error = runtimeError {
                try run.lead(
                    job,
                    alone: { endpoint in
                        var worker = try FakeWorker.joining(endpoint, proof: proof)
                        try worker.fail(step: try worker.lease().step + 7)
                        try worker.leave()
                        try LocalRun.work("heir", at: endpoint)
                    })
            }
            #expect(error == nil)
            #expect(run.failures.all == [])
            #expect(run.events.lost == ["fake"])
        }
    }
}
