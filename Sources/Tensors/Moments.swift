// SPDX-License-Identifier: Apache-2.0

/// Mean and standard deviation of bytes, from sums that are exact: neither their order nor their number
/// costs a digit.
public struct Moments: Sendable, Hashable {
    public private(set) var count = 0
    private var sum: UInt64 = 0
    private var squares: UInt64 = 0

    public init() {}

    /// Adds every `step`th byte, beginning with the byte at `start`.
    public mutating func add(_ bytes: Bytes, from start: Int = 0, every step: Int = 1) {
        precondition(start >= 0 && step > 0, "Moments: from \(start), every \(step)")
        var place = start
        while place < bytes.count {
            let value = UInt64(bytes[place])
            sum &+= value
            squares &+= value &* value
            count += 1
            place += step
        }
    }

    public mutating func add(_ other: Moments) {
        count += other.count
        sum += other.sum
        squares += other.squares
    }

    /// 0 of nothing.
    public var mean: Double { count == 0 ? 0 : Double(sum) / Double(count) }

    /// Of the bytes themselves, not of a population that they were drawn from; 0 of nothing.
    public var deviation: Double {
        // n sum(x^2) - sum(x)^2 is a whole number, and not negative.
        let spread = UInt128(count) * UInt128(squares) - UInt128(sum) * UInt128(sum)
        return count == 0 ? 0 : Double(spread).squareRoot() / Double(count)
    }
}
