// SPDX-License-Identifier: Apache-2.0

import Engines
import Tensors
import Testing

@Suite struct ChannelTests {
    /// Parts of any number of channels, in the order of the whole.
    private static func slices(seed: Int) -> [ChannelSlice] {
        var noise = Noise(seed: seed)
        let parts = (0..<noise.integer(1...4)).map { _ in
            noise.pick([noise.integer(1...40), 16 * noise.integer(1...3)])
        }
        let rows = noise.integer(1...9), whole = (parts.reduce(0, +) + 15) / 16 * 16
        var first = 0
        return parts.map { live in
            defer { first += live }
            return ChannelSlice(
                rows: rows, live: live, stored: (live + 15) / 16 * 16, first: first, whole: whole)
        }
    }

    @Test(arguments: Engine.available, 0..<48)
    func partsGoToTheirPlacesAndComeBack(_ kernels: KernelSet, seed: Int) {
        let slices = Self.slices(seed: seed)
        var noise = Noise(seed: seed + 100)
        let whole = noise.buffer(slices[0].wholeCount)
        let parts = slices.map { _ in noise.buffer(slices[0].wholeCount) }
        var expected = [Float](repeating: 0, count: whole.count)
        for (slice, part) in zip(slices, parts) {
            kernels.placeChannels(
                slice, Floats(rebasing: part.floats[..<slice.partCount]), into: whole.elements)
            for row in 0..<slice.rows {
                for c in 0..<slice.live {
                    expected[row * slice.whole + slice.first + c] =
                        part.base[row * slice.stored + c]
                }
            }
        }
        #expect(whole.values == expected)
        for slice in slices {
            let back = noise.buffer(slice.partCount), sum = back.copy(), before = back.values
            kernels.takeChannels(slice, whole.floats, adding: false, into: back.elements)
            kernels.takeChannels(slice, whole.floats, adding: true, into: sum.elements)
            for i in 0..<slice.partCount {
                let (row, c) = (i / slice.stored, i % slice.stored), isLive = c < slice.live
                let value = isLive ? expected[row * slice.whole + slice.first + c] : 0
                #expect(back.base[i] == value)
                #expect(sum.base[i] == (isLive ? before[i] + value : before[i]))
            }
        }
    }

    @Test(arguments: Engine.available, [1, 2, 7])
    func factorsAreThoseOfEachPeriod(_ kernels: KernelSet, periods: Int) {
        let period = 48
        var noise = Noise(seed: periods)
        let a = noise.buffer(period * periods), b = noise.buffer(period * periods)
        let factors = noise.buffer(period), sums = noise.buffer(period), before = sums.values
        let product = a.copy()
        kernels.multiply(product.elements, by: factors.floats)
        #expect(product.values == a.values.indices.map { a.base[$0] * factors.base[$0 % period] })
        for adding in [true, false] {
            kernels.sumProducts(a.floats, b.floats, adding: adding, into: sums.elements)
            for i in 0..<period {
                let expected = stride(from: i, to: a.count, by: period)
                    .reduce(adding ? before[i] : 0) { $0.addingProduct(a.base[$1], b.base[$1]) }
                #expect(sums.base[i] == expected)
            }
        }
    }
}
