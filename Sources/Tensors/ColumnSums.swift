// SPDX-License-Identifier: Apache-2.0

/// Which columns of an image each pixel of a row is the weighted sum of, for images of one width.
///
/// Weights are whole numbers of 2^-shift, and a pixel's are 2^23 in all at most. In double precision sums of
/// whole numbers and a half below 2^52 are exact, so that neither their order nor a fused operation changes
/// a bit.
public struct ColumnSums: Sendable {
    /// Of a pixel: 1, 3 or 4.
    public let channels: Int
    /// Of the image that is summed.
    public let inputs: Int
    /// Weights of a pixel, some of which may be zero. For one channel a multiple of four.
    package let taps: Int
    /// What a weight of one is a power of two of.
    package let shift: Int
    /// For each pixel where the elements of its first column begin.
    package private(set) var places: [Int32] = []
    /// `[outputs, taps]`
    package private(set) var weights: [Double] = []

    /// - Parameters:
    ///   - outputs: The pixels of a row.
    ///   - inputs: The pixels of a row of the image.
    ///   - most: The most weights that a pixel will have.
    ///   - shift: 1 to 32.
    public init(outputs: Int, inputs: Int, channels: Int, most: Int, shift: Int) {
        precondition(
            inputs > 0 && most >= 0 && 1...32 ~= shift && [1, 3, 4].contains(channels),
            "ColumnSums: \(most) of \(inputs) pixels of \(channels) channels, shift \(shift)")
        self.channels = channels
        self.inputs = inputs
        self.shift = shift
        taps = channels == 1 ? (most + 3) / 4 * 4 : most
        places.reserveCapacity(outputs)
        weights.reserveCapacity(outputs * taps)
    }

    public var outputs: Int { places.count }

    /// The next pixel: of the columns from `first` on with these weights.
    public mutating func append(first: Int, weights: ArraySlice<Int32>) {
        var size: UInt64 = 0
        for weight in weights { size += UInt64(weight.magnitude) }
        precondition(
            0...inputs ~= first && first + weights.count <= inputs && weights.count <= taps
                && size < 1 << 23,
            "ColumnSums: \(weights.count) weights, \(size) in all, from column \(first) of \(inputs)"
        )
        places.append(Int32(first * channels))
        for weight in weights { self.weights.append(Double(weight)) }
        for _ in weights.count..<taps { self.weights.append(0) }
    }

    /// Elements of a row of the image, and some that are read and do not count.
    public var inputCount: Int { (inputs + taps) * channels + 4 }
}
