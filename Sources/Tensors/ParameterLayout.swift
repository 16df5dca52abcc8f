// SPDX-License-Identifier: Apache-2.0
//
// Where each parameter of a model lies in the one flat buffer of them all.

/// Names, shapes and places of a model's parameters, in the order of its layers.
///
/// Weights, gradients and optimizer state are twins of this layout, so that a bucket is a contiguous
/// range, the optimizer one loop and a checkpoint one write.
public struct ParameterLayout: Hashable, Sendable {
    /// One parameter tensor as stored: padded to 16s.
    public struct Entry: Hashable, Sendable {
        /// As in Keras: `conv2d/kernel`, `dense_1/bias`.
        public let name: String
        /// The shape that users know, unpadded, HWIO for kernels.
        public let shape: Shape
        /// Floats in the flat buffer.
        public let range: Range<Int>
        /// Index of the layer that owns it.
        public let layer: Int
        public let renewal: Renewal
        /// What its size adds to the loss.
        public let penalty: Penalty
        /// How long its columns may be after a step; nil for any length.
        public let limit: Limit?

        public init(
            name: String, shape: Shape, range: Range<Int>, layer: Int, renewal: Renewal = .trained,
            penalty: Penalty = Penalty(), limit: Limit? = nil
        ) {
            self.name = name
            self.shape = shape
            self.range = range
            self.layer = layer
            self.renewal = renewal
            self.penalty = penalty
            self.limit = limit
        }
    }

    /// Of a kernel, `[columns / 16][rows][16]`: a column is what one output reads by.
    public struct Limit: Hashable, Sendable {
        public let norm: Double
        public let rows: Int
        public init(norm: Double, rows: Int) {
            self.norm = norm
            self.rows = rows
        }
    }

    /// What a step makes of a parameter and of the sum that stands in its place in the gradient.
    public enum Renewal: Hashable, Sendable {
        /// The optimizer follows the gradient.
        case trained
        /// The sum is that of a measured statistic, each block's times its samples. The parameter moves
        /// to the step's mean by 1 - momentum of the way.
        case averaged(momentum: Double)
        /// It stays as it is.
        case frozen
    }

    /// Of weights w: `l1` times the sum of |w| and `l2` times the sum of w^2.
    public struct Penalty: Hashable, Sendable {
        public var l1: Double, l2: Double
        public init(l1: Double = 0, l2: Double = 0) {
            self.l1 = l1
            self.l2 = l2
        }
        public var isNone: Bool { l1 == 0 && l2 == 0 }
    }

    /// A run of whole layers: what can travel once their backward passes are done.
    public struct Bucket: Hashable, Sendable {
        public let layers: ClosedRange<Int>
        public let range: Range<Int>
    }

    public let entries: [Entry]
    /// Those that do not just follow their gradient, in the order of the buffer.
    public let exceptions: [Entry]
    /// Floats in the flat buffer.
    public var count: Int { entries.last?.range.upperBound ?? 0 }

    /// - Precondition: The entries lie end to end in ascending order, each starting at a multiple of 16.
    public init(entries: [Entry]) {
        var end = 0
        for entry in entries {
            precondition(
                entry.range.lowerBound == end && end % 16 == 0,
                "ParameterLayout: \(entry.name) starts at \(entry.range.lowerBound), expected \(end)"
            )
            end = entry.range.upperBound
        }
        self.entries = entries
        exceptions = entries.filter { $0.renewal != .trained || !$0.penalty.isNone }
    }

    /// Whether the size of any parameter adds to the loss.
    public var hasPenalties: Bool { exceptions.contains { !$0.penalty.isNone } }

    /// Whether the columns of any parameter are kept short.
    public var hasLimits: Bool { entries.contains { $0.limit != nil } }

    /// Parameters that users count: without padding.
    public var parameterCount: Int { entries.reduce(0) { $0 + $1.shape.count } }
    /// Of those the ones that an optimizer trains.
    public var trainedCount: Int {
        entries.reduce(0) { $0 + ($1.renewal == .trained ? $1.shape.count : 0) }
    }

    /// Whole layers from the last to the first, closed at `bytes` or more, and before a layer that has four times
    /// as much: that is a bucket of its own. The result is in the order of the buffer, front layers first. The
    /// last bucket to close takes what is left.
    public func buckets(of bytes: Int = 256 << 10) -> [Bucket] {
        var buckets: [Bucket] = []
        var upper = entries.count
        while upper > 0 {
            var lower = upper
            repeat {
                let start = startOfLayer(before: lower)
                if lower < upper, floats(start..<lower).count >= bytes { break }
                lower = start
            } while lower > 0 && floats(lower..<upper).count * 4 < bytes
            buckets.append(
                Bucket(
                    layers: entries[lower].layer...entries[upper - 1].layer,
                    range: floats(lower..<upper)))
            upper = lower
        }
        return buckets.reversed()
    }

    /// Of the entries that belong to the same layer as the last one before `end`.
    private func startOfLayer(before end: Int) -> Int {
        let layer = entries[end - 1].layer
        return entries[..<end].lastIndex { $0.layer != layer }.map { $0 + 1 } ?? 0
    }

    private func floats(_ run: Range<Int>) -> Range<Int> {
        entries[run.lowerBound].range.lowerBound..<entries[run.upperBound - 1].range.upperBound
    }
}
