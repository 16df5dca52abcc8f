// SPDX-License-Identifier: Apache-2.0

import Engines
import KernelReference
import Tensors
import Testing

@Suite struct AveragePoolTests {
    /// Up to nine terms a sum, and one division of each.
    @Test(arguments: Engine.available, 0..<32)
    func equalsTheReference(_ kernels: KernelSet, seed: Int) {
        let geometry = PoolGeometry.random(seed: seed), adding = seed % 2 == 1
        var noise = Noise(seed: seed + 100)
        let input = noise.buffer(geometry.inputCount)
        let gradient = noise.buffer(geometry.outputCount)
        let output = AlignedBuffer<Float>(count: geometry.outputCount)
        let result = noise.buffer(geometry.inputCount), before = result.doubles
        kernels.averagePoolForward(geometry, input.floats, into: output.elements)
        kernels.averagePoolBackward(
            geometry, gradient.floats, adding: adding, into: result.elements)
        #expect(distance(output.doubles, geometry.averages(input.doubles)) <= 10 * u)
        let spread = geometry.averageGradient(gradient.doubles)
        let expected = adding ? zip(before, spread).map { $0 + $1 } : spread
        #expect(distance(result.doubles, expected) <= 24 * u)
    }

    @Test(arguments: 0..<16)
    func bitsAreThoseOfEveryInstructionSet(seed: Int) {
        let geometry = PoolGeometry.random(seed: seed)
        let results = Engine.available.map { kernels in
            var noise = Noise(seed: seed)
            let input = noise.buffer(geometry.inputCount)
            let gradient = noise.buffer(geometry.outputCount)
            let output = AlignedBuffer<Float>(count: geometry.outputCount)
            let result = AlignedBuffer<Float>(count: geometry.inputCount)
            kernels.averagePoolForward(geometry, input.floats, into: output.elements)
            kernels.averagePoolBackward(geometry, gradient.floats, into: result.elements)
            return output.bits + result.bits
        }
        #expect(results.allSatisfy { $0 == results[0] })
    }

    /// A window may be the whole image, however large.
    @Test(arguments: Engine.available)
    func globalPoolIsTheMeanOfTheImage(_ kernels: KernelSet) {
        let geometry = PoolGeometry(
            images: 8, inputHeight: 20, inputWidth: 17, channels: 32, windowHeight: 20,
            windowWidth: 17, strideY: 1, strideX: 1, outputHeight: 1, outputWidth: 1)
        var noise = Noise(seed: 1)
        let input = noise.buffer(geometry.inputCount)
        let output = AlignedBuffer<Float>(count: geometry.outputCount)
        kernels.averagePoolForward(geometry, input.floats, into: output.elements)
        #expect(distance(output.doubles, geometry.averages(input.doubles)) <= 40 * u)
    }
}
