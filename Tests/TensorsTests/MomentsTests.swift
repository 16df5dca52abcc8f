// SPDX-License-Identifier: Apache-2.0

import Tensors
import Testing

@Suite struct MomentsTests {
    private func moments(_ bytes: [UInt8], from start: Int = 0, every step: Int = 1) -> Moments {
        var moments = Moments()
        bytes.withUnsafeBufferPointer { moments.add($0, from: start, every: step) }
        return moments
    }

    @Test func nothingHasMomentsOfZero() {
        let none = moments([])
        #expect(none.count == 0 && none.mean == 0 && none.deviation == 0)
    }

    /// `numpy.mean` and `numpy.std` of 2, 4, 4, 4, 5, 5, 7, 9 are 5 and 2.
    @Test func meanAndDeviationAreThoseOfTheBytes() {
        let eight = moments([2, 4, 4, 4, 5, 5, 7, 9])
        #expect(eight.count == 8 && eight.mean == 5 && eight.deviation == 2)
    }

    @Test func equalBytesDeviateByNothing() {
        #expect(moments([UInt8](repeating: 251, count: 1001)).deviation == 0)
    }

    @Test func channelsAreApart() {
        let pixels: [UInt8] = [1, 10, 100, 3, 10, 200]
        let channels = (0..<3).map { moments(pixels, from: $0, every: 3) }
        #expect(channels.map(\.mean) == [2, 10, 150] && channels.map(\.deviation) == [1, 0, 50])
    }

    /// The order of sums changes nothing, to the last bit; in floating point it would.
    @Test func sumsOfPartsAreThoseOfTheWhole() {
        let bytes = (0..<10_007).map { UInt8(truncatingIfNeeded: $0 &* $0 &* 31 >> 3) }
        let whole = moments(bytes)
        var parts = Moments()
        for start in (0..<7).reversed() { parts.add(moments(bytes, from: start, every: 7)) }
        #expect(parts == whole && parts.deviation == whole.deviation)
        let mean = bytes.reduce(0.0) { $0 + Double($1) } / Double(bytes.count)
        let square = bytes.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) }
        let expected = (square / Double(bytes.count)).squareRoot()
        #expect(abs(whole.mean - mean) < 1e-12 && abs(whole.deviation - expected) < 1e-11)
    }
}
