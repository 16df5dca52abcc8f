// SPDX-License-Identifier: Apache-2.0
//
// What a worker and its coordinator leave in memory for each other, and the proof of what has come.

import Wire

/// One session's weights as they arrive, and the gradients that are lent until those prove that they were read.
struct CoordinatorMemory {
    /// The coordinator's memory; nil if it is elsewhere.
    let view: SharedView?
    /// Gradients that the coordinator reads where they lie.
    private var lent: [WorkQueue.Outgoing] = []
    /// Of the chunks of even and of odd versions as they arrived, for the digest of a version.
    private var checksums: [[UInt64]]

    /// - Parameter chunks: Of the weights.
    init(view: SharedView?, chunks: Int) {
        self.view = view
        checksums = Array(repeating: Array(repeating: 0, count: chunks), count: 2)
        lent.reserveCapacity(256)
    }

    /// Where a chunk's floats are.
    ///
    /// - Parameters:
    ///   - range: The floats of the chunk, of `count` in all.
    ///   - payload: What came with the message.
    /// - Returns: Nil if it is not as large as that.
    func source(
        of weights: Message.Weights, _ range: Range<Int>, of count: Int,
        _ payload: UnsafeRawBufferPointer
    ) -> WorkQueue.WeightSource? {
        guard let place = weights.place else {
            guard payload.count == 4 * range.count else { return nil }
            return .message(payload, checksum: weights.checksum)
        }
        let start = place - 4 * range.lowerBound
        guard start % MemoryLayout<Float>.alignment == 0,
            let bytes = view?.bytes(at: start, count: 4 * count)
        else { return nil }
        return .memory(bytes.bindMemory(to: Float.self), place: start)
    }

    /// A gradient waits to be read.
    mutating func lend(_ item: WorkQueue.Outgoing) { lent.append(item) }

    /// A chunk is in its place. It was stepped, so its gradients have been read.
    ///
    /// - Returns: Whether a version that is complete with it is what was sent.
    mutating func received(_ weights: Message.Weights) -> Bool {
        let parity = Int(weights.version & 1)
        checksums[parity][weights.chunk] = weights.checksum
        lent.removeAll { item in
            guard item.chunk == weights.chunk, item.version < weights.version else { return false }
            item.gradient?.release()
            return true
        }
        return weights.digest.map { $0 == WeightShelf.digest(of: checksums[parity]) } ?? true
    }
}
