// SPDX-License-Identifier: Apache-2.0
//
// From the vectors of a step to new weights, on as many cores as there are.

import Coordination
import Layers
import Tensors

/// The coordinator's threads: they sum up chunks and step the optimizer on them.
///
/// A chunk is done by one thread, piece by piece, so that nothing leaves its cache between the first vector and the
/// new weights. The caller is one of the threads; the others are started when there is something for them.
package final class ChunkCrew: @unchecked Sendable {
    // All that changes is touched with `monitor` locked, but for each thread's scratch. What is to be done does not
    // change before it is done.
    private let shelf: WeightShelf
    private let kernels: KernelSet
    let threads: Int
    private let monitor = Monitor()
    private let isDone = Condition()

    private var board: ReductionBoard?
    private var step = UpdateRule.Step(1, samples: 1)
    private var chunks: [Int] = []
    private var next = 0
    private var seals: [(chunk: Int, seal: WeightShelf.Seal?)] = []
    private var isClosed = false
    private var helpers: [PlainThread] = []
    private var scratch: Scratch

    /// Of the pieces, in floats: a vector of each level of the tree, weights old and new, and what the optimizer keeps
    /// of them are in a core's cache together.
    private static let piece = 1 << 15

    /// What one thread adds up in.
    private struct Scratch {
        var sums = AlignedBuffer<Float>(count: 0)
        let penalties: AlignedBuffer<Float>

        init(_ shelf: WeightShelf) {
            penalties = AlignedBuffer(count: shelf.needsScratch ? ChunkCrew.piece : 0)
        }
    }

    package init(_ shelf: WeightShelf, _ kernels: KernelSet, threads: Int) {
        self.shelf = shelf
        self.kernels = kernels
        self.threads = threads
        scratch = Scratch(shelf)
        chunks.reserveCapacity(shelf.plan.chunks.count)
        seals.reserveCapacity(shelf.plan.chunks.count)
    }

    deinit { precondition(helpers.isEmpty, "ChunkCrew: not dismissed") }

    /// Steps chunks whose vectors are all there.
    ///
    /// - Returns: The chunks, each as it has been sealed, in any order; good until the next call.
    package func perform<Chunks: Collection<Int>>(
        _ chunks: Chunks, of board: ReductionBoard, _ step: UpdateRule.Step
    ) -> [(chunk: Int, seal: WeightShelf.Seal?)] {
        shelf.begin(step)
        monitor.lock()
        self.board = board
        self.step = step
        self.chunks.removeAll(keepingCapacity: true)
        self.chunks.append(contentsOf: chunks)
        seals.removeAll(keepingCapacity: true)
        next = 0
        if self.chunks.count > 1 {
            startHelpers()
            monitor.broadcast()
        }
        work(&scratch)
        while seals.count < self.chunks.count { monitor.wait(for: isDone) }
        monitor.unlock()
        return seals
    }

    private func startHelpers() {
        while helpers.count < threads - 1 {
            helpers.append(
                PlainThread("convoy-step\(helpers.count + 1)") { [self] in
                    takeShortTurns()
                    var scratch = Scratch(shelf)
                    monitor.lock()
                    while !isClosed {
                        work(&scratch)
                        monitor.wait()
                    }
                    monitor.unlock()
                })
        }
    }

    /// Called with the lock; returns with it, when there is no chunk left to take.
    private func work(_ scratch: inout Scratch) {
        while next < chunks.count {
            let chunk = chunks[next]
            next += 1
            monitor.unlock()
            let seal = make(chunk, &scratch)
            monitor.lock()
            seals.append((chunk, seal))
            if seals.count == chunks.count { isDone.broadcast() }
        }
    }

    private func make(_ chunk: Int, _ scratch: inout Scratch) -> WeightShelf.Seal? {
        guard let board else { return nil }
        let room = board.scratch(forParts: Self.piece)
        if scratch.sums.count < room { scratch.sums = AlignedBuffer(count: room) }
        let range = shelf.plan.chunks[chunk].range
        for start in stride(from: 0, to: range.count, by: Self.piece) {
            let part = start..<min(start + Self.piece, range.count)
            let sum = board.sum(part, ofChunk: chunk, scratch: scratch.sums.elements, kernels)
            shelf.take(
                range.lowerBound + part.lowerBound..<range.lowerBound + part.upperBound,
                ofChunk: chunk, gradient: sum, step, scratch: scratch.penalties.elements)
        }
        return shelf.seal(chunk)
    }

    /// Lets the threads end, and waits until they have.
    package func dismiss() {
        monitor.withLock {
            isClosed = true
            monitor.broadcast()
        }
        for helper in helpers { helper.join() }
        helpers.removeAll()
    }
}
