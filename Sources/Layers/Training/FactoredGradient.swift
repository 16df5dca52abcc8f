// SPDX-License-Identifier: Apache-2.0
//
// The gradient of a dense layer is a product of two small matrices: what is worth sending in its place.

import Tensors

/// How the gradient of one layer over a shard is made from its factors: what went into the layer, and the
/// gradient of what came out. Who multiplies them has the same bits as who computed the shard.
///
/// Of a layer with `n` inputs and `m` outputs a shard of `s` images has `s * (n + m)` numbers as factors,
/// and `n * m` as a gradient.
///
/// - Source: Xie et al. (2016), "Lighter-Communication Distributed Machine Learning via Sufficient Factor
///   Broadcasting".
public struct FactoredGradient: Sendable {
    private let geometry: ConvGeometry
    private let blockSize: Int
    private let kernel: Range<Int>
    private let bias: Range<Int>
    /// Blocks of 16 outputs that are summed up together: then a piece of a large layer stays in the cache.
    private static let outputsOfPiece = 2

    /// Nil unless the stage forms a shard's gradient at once.
    init?(_ stage: any Stage, blockSize: Int) {
        guard let stage = stage as? ConvolutionStage, stage.geometry.algorithm == .direct,
            stage.geometry.sumsAtOnce
        else { return nil }
        geometry = stage.geometry
        kernel = stage.kernel
        bias = stage.bias
        self.blockSize = blockSize
    }

    /// Where the layer's parameters lie in the flat buffer.
    public var parameters: Range<Int> { kernel.lowerBound..<bias.upperBound }

    /// Floats of the factors: the gradient of the bias, and then for each block the inputs and the gradients
    /// of the outputs.
    ///
    /// - Parameter samples: Of the shard.
    public func count(samples: Int) -> Int {
        bias.count + (samples + blockSize - 1) / blockSize * geometry.rowsCount
    }

    /// The most images that a shard has, and the most floats of its factors.
    public var mostSamples: Int { geometry.blocksPerShard * blockSize }
    public var count: Int { bias.count + geometry.accumulatorCount }

    /// Parts of the gradient that are made apart.
    public var pieces: Int { kernelPieces + (bias.isEmpty ? 0 : 1) }
    private var kernelPieces: Int {
        let blocks = geometry.outputChannels / 16
        return (blocks + Self.outputsOfPiece - 1) / Self.outputsOfPiece
    }

    private func outputs(ofPiece piece: Int) -> Range<Int> {
        let first = piece * Self.outputsOfPiece
        return first..<min(first + Self.outputsOfPiece, geometry.outputChannels / 16)
    }

    /// Where a piece lies in the flat buffer. Pieces follow each other.
    public func range(ofPiece piece: Int) -> Range<Int> {
        guard piece < kernelPieces else { return bias }
        let outputs = outputs(ofPiece: piece)
        let start = kernel.lowerBound + geometry.weightCount(of: 0..<outputs.lowerBound)
        return start..<start + geometry.weightCount(of: outputs)
    }

    /// The longest of them.
    public var longestPiece: Int {
        (0..<pieces).map { range(ofPiece: $0).count }.max() ?? 0
    }

    /// Makes a piece of a shard's gradient.
    ///
    /// - Parameters:
    ///   - factors: `count(samples:)` floats.
    ///   - samples: Of the shard.
    ///   - gradient: Overwritten; as many floats as the piece has.
    public func makePiece(
        _ piece: Int, of factors: Floats, samples: Int, _ kernels: KernelSet,
        into gradient: MutableFloats
    ) {
        precondition(
            factors.count == count(samples: samples),
            "FactoredGradient: \(factors.count) floats for \(samples) samples, expected "
                + "\(count(samples: samples))")
        guard piece < kernelPieces else {
            _ = gradient.update(fromContentsOf: factors[..<bias.count])
            return
        }
        kernels.convFinish(
            geometry, Floats(rebasing: factors[bias.count...]),
            blocks: (samples + blockSize - 1) / blockSize, outputs: outputs(ofPiece: piece),
            into: gradient)
    }

    /// Writes the factors of a shard over the front of the layer's part of its gradient, which is not needed
    /// then.
    ///
    /// - Returns: What was written.
    func write(_ rows: MutableFloats, blocks: Int, over gradient: MutableFloats) -> MutableFloats {
        let part = gradient.slice(parameters)
        let bias = gradient.slice(self.bias), rows = rows[..<(blocks * geometry.rowsCount)]
        _ = part[..<bias.count].update(fromContentsOf: bias)
        let end = part[bias.count...].update(fromContentsOf: rows)
        return part.slice(0..<end)
    }
}

extension Model {
    /// - Returns: Nil where a stage's gradient is no such product.
    public func factoredGradient(ofStage stage: Int) -> FactoredGradient? {
        FactoredGradient(stages[stage], blockSize: blockSize)
    }
}
