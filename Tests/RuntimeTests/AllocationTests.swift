// SPDX-License-Identifier: Apache-2.0

import CAllocations
import Jobs
import Testing

/// Without optimization the compiler puts boxes of its own on the heap, so these hold in release builds.
@Suite(
    .serialized, .enabled(if: allocations_are_counted() && !_isDebugAssertConfiguration()))
struct AllocationTests {
    /// A job with some 400 steps, and the chunks that its parameters are cut into.
    struct Subject: CustomTestStringConvertible {
        let chunks: Int
        /// Of a layer whose gradient travels as its factors.
        var factoredChunks = 0
        let layers: String
        var testDescription: String { "\(chunks) chunks" }

        func job() throws -> Job {
            try Job.parse(
                yaml: """
                    dataset: {format: shapes, augmentation: {horizontal_flip: true}}
                    model:
                      - Rescaling: {scale: 1/255}
                    \(layers)
                      - Dense: {units: 10}
                    training: {epochs: 1, batch_size: 28, shard_size: 7, optimizer: adam}
                    # Their messages would be as many as the machine is slow.
                    cluster: {heartbeat_seconds: 60}
                    """, file: "test.yaml")
        }

        static let all = [
            Subject(
                chunks: 1,
                layers: """
                      - Conv2D: {filters: 16, kernel_size: 3, activation: relu}
                      - MaxPooling2D
                      - Conv2D: {filters: 16, kernel_size: 3, activation: relu}
                      - MaxPooling2D
                      - Flatten
                      - Dropout: {rate: 0.3}
                    """),
            Subject(
                chunks: 7, factoredChunks: 3,
                layers: """
                      - Conv2D: {filters: 16, kernel_size: 5, strides: 3, activation: relu}
                      - Flatten
                      - Dense: {units: 64, activation: relu}
                      - Dense: {units: 1024, activation: relu}
                      - Dense: {units: 512, activation: relu}
                    """),
        ]
    }

    @Test(arguments: Subject.all, [(1, 1, false), (1, 2, true), (2, 1, true), (2, 2, false)])
    func computeThreadsAllocateNothing(_ subject: Subject, _ crew: (Int, Int, Bool)) throws {
        let counted = try StepAllocations(
            workers: crew.0, threads: crew.1, isRemote: crew.2, job: subject.job())
        #expect(counted.compute == Array(repeating: 0, count: crew.0 * crew.1))
        // Far fewer than there are steps.
        #expect(counted.data.allSatisfy { $0 < 20 }, "\(counted.data)")
    }

    /// Whoever wants a timeline pays for it on the threads that own sockets.
    @Test(arguments: Subject.all)
    func computeThreadsAllocateNothingWhenTheyAreDrawn(_ subject: Subject) throws {
        let counted = try StepAllocations(
            workers: 1, threads: 2, isRemote: true, isDrawn: true, job: subject.job())
        #expect(counted.compute == [0, 0])
        #expect(counted.spans > 4 * 2 * StepAllocations.steps)
    }

    /// Of each message that comes, protobuf-c takes two blocks: envelope and body. Of each that goes,
    /// libzmq takes one for a header of more than 33 bytes, and one for a payload that is lent. Swift takes
    /// none, for messages or steps.
    ///
    /// A step with one worker is, at the coordinator: a contribution a chunk comes; a lease (long header)
    /// and weights a chunk go (lent, or with a place and so a long header), the last with a digest (long
    /// header). Through sockets the samples go too (lent), and a contribution is lent beside its long
    /// header; with a place its header may be of either length.
    ///
    /// A layer that travels as factors has no contributions: those of four shards come. Through sockets they are
    /// lent beside long headers, and instead of weights one renewal goes, in whose list each side makes an array.
    @Test(arguments: Subject.all, [(1, false), (2, false), (1, true)])
    func socketThreadsAllocateForMessagesOnly(
        _ subject: Subject, _ worker: (threads: Int, isRemote: Bool)
    ) throws {
        let counted = try StepAllocations(
            workers: 1, threads: worker.threads, isRemote: worker.isRemote, job: subject.job())
        let isFactored = subject.factoredChunks > 0, isRenewed = worker.isRemote && isFactored
        let sums = subject.chunks - subject.factoredChunks + (isFactored ? 4 : 0)
        let weights = subject.chunks - (isRenewed ? subject.factoredChunks : 0)
        let steps = StepAllocations.steps
        let coordinator =
            2 * sums + (worker.isRemote ? 1 + 1 + weights + 1 : 1 + weights)
            + (isRenewed ? 1 + 1 : 0)
        let received =
            worker.isRemote ? 2 * (1 + 1 + weights) + (isRenewed ? 3 + 1 : 0) : 2 * (1 + weights)
        let sent = worker.isRemote ? 2 * sums...2 * sums : 0...sums
        // libzmq's queues grow by 256 messages at a time, and a step may straddle either end.
        let slack = steps / 5
        #expect(abs(counted.coordinator - steps * coordinator) <= slack)
        #expect(counted.sockets.count == 1)
        for count in counted.sockets {
            #expect(count >= steps * (received + sent.lowerBound) - slack)
            #expect(count <= steps * (received + sent.upperBound) + slack)
        }
    }
}
