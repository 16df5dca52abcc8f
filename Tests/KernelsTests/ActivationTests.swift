// SPDX-License-Identifier: Apache-2.0

import Engines
import KernelReference
import Tensors
import Testing

@Suite struct ActivationTests {
    private static let rows = Rows(count: 24, stored: 48, live: 37)

    static let all: [ElementActivation] = [
        .relu, .rectifier(Rectifier(ceiling: 6)), .rectifier(Rectifier(negativeSlope: 0.3)),
        .rectifier(Rectifier(negativeSlope: 0.2, threshold: 1.5, ceiling: 4)),
        .rectifier(Rectifier(threshold: 0.25)), .elu(alpha: 1, scale: 1),
        .elu(alpha: 1.673_263_2, scale: 1.050_701), .gelu(approximate: false),
        .gelu(approximate: true), .silu, .sigmoid, .tanh, .softplus, .softmax,
    ]

    /// Exponential and division err by 3 u, and the other functions by up to 24; a softmax's sum of 37 terms by
    /// as many u. Gradients are those of inputs that differ from what was read by no more.
    @Test(arguments: Engine.available, all)
    func equalsTheReference(_ kernels: KernelSet, _ activation: ElementActivation) {
        let rows = Self.rows
        var noise = Noise(seed: 1)
        let range: Float = activation == .softmax ? 20 : 8
        let x = noise.buffer(rows.floatCount) { $0.unit() * range }, y = x.copy()
        let gradient = AlignedBuffer<Float>(count: rows.floatCount)
        for i in 0..<rows.floatCount where i % rows.stored < rows.live {
            gradient.base[i] = noise.unit()
        }
        let upstream = gradient.doubles
        kernels.activationForward(activation, rows, y.elements)
        let tolerance = 48 * u * (activation == .relu ? 0 : 1)
        #expect(distance(y.doubles, activation.forward(rows, x.doubles)) <= tolerance)
        kernels.activationBackward(
            activation, rows, values: activation.rereadsInput ? x.floats : y.floats,
            gradient.elements)
        let back = activation.backward(rows, input: x.doubles, upstream)
        #expect(distance(gradient.doubles, back) <= tolerance)
    }

    /// Not only of the largest value: each one by itself, from the smallest normal numbers on.
    @Test(
        arguments: Engine.available,
        [
            (ElementActivation.tanh, 8.0), (.softplus, 16), (.elu(alpha: 1, scale: 1), 6),
            (.gelu(approximate: false), 26), (.sigmoid, 8), (.silu, 12),
        ])
    func eachValueIsExactToSomeUnits(
        _ kernels: KernelSet, _ bound: (activation: ElementActivation, units: Double)
    ) {
        let rows = Rows(count: 20_000, stored: 16, live: 16), activation = bound.activation
        let x = AlignedBuffer<Float>(count: rows.floatCount)
        var noise = Noise(seed: 4)
        for i in 0..<rows.floatCount {
            let size = Float(bitPattern: noise.word() % 0x0D00_0000 + 0x3600_0000)
            x.base[i] = i % 2 == 0 ? min(size, 80) : -min(size, 12)
        }
        let y = x.copy()
        kernels.activationForward(activation, rows, y.elements)
        let worst = zip(x.doubles, y.doubles).map { abs($1 / activation.value(at: $0) - 1) }.max()!
        #expect(worst < bound.units * u, "\(worst / u) u")
    }

    /// The oracle itself.
    @Test(arguments: all.filter { $0 != .softmax })
    func slopesAreThoseOfTheValues(_ activation: ElementActivation) {
        for x in stride(from: -6.03, to: 7, by: 0.1) {
            let slope = (activation.value(at: x + 1e-6) - activation.value(at: x - 1e-6)) / 2e-6
            #expect(abs(slope - activation.slope(at: x)) < 1e-8, "at \(x)")
        }
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
            return Self.all.flatMap { activation in
                let x = noise.buffer(rows.floatCount) { $0.unit() * 30 }, y = x.copy()
                let gradient = noise.buffer(rows.floatCount)
                kernels.activationForward(activation, rows, y.elements)
                kernels.activationBackward(
                    activation, rows, values: activation.rereadsInput ? x.floats : y.floats,
                    gradient.elements)
                return y.bits + gradient.bits
            }
        }
        #expect(results.allSatisfy { $0 == results[0] })
    }
}
