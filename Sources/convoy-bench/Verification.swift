// SPDX-License-Identifier: Apache-2.0
//
// Before a kernel is timed: does it compute the right thing, and the same bits as the portable one?

import Engines
import KernelReference
import Tensors

/// A kernel that computes something else. No time is worth printing then.
struct WrongKernel: Error, CustomStringConvertible {
    let description: String
}

/// One small convolution, run by kernels and by the reference.
struct Verification {
    let geometry: ConvGeometry

    init(_ geometry: ConvGeometry) { self.geometry = geometry }

    /// In [-1, 1), from a seed.
    static func noise(stream: UInt32, index: Int) -> Float {
        Philox(seed: 7, purpose: .shapes, stream).words(UInt64(index))[0].unitFloat * 2 - 1
    }

    /// - Throws: `WrongKernel`, with what differs by how much.
    func check(_ kernels: KernelSet) throws {
        let trial = ConvTrial(geometry, noise: Self.noise)
        let reference = ReferenceConvolution(
            geometry, input: doubles(trial.input), weights: doubles(trial.weights),
            bias: doubles(trial.bias))
        let outputGradient = doubles(trial.outputGradient)
        trial.run(kernels)
        let taps = geometry.kernelHeight * geometry.kernelWidth
        try compare("output", trial.output, reference.output, depth: taps * geometry.inputDepth)

        let expected = reference.gradients(
            reference.sumGradient(
                outputGradient, output: Floats(trial.output.elements),
                argmax: Bytes(trial.argmax.elements)))
        let pixels = geometry.convHeight * geometry.convWidth * geometry.images
        try compare("weight gradient", trial.weightGradient, expected.weights, depth: pixels)
        try compare("bias gradient", trial.biasGradient, expected.bias, depth: pixels)
        if geometry.needsInputGradient {
            try compare(
                "input gradient", trial.inputGradient, expected.input,
                depth: taps * geometry.outputDepth)
        }
        try checkBits(trial.digest, of: kernels)
    }

    /// The kernels' tests have the tight bounds, and derive them. This one is four times as wide, so that
    /// luck with many shapes is no matter; what is wrong is off by thousands of it.
    private func compare(
        _ what: String, _ buffer: AlignedBuffer<Float>, _ expected: [Double], depth: Int
    ) throws {
        let rounding = 0x1p-24
        let bound = 4 * Double(depth + 24) * rounding
        let error = zip(buffer.elements, expected).map { abs(Double($0) - $1) }.max() ?? 0
        guard error <= bound else {
            throw WrongKernel(
                description: "\(geometry.title): the \(what) is off by \(error), expected at most "
                    + "\(bound); this build must not train")
        }
    }

    private func checkBits(_ digest: UInt64, of kernels: KernelSet) throws {
        let other = ConvTrial(geometry, noise: Self.noise)
        other.run(Engine.available[0])
        guard other.digest == digest else {
            throw WrongKernel(
                description: "\(geometry.title): \(kernels.name) and \(Engine.available[0].name) "
                    + "kernels compute other bits; this build must not train")
        }
    }

    private func doubles(_ buffer: AlignedBuffer<Float>) -> [Double] {
        buffer.elements.map(Double.init)
    }
}
