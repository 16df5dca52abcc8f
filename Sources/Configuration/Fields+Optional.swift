// SPDX-License-Identifier: Apache-2.0

extension Fields {
    /// A whole number, or nil if the field is absent.
    public mutating func optionalInt(
        _ name: String, in range: ClosedRange<Int>
    ) throws(ConfigError) -> Int? {
        value(name) == nil ? nil : try int(name, in: range)
    }

    /// A list of numbers; empty if it is absent.
    public mutating func numbers(
        _ name: String, in range: ClosedRange<Double>
    ) throws(ConfigError) -> [Double] {
        guard let value = value(name) else { return [] }
        guard case .list(let items) = value.kind else {
            throw wrong(value, name, "a list of numbers")
        }
        var numbers: [Double] = []
        for item in items {
            guard case .scalar(let text) = item.kind, let number = Self.number(text), !number.isNaN
            else { throw wrong(item, name, "a number") }
            guard range.contains(number) else {
                throw outside(item, name, number, range.lowerBound, range.upperBound, .infinity)
            }
            numbers.append(number)
        }
        return numbers
    }
}
