// SPDX-License-Identifier: Apache-2.0

import Engines
import Tensors
import Testing

/// The portable multiply-add against the instruction, through `affine`: offset + scale * value.
@Suite struct FusedTests {
    /// Corners of the format: zeros, subnormal, tiny, huge, infinite, NaN, and halves of ulps.
    private static let corners: [UInt32] = [
        0x0000_0000, 0x0000_0001, 0x0000_0FFF, 0x007F_FFFF, 0x0080_0000, 0x0080_0001, 0x00FF_FFFF,
        0x0100_0000, 0x1F80_0000, 0x2000_0000, 0x3300_0000, 0x3380_0000, 0x3380_0001, 0x337F_FFFF,
        0x3F00_0000, 0x3F7F_FFFF, 0x3F80_0000, 0x3F80_0001, 0x3FB5_04F3, 0x3FFF_FFFF, 0x4B80_0000,
        0x5F00_0000, 0x7F00_0000, 0x7F7F_FFFE, 0x7F7F_FFFF, 0x7F80_0000, 0x7F80_0001, 0x7FC0_0000,
    ].flatMap { [$0, $0 | 0x8000_0000] }

    @Test(arguments: [false, true])
    func cornersAreFusedAlike(flushing: Bool) throws {
        let hardware = try #require(Engine.named("avx2"))
        let portable = try #require(Engine.named("portable"))
        let differences = onFreshThread(flushing: flushing) {
            var differences: [String] = []
            let corners = Self.corners.map(Float.init(bitPattern:))
            for scale in corners {
                for offset in corners {
                    differences += compare(
                        scale, offset, corners + corners[0..<8], hardware, portable)
                }
            }
            return differences
        }
        #expect(differences.isEmpty, "\(differences.count): \(differences.prefix(5))")
    }

    @Test(arguments: [false, true], 0..<4)
    func anyBitsAreFusedAlike(flushing: Bool, seed: Int) throws {
        let hardware = try #require(Engine.named("avx2"))
        let portable = try #require(Engine.named("portable"))
        let differences = onFreshThread(flushing: flushing) {
            var noise = Noise(seed: seed), differences: [String] = []
            for _ in 0..<2000 {
                let scale = Float(bitPattern: noise.word()), offset = noise.near(scale, seed)
                let values = (0..<256).map { _ in noise.near(offset / scale, seed) }
                differences += compare(scale, offset, values, hardware, portable)
            }
            return differences
        }
        #expect(differences.isEmpty, "\(differences.count): \(differences.prefix(5))")
    }
}

extension Noise {
    /// Any bits at all, or (for odd seeds) bits whose exponent is near that of `x`, so that sums cancel.
    fileprivate mutating func near(_ x: Float, _ seed: Int) -> Float {
        let bits = word()
        guard seed % 2 == 1 else { return Float(bitPattern: bits) }
        let exponent = Int(x.bitPattern >> 23 & 0xFF) + integer(-27...27)
        return Float(bitPattern: bits & 0x807F_FFFF | UInt32(max(0, min(255, exponent))) << 23)
    }
}

private func compare(
    _ scale: Float, _ offset: Float, _ values: [Float], _ a: KernelSet, _ b: KernelSet
) -> [String] {
    let rows = Rows(count: values.count / 16, stored: 16, live: 16)
    let x = AlignedBuffer(values), y = AlignedBuffer(values)
    a.affine(scale: scale, offset: offset, rows, x.elements)
    b.affine(scale: scale, offset: offset, rows, y.elements)
    return values.indices.compactMap { i in
        let (p, q) = (x.base[i], y.base[i])
        if p.bitPattern == q.bitPattern || p.isNaN && q.isNaN { return nil }
        return "\(offset) + \(scale) * \(values[i]) is \(p), not \(q)"
    }
}
