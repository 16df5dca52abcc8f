// SPDX-License-Identifier: Apache-2.0
//
// Where branches meet: channels side by side, and products.

/// Rows of channels that are part of longer ones.
public struct ChannelSlice: Hashable, Sendable {
    public var rows: Int
    /// Channels of the part, and in its memory.
    public var live: Int, stored: Int
    /// Where they begin in the whole, and its channels in memory. Both memories are multiples of 16.
    public var first: Int, whole: Int

    public init(rows: Int, live: Int, stored: Int, first: Int, whole: Int) {
        self.rows = rows
        self.live = live
        self.stored = stored
        self.first = first
        self.whole = whole
    }

    public var partCount: Int { rows * stored }
    public var wholeCount: Int { rows * whole }
}

extension KernelSet {
    /// Copies a part to its place in the whole. The first part, which has to be placed first, also sets the last 16
    /// channels of each row to zero.
    public func placeChannels(_ slice: ChannelSlice, _ part: Floats, into whole: MutableFloats) {
        slice.check()
        expect(part.count, slice.partCount, "placeChannels: part", slice)
        expect(whole.count, slice.wholeCount, "placeChannels: whole", slice)
        loops.placeChannels(slice, part, into: whole)
    }

    /// Copies a part out of the whole; channels that are not live become zero.
    ///
    /// - Parameter adding: Whether to add to the part instead of overwriting it.
    public func takeChannels(
        _ slice: ChannelSlice, _ whole: Floats, adding: Bool, into part: MutableFloats
    ) {
        slice.check()
        expect(part.count, slice.partCount, "takeChannels: part", slice)
        expect(whole.count, slice.wholeCount, "takeChannels: whole", slice)
        loops.takeChannels(slice, whole, adding: adding, into: part)
    }

    /// `values[p, i] *= factors[i]`, in place, for as many p as there are.
    public func multiply(_ values: MutableFloats, by factors: Floats) {
        expectPeriods(values.count, factors.count, "multiply")
        loops.multiply(values, by: factors)
    }

    /// `sums[i] = Σ first[p, i] * second[p, i]` over all p, or added to what stands there.
    public func sumProducts(
        _ first: Floats, _ second: Floats, adding: Bool, into sums: MutableFloats
    ) {
        expectPeriods(first.count, sums.count, "sumProducts")
        expect(second.count, first.count, "sumProducts: second", sums.count)
        loops.sumProducts(first, second, adding: adding, into: sums)
    }
}

private func expectPeriods(_ count: Int, _ period: Int, _ kernel: String) {
    precondition(
        period > 0 && period % 16 == 0 && count % period == 0,
        "\(kernel): \(count) floats are not periods of \(period) of them")
}

extension ChannelSlice {
    fileprivate func check() {
        precondition(
            live > 0 && live <= stored && stored % 16 == 0 && whole % 16 == 0 && first >= 0
                && first + live <= whole && rows >= 0,
            "ChannelSlice: the kernels cannot do \(self)")
    }
}
