// SPDX-License-Identifier: Apache-2.0

// Fields of two numbers, the lower one first.
extension Fields {
    /// A range of factors as Keras takes it: `[lower, upper]`, or one number r for 1 - r to 1 + r. An
    /// absent one is 1 to 1.
    public mutating func factors(
        _ name: String, in range: ClosedRange<Double>
    ) throws(ConfigError) -> ClosedRange<Double> {
        try bounds(name, in: range) { [1 - $0, 1 + $0] } ?? 1...1
    }

    /// A range: `[lower, upper]`, or one of the two numbers where the other is known; nil if it is absent.
    ///
    /// - Parameters:
    ///   - from: What a single number is the upper bound to.
    ///   - to: What a single number is the lower bound to.
    public mutating func span(
        _ name: String, from lower: Double? = nil, to upper: Double? = nil,
        in range: ClosedRange<Double>
    ) throws(ConfigError) -> ClosedRange<Double>? {
        if let lower { return try bounds(name, in: range) { [lower, $0] } }
        if let upper { return try bounds(name, in: range) { [$0, upper] } }
        return try bounds(name, in: range, single: nil)
    }

    /// A range that has to be there: `[lower, upper]`, or one number for what `single` makes of it.
    public mutating func range(
        _ name: String, in range: ClosedRange<Double>, single: @escaping (Double) -> [Double]
    ) throws(ConfigError) -> ClosedRange<Double> {
        try preset(try bounds(name, in: range, single: single), name)
    }

    /// - Parameter single: The bounds that a single number stands for; nil if there have to be two.
    private mutating func bounds(
        _ name: String, in range: ClosedRange<Double>, single: ((Double) -> [Double])?
    ) throws(ConfigError) -> ClosedRange<Double>? {
        guard let value = value(name) else { return nil }
        var bounds: [Double] = []
        switch value.kind {
        case .scalar(let text):
            if let number = Self.number(text) { bounds = single?(number) ?? [] }
        case .list(let values):
            for case .scalar(let text) in values.map(\.kind) {
                if let number = Self.number(text) { bounds.append(number) }
            }
            if values.count != 2 { bounds = [] }
        case .null, .map: break
        }
        guard bounds.count == 2, !bounds.contains(where: \.isNaN) else {
            let first = single == nil ? "" : "a number, or "
            throw wrong(value, name, first + "a list of two: the lower and the upper one")
        }
        for bound in bounds where !range.contains(bound) {
            throw outside(value, name, bound, range.lowerBound, range.upperBound, .infinity)
        }
        guard bounds[0] <= bounds[1] else {
            throw wrong(value, name, "the lower number, \(bounds[1]), before the upper one")
        }
        return bounds[0]...bounds[1]
    }
}
