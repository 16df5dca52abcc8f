// SPDX-License-Identifier: Apache-2.0
//
// Convolution, activation and pool by their definitions, in double precision: the oracle of tests.

import Tensors

/// A convolution in the engine's layouts, `[y][x][image][channel]` and `[oc / 16][ky][kx][ic][16]`,
/// with the gradients of input, weights and bias for a given gradient of its output.
public struct ReferenceConvolution {
    public let geometry: ConvGeometry
    private let input: [Double], weights: [Double]
    /// Before activation and pool.
    public private(set) var sums: [Double]

    public init(_ geometry: ConvGeometry, input: [Double], weights: [Double], bias: [Double]) {
        self.geometry = geometry
        self.input = input
        self.weights = weights
        let g = geometry
        sums = (0..<g.convHeight * g.convWidth * g.images * g.outputChannels).map {
            bias[$0 % g.outputChannels]
        }
        for tap in g.taps { sums[tap.output] += input[tap.input] * weights[tap.weight] }
    }

    /// After activation and, if the geometry has one, the 2x2 pool.
    public var output: [Double] {
        let active = sums.map { geometry.activation.value(at: $0) }
        return geometry.pooled ? geometry.pool.forward(active).output : active
    }

    /// The gradient of `sums`, from that of `output`: through the pool, then through ReLU.
    public func sumGradient(_ outputGradient: [Double]) -> [Double] {
        let active = sums.map { geometry.activation.value(at: $0) }
        var gradient = outputGradient
        if geometry.pooled {
            gradient = geometry.pool.backward(
                outputGradient, argmax: geometry.pool.forward(active).argmax)
        }
        return zip(gradient, sums).map { $0 * geometry.activation.slope(at: $1) }
    }

    /// The gradient of `sums` where the output and argmax of kernels let it through: a rounding may have
    /// tipped what ReLU and the pool choose.
    public func sumGradient(
        _ outputGradient: [Double], output: Floats, argmax: Bytes
    ) -> [Double] {
        let g = geometry, inner = g.images * g.outputChannels
        guard g.pooled else {
            return zip(outputGradient, output).map { $0 * g.activation.slope(at: Double($1)) }
        }
        var gradient = [Double](repeating: 0, count: sums.count)
        for i in outputGradient.indices where argmax[i] < 4 {
            let choice = Int(argmax[i]), pixel = i / inner
            let y = pixel / g.outputWidth * 2 + choice / 2,
                x = pixel % g.outputWidth * 2 + choice % 2
            gradient[(y * g.convWidth + x) * inner + i % inner] = outputGradient[i]
        }
        return gradient
    }

    /// - Parameter sumGradient: The gradient of `sums`.
    public func gradients(
        _ sumGradient: [Double]
    ) -> (input: [Double], weights: [Double], bias: [Double]) {
        let g = geometry
        var result = (
            input: [Double](repeating: 0, count: g.inputCount),
            weights: [Double](repeating: 0, count: g.weightCount),
            bias: [Double](repeating: 0, count: g.outputChannels)
        )
        for (i, gradient) in sumGradient.enumerated() {
            result.bias[i % g.outputChannels] += gradient
        }
        for tap in g.taps {
            result.input[tap.input] += sumGradient[tap.output] * weights[tap.weight]
            result.weights[tap.weight] += sumGradient[tap.output] * input[tap.input]
        }
        return result
    }
}

extension ConvGeometry {
    /// One product of the convolution: which sum it goes to, and where its factors lie.
    fileprivate struct Tap {
        let output: Int, input: Int, weight: Int
    }

    /// All products, tap by tap.
    fileprivate var taps: some Sequence<Tap> {
        let isReversed = algorithm == .transposed, forward = isReversed ? reversed : self
        return forward.forwardTaps.lazy.map {
            isReversed ? Tap(output: $0.input, input: $0.output, weight: $0.weight) : $0
        }
    }

    private var forwardTaps: some Sequence<Tap> {
        (0..<convHeight * convWidth * kernelHeight * kernelWidth).lazy.flatMap { index -> [Tap] in
            let kx = index % kernelWidth, ky = index / kernelWidth % kernelHeight
            let pixel = index / (kernelWidth * kernelHeight)
            let y = pixel / convWidth * strideY - padTop + ky * dilationY
            let x = pixel % convWidth * strideX - padLeft + kx * dilationX
            guard y >= 0, y < inputHeight, x >= 0, x < inputWidth else { return [] }
            var taps: [Tap] = []
            let pairs = channelPairs
            taps.reserveCapacity(images * pairs.count)
            for n in 0..<images {
                for (c, o, row) in pairs {
                    let kernel = (o / 16 * kernelHeight + ky) * kernelWidth + kx
                    taps.append(
                        Tap(
                            output: (pixel * images + n) * outputChannels + o,
                            input: ((y * inputWidth + x) * images + n) * inputChannels + c,
                            weight: (kernel * inputDepth + row) * 16 + o % 16))
                }
            }
            return taps
        }
    }

    /// The channels that each filter reads, and their places among its weights.
    private var channelPairs: [(input: Int, output: Int, row: Int)] {
        guard let groups else {
            return (0..<inputChannels).flatMap { c in (0..<outputChannels).map { (c, $0, c) } }
        }
        if algorithm == .depthwise { return (0..<inputChannels).map { ($0, $0, 0) } }
        return (0..<groups.count * groups.outputs).flatMap { o in
            let first = o / groups.outputs * groups.inputs
            return (first..<first + groups.inputs).map { ($0, o, $0 - inputStart(ofBlock: o / 16)) }
        }
    }

    /// The pool that a fused convolution carries.
    fileprivate var pool: PoolGeometry {
        PoolGeometry(
            images: images, inputHeight: convHeight, inputWidth: convWidth,
            channels: outputChannels, windowHeight: 2, windowWidth: 2, strideY: 2, strideX: 2,
            outputHeight: outputHeight, outputWidth: outputWidth)
    }
}
