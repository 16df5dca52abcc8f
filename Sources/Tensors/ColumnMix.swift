// SPDX-License-Identifier: Apache-2.0

/// Which two columns of an image each pixel of a row is mixed of, for images of one width.
public struct ColumnMix: Sendable {
    /// Of a pixel, 1 to 4.
    public let channels: Int
    /// Of the image that is mixed.
    public let inputs: Int
    /// For each pixel where the elements of its two columns begin.
    package private(set) var places: [(before: Int32, after: Int32)] = []
    /// For each pixel the weight of the second column, in 4096ths, once a channel; a fourth one for three, so
    /// that a pixel is a vector's quarter.
    package private(set) var weights: [UInt32] = []

    /// - Parameters:
    ///   - outputs: The pixels of a row.
    ///   - inputs: The pixels of a row of the image.
    public init(outputs: Int, inputs: Int, channels: Int) {
        precondition(
            inputs > 0 && 1...4 ~= channels, "ColumnMix: \(inputs) pixels of \(channels) channels")
        self.channels = channels
        self.inputs = inputs
        places.reserveCapacity(outputs)
        weights.reserveCapacity(4 * outputs)
    }

    public var outputs: Int { places.count }

    /// The next pixel.
    ///
    /// - Parameter weight: Of the second column, in 4096ths.
    public mutating func append(before: Int, after: Int, weight: UInt32) {
        precondition(
            0..<inputs ~= before && 0..<inputs ~= after && weight <= 4096,
            "ColumnMix: columns \(before) and \(after) of \(inputs), weight \(weight)")
        places.append((Int32(before * channels), Int32(after * channels)))
        for _ in 0..<4 { weights.append(weight) }
    }

    /// Elements of a row of the image, and some that are read and do not count.
    public var inputCount: Int { inputs * channels + 4 }
}
