// SPDX-License-Identifier: Apache-2.0

import Engines
import KernelReference
import Tensors
import Testing

extension PoolGeometry {
    static func random(seed: Int) -> PoolGeometry {
        var noise = Noise(seed: seed)
        func axis() -> (input: Int, window: Int, stride: Int, pad: Int, output: Int) {
            let input = noise.integer(3...11), window = noise.integer(1...3)
            let stride = noise.integer(1...3), pad = noise.integer(0...window - 1)
            return (input, window, stride, pad, (input + 2 * pad - window) / stride + 1)
        }
        let (down, across) = (axis(), axis())
        return PoolGeometry(
            images: 8, inputHeight: down.input, inputWidth: across.input, channels: 16,
            windowHeight: down.window, windowWidth: across.window, strideY: down.stride,
            strideX: across.stride, padTop: down.pad, padLeft: across.pad,
            outputHeight: down.output, outputWidth: across.output)
    }
}

@Suite struct MaxPoolTests {
    /// Few different values, so that ties abound; small whole numbers, so that sums are exact.
    /// The last one has windows with more taps than a byte can tell.
    @Test(arguments: Engine.available, (0..<13).flatMap { [($0, false), ($0, true)] })
    func equalsTheReference(_ kernels: KernelSet, _ pool: (seed: Int, takesSmallest: Bool)) {
        let (seed, takesSmallest) = pool
        var geometry = PoolGeometry.random(seed: seed)
        if seed == 12 {
            geometry = PoolGeometry(
                images: 8, inputHeight: 40, inputWidth: 23, channels: 16, windowHeight: 40,
                windowWidth: 21, strideY: 1, strideX: 2, outputHeight: 1, outputWidth: 2)
        }
        geometry.takesSmallest = takesSmallest
        var noise = Noise(seed: seed + 100)
        let input = noise.buffer(geometry.inputCount) { Float($0.integer(-4...4)) }
        let gradient = noise.buffer(geometry.outputCount) { Float($0.integer(-4...4)) }
        let output = AlignedBuffer<Float>(count: geometry.outputCount)
        let argmax = AlignedBuffer<UInt8>(count: geometry.argmaxCount)
        let inputGradient = noise.buffer(geometry.inputCount)
        kernels.maxPoolForward(
            geometry, input.floats, into: output.elements, argmax: argmax.elements)
        kernels.maxPoolBackward(
            geometry, gradient.floats, argmax: Bytes(argmax.elements),
            into: inputGradient.elements)
        let expected = geometry.forward(input.doubles)
        #expect(output.doubles == expected.output)
        let taps = (0..<geometry.outputCount).map { i in
            Int(argmax.base[i])
                + (geometry.hasWideTaps ? 256 * Int(argmax.base[geometry.outputCount + i]) : 0)
        }
        #expect(taps == expected.argmax)
        #expect(
            inputGradient.doubles == geometry.backward(gradient.doubles, argmax: expected.argmax))
    }

    @Test(arguments: Engine.available, 0..<4)
    func gradientIsAddedIfAsked(_ kernels: KernelSet, seed: Int) {
        let geometry = PoolGeometry.random(seed: seed)
        var noise = Noise(seed: seed)
        let gradient = noise.buffer(geometry.outputCount) { Float($0.integer(-4...4)) }
        let argmax = AlignedBuffer<UInt8>(count: geometry.outputCount)
        let fresh = noise.buffer(geometry.inputCount)
        let sum = noise.buffer(geometry.inputCount) { Float($0.integer(-4...4)) }
        let before = sum.doubles
        kernels.maxPoolBackward(
            geometry, gradient.floats, argmax: Bytes(argmax.elements), into: fresh.elements)
        kernels.maxPoolBackward(
            geometry, gradient.floats, argmax: Bytes(argmax.elements), adding: true,
            into: sum.elements)
        #expect(sum.doubles == zip(before, fresh.doubles).map { $0 + $1 })
    }

    @Test(arguments: Engine.available, 0..<4)
    func notANumberIsAMaximum(_ kernels: KernelSet, position: Int) {
        let geometry = PoolGeometry(
            images: 8, inputHeight: 2, inputWidth: 2, channels: 16, windowHeight: 2,
            windowWidth: 2, strideY: 2, strideX: 2, outputHeight: 1, outputWidth: 1)
        let input = AlignedBuffer<Float>(count: geometry.inputCount)
        input.base[position * 128 + 5] = .nan
        let output = AlignedBuffer<Float>(count: 128), argmax = AlignedBuffer<UInt8>(count: 128)
        kernels.maxPoolForward(
            geometry, input.floats, into: output.elements, argmax: argmax.elements)
        #expect(output.values.indices.filter { output.base[$0].isNaN } == [5])
        #expect(Int(argmax.base[5]) == position)
    }
}
