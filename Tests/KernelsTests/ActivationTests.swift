// SPDX-License-Identifier: Apache-2.0

import Engines
import KernelReference
import Tensors
import Testing

@Suite struct ActivationTests {
    private static let rows = Rows(count: 24, stored: 48, live: 37)

    /// Exponential and division err by 3 u; a softmax's sum of 37 terms by as many u.
    @Test(arguments: Engine.available, ElementActivation.allCases)
    func equalsTheReference(_ kernels: KernelSet, _ activation: ElementActivation) {
        let rows = Self.rows
        var noise = Noise(seed: 1)
        let x = noise.buffer(rows.floatCount) { $0.unit() * 20 }
        let gradient = noise.buffer(rows.floatCount), upstream = gradient.doubles
        let expected = activation.forward(rows, x.doubles)
        kernels.activationForward(activation, rows, x.elements)
        #expect(distance(x.doubles, expected) <= 48 * u * (activation == .relu ? 0 : 1))
        kernels.activationBackward(activation, rows, output: x.floats, gradient.elements)
        let back = activation.backward(rows, output: x.doubles, upstream)
        #expect(distance(gradient.doubles, back) <= 48 * u * (activation == .relu ? 0 : 1))
    }

    @Test(arguments: Engine.available)
    func extremesAreStable(_ kernels: KernelSet) {
        let x = AlignedBuffer<Float>(
            [1000, -1000, .infinity, -.infinity, .nan, 0] + [Float](repeating: 0, count: 10))
        kernels.activationForward(.sigmoid, Rows(count: 1, stored: 16, live: 6), x.elements)
        #expect(Array(x.values[0..<4]) == [1, 0, 1, 0] && x.base[4].isNaN && x.base[5] == 0.5)
        #expect(x.values[6...].allSatisfy { $0 == 0 })
        let y = AlignedBuffer<Float>([1e30, -1e30, 88] + [Float](repeating: 0, count: 13))
        kernels.activationForward(.softmax, Rows(count: 1, stored: 16, live: 3), y.elements)
        #expect(y.values == [1] + [Float](repeating: 0, count: 15))
        let z = AlignedBuffer<Float>([.nan] + [Float](repeating: 1, count: 15))
        kernels.activationForward(.relu, Rows(count: 1, stored: 16, live: 16), z.elements)
        #expect(z.base[0].isNaN, "ReLU hides a NaN")
    }

    @Test(arguments: Engine.available)
    func affineIsFused(_ kernels: KernelSet) {
        let rows = Self.rows
        var noise = Noise(seed: 2)
        let x = noise.buffer(rows.floatCount), before = x.values
        kernels.affine(scale: 1 / 255, offset: -0.3, rows, x.elements)
        for (i, value) in x.values.enumerated() {
            let live = i % rows.stored < rows.live
            #expect(value == (live ? Float(-0.3).addingProduct(1 / 255, before[i]) : 0))
        }
    }

    @Test func bitsAreThoseOfEveryInstructionSet() {
        let results = Engine.available.map { kernels in
            var noise = Noise(seed: 3)
            let rows = Self.rows
            return ElementActivation.allCases.flatMap { activation in
                let x = noise.buffer(rows.floatCount) { $0.unit() * 30 }
                let gradient = noise.buffer(rows.floatCount)
                kernels.activationForward(activation, rows, x.elements)
                kernels.activationBackward(activation, rows, output: x.floats, gradient.elements)
                return x.bits + gradient.bits
            }
        }
        #expect(results.allSatisfy { $0 == results[0] })
    }
}
