// SPDX-License-Identifier: Apache-2.0
//
// How the matrix that whitens images travels to a worker: once, in parts, before there is work.

import Datasets
import Digests
import Jobs
import Tensors

/// The parts of the matrix, each a message of weights of a version that no step has.
enum WhiteningParts {
    static let version = WeightVersions.never

    static func ranges(_ count: Int) -> [Range<Int>] {
        stride(from: 0, to: count, by: ChunkPlan.maximumFloats).map {
            $0..<min($0 + ChunkPlan.maximumFloats, count)
        }
    }
}

/// A worker's matrix, as it arrives.
struct ArrivingWhitening {
    private let matrix: AlignedBuffer<Float>
    private let ranges: [Range<Int>]
    private var missing: Set<Int>

    /// - Returns: nil if the model has no use for one.
    init?(_ model: WorkerModel) {
        guard model.model.whiteningCount > 0 else { return nil }
        matrix = AlignedBuffer(count: model.model.whiteningCount)
        ranges = WhiteningParts.ranges(matrix.count)
        missing = Set(ranges.indices)
    }

    /// Takes a part; with the last one prepares the whole.
    ///
    /// - Returns: Whether it is the last; nil if it is not what was sent.
    mutating func add(
        _ part: Int, _ bytes: UnsafeRawBufferPointer, checksum: UInt64, to model: WorkerModel
    ) -> Bool? {
        guard ranges.indices.contains(part), bytes.count == ranges[part].count * 4 else {
            return nil
        }
        let copy = UnsafeMutableRawBufferPointer(matrix[ranges[part]])
        copy.copyMemory(from: bytes)
        guard checksum64(UnsafeRawBufferPointer(copy)) == checksum else { return nil }
        missing.remove(part)
        guard missing.isEmpty else { return false }
        guard sha256(UnsafeRawBufferPointer(matrix.elements)) == model.job.resolution?.whitening
        else { return nil }
        model.prepared.prepareWhitening(from: Floats(matrix.elements))
        return true
    }
}
