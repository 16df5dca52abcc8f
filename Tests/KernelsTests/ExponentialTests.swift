// SPDX-License-Identifier: Apache-2.0

import Engines
import Foundation
import Tensors
import Testing

@Suite struct ExponentialTests {
    /// The polynomial errs by 2^-27 at most; reduction and the last steps round three times: 2 ulp.
    @Test(arguments: Engine.available)
    func exponentialIsWithinTwoUlps(_ kernels: KernelSet) {
        let x = AlignedBuffer((0..<160_000).map { Float($0) * (175.9 / 160_000) - 87.3 })
        let y = x.copy()
        kernels.exponential(y.elements)
        let worst = zip(x.doubles, y.doubles).map { abs($1 / exp($0) - 1) }.max()!
        #expect(worst < 4 * u, "relative error \(worst)")
    }

    @Test(arguments: Engine.available)
    func logarithmIsWithinTwoUlps(_ kernels: KernelSet) {
        var noise = Noise(seed: 1)
        let x = noise.buffer(160_000) { Float(bitPattern: $0.word() % 0x7F00_0000 + 0x0080_0000) }
        for i in 0..<80_000 { x.base[i] = 0.5 + Float(i) * 0x1p-15 }
        let y = x.copy()
        kernels.logarithm(y.elements)
        // Near 1 the logarithm goes to zero and the error with it: still relative.
        let worst = zip(x.doubles, y.doubles)
            .map { log($0) == 0 ? abs($1) : abs($1 / log($0) - 1) }.max()!
        #expect(worst < 4 * u, "relative error \(worst)")
    }

    @Test(arguments: Engine.available)
    func limitsAreKept(_ kernels: KernelSet) {
        let inf = Float.infinity
        let x = AlignedBuffer<Float>(
            [0, -0.0, inf, -inf, .nan, 88.73, -104, 1] + [Float](repeating: 0, count: 8))
        let y = x.copy()
        kernels.exponential(x.elements)
        #expect(Array(x.values[0..<4]) == [1, 1, inf, 0])
        #expect(x.base[4].isNaN && x.base[5] == inf && x.base[6] < .leastNormalMagnitude)
        kernels.logarithm(y.elements)
        #expect(Array(y.values[0..<3]) == [-inf, -inf, inf])
        #expect(y.base[3].isNaN && y.base[4].isNaN && y.base[7] == 0)
    }

    @Test func bitsAreThoseOfEveryInstructionSet() {
        var noise = Noise(seed: 2)
        let x = noise.buffer(1 << 16) { Float(bitPattern: $0.word()) }
        let results = Engine.available.map { kernels in
            let (e, l) = (x.copy(), x.copy())
            kernels.exponential(e.elements)
            kernels.logarithm(l.elements)
            return (e.values + l.values).map { $0.isNaN ? 0 : $0.bitPattern }
        }
        #expect(results.allSatisfy { $0 == results[0] })
    }
}
