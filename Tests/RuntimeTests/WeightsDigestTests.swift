// SPDX-License-Identifier: Apache-2.0

import Digests
import Foundation
import Runtime
import Testing
import Wire
import ZeroMQ

/// A worker compares the weights that it has got, all chunks of a version together, with the digest that
/// comes with the last one.
@Suite(.serialized) struct WeightsDigestTests {
    enum Damage: CaseIterable { case none, digest, checksum }

    @Test(arguments: Damage.allCases)
    func aWorkerWithOtherWeightsSaysHelloAgain(_ damage: Damage) throws {
        let folder = try TemporaryFolder()
        try TinyCIFAR.write(folder, "data", seed: 1)
        let run = try Run.open(
            job: TinyCIFAR.job(folder.path + "/data", ["cluster.heartbeat_seconds=0.1"]),
            folder: RunFolder(folder.path + "/run"))
        let floats = ChunkPlan(layout: run.model.parameters).chunks.map(\.range.count)
        let router = try Router(Context(), options: .control)
        let endpoint = try router.bind("ipc://\(folder.path)/socket")
        let failures = Failures()
        let worker = thread {
            do {
                let options = WorkerOptions(
                    endpoint: endpoint, name: "new", patience: .seconds(20))
                failures.add(
                    try Worker(options: options, stop: StopSignal(), logger: .quiet).work())
            } catch { failures.add("\(error)") }
        }
        var hellos = 0
        while !worker.isFinished {
            while let received = try router.receive() {
                let message = try received.header.withBytes { bytes throws(WireError) in
                    try Message.decode(header: bytes, payload: nil, limits: .control)
                }
                switch message {
                case .hello:
                    hellos += 1
                    guard hellos == 1 else {
                        try router.send(.refused(reason: "that is all"), to: received.peer)
                        continue
                    }
                    try router.send(
                        .welcome(
                            .init(
                                worker: 1, session: 7, run: "x", incarnation: 1,
                                job: run.job.resolvedYAML, localData: false,
                                fingerprint: Array(repeating: 0, count: 32))), to: received.peer)
                case .attach:
                    var checksums: [UInt64] = []
                    for (chunk, count) in floats.enumerated() {
                        let weights = [Float](repeating: 0.5, count: count)
                        try weights.withUnsafeBytes { bytes in
                            checksums.append(checksum64(bytes))
                            var digest: UInt64?
                            if chunk == floats.count - 1 {
                                digest = checksums.withUnsafeBytes { checksum64($0) }
                                if damage == .digest { digest? ^= 1 }
                            }
                            let isDamaged = damage == .checksum && digest != nil
                            try router.send(
                                .weights(
                                    .init(
                                        session: 7, version: 0, chunk: chunk,
                                        checksum: checksums[chunk] ^ (isDamaged ? 1 : 0),
                                        digest: digest)), bytes, to: received.peer)
                        }
                    }
                case .heartbeat:
                    // It has had time to look at them.
                    try router.send(.shutdown(reason: "that is all"), to: received.peer)
                default: break
                }
            }
            usleep(1000)
        }
        #expect(hellos == (damage == .none ? 1 : 2))
        #expect(failures.all == [damage == .none ? "that is all" : "refused: that is all"])
    }
}

extension Router {
    fileprivate func send(
        _ message: Message, _ payload: UnsafeRawBufferPointer? = nil, to peer: RoutingID
    ) throws {
        var header = HeaderBuffer()
        message.encode(into: &header)
        _ = try send(to: peer, header: header.bytes, payload: payload.map { .copied($0) })
    }
}
