// SPDX-License-Identifier: Apache-2.0

import Tensors
import Testing

@Suite struct PhiloxTests {
    /// The known answers of the reference implementation (Random123, `kat_vectors`, philox4x32 10).
    @Test(
        arguments: [
            ([0, 0, 0, 0], [0, 0], [0x6627_E8D5, 0xE169_C58D, 0xBC57_AC4C, 0x9B00_DBD8]),
            (
                [0xFFFF_FFFF, 0xFFFF_FFFF, 0xFFFF_FFFF, 0xFFFF_FFFF], [0xFFFF_FFFF, 0xFFFF_FFFF],
                [0x408F_276D, 0x41C8_3B0E, 0xA20B_C7C6, 0x6D54_51FD]
            ),
            (
                [0x243F_6A88, 0x85A3_08D3, 0x1319_8A2E, 0x0370_7344], [0xA409_3822, 0x299F_31D0],
                [0xD16C_FE09, 0x94FD_CCEB, 0x5001_E420, 0x2412_6EA1]
            ),
        ] as [(SIMD4<UInt32>, SIMD2<UInt32>, SIMD4<UInt32>)])
    func roundsGiveTheKnownAnswers(
        counter: SIMD4<UInt32>, key: SIMD2<UInt32>, answer: SIMD4<UInt32>
    ) {
        #expect(Philox.rounds(counter, key) == answer)
    }

    @Test func indexIsTheLowHalfOfTheCounterAndTheStreamTheHighHalf() {
        let philox = Philox(seed: 7, purpose: .order, 11, 13)
        #expect(
            philox.words(0x0000_0002_0000_0001)
                == Philox.rounds([1, 2, 11, 13], philox.key))
    }

    @Test func purposesAndSeedsHaveDifferentKeys() {
        let keys = [UInt64(0), 1, 1 << 32].flatMap { seed in
            [Philox.Purpose.initialWeights, .order, .dropout, .augmentation, .shapes]
                .map { Philox(seed: seed, purpose: $0).key }
        }
        #expect(Set(keys).count == keys.count)
    }

    @Test func unitFloatLiesBetweenZeroAndOne() {
        #expect(UInt32.min.unitFloat == 0)
        #expect(UInt32.max.unitFloat == 1 - 0x1p-24)
        #expect((UInt32(1) << 31).unitFloat == 0.5)
    }

    /// Of 400,000 numbers, within four standard errors.
    @Test func normalsAreNormal() {
        let philox = Philox(seed: 9, purpose: .initialWeights)
        let count = 400_000.0
        var (sum, squares, fourths, beyond) = (0.0, 0.0, 0.0, 0.0)
        var products = 0.0
        for index in 0..<UInt64(100_000) {
            let normals = philox.normals(index)
            products += normals[0] * normals[1] + normals[1] * normals[2]
            for lane in 0..<4 {
                let square = normals[lane] * normals[lane]
                sum += normals[lane]
                squares += square
                fourths += square * square
                beyond += square > 4 ? 1 : 0
            }
        }
        let error = 4 / count.squareRoot()
        #expect(abs(sum / count) <= error)
        #expect(abs(squares / count - 1) <= error * 2.0.squareRoot())
        #expect(abs(fourths / count - 3) <= error * 96.0.squareRoot())
        #expect(abs(beyond / count - 0.045_500) <= error * 0.0434.squareRoot())
        #expect(abs(products / (count / 2)) <= error * 2.0.squareRoot())
    }

    @Test func normalsHaveTheirBits() {
        let bits = Philox(seed: 9, purpose: .initialWeights).normals(5)
        #expect(
            (0..<4).map { bits[$0].bitPattern } == [
                0xBFF4_F80E_A69A_6376, 0xBFC4_E1F3_B200_1B85,
                0xBFB7_86ED_CBDF_171B, 0x3FED_445C_80A5_B305,
            ])
    }
}
