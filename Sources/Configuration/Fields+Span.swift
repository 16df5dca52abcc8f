// SPDX-License-Identifier: Apache-2.0

extension Fields {
    /// A range: `[lower, upper]`, or one of the two numbers where the other is known; nil if it is absent.
    ///
    /// - Parameters:
    ///   - from: What a single number is the upper bound to.
    ///   - to: What a single number is the lower bound to.
    public mutating func span(
        _ name: String, from lower: Double? = nil, to upper: Double? = nil,
        in range: ClosedRange<Double>
    ) throws(ConfigError) -> ClosedRange<Double>? {
        guard let value = value(name) else { return nil }
        var bounds: [Double] = []
        switch value.kind {
        case .scalar(let text):
            if let number = Self.number(text) {
                if let lower { bounds = [lower, number] }
                if let upper { bounds = [number, upper] }
            }
        case .list(let values):
            for case .scalar(let text) in values.map(\.kind) {
                if let number = Self.number(text) { bounds.append(number) }
            }
            if values.count != 2 { bounds = [] }
        case .null, .map: break
        }
        guard bounds.count == 2, !bounds.contains(where: \.isNaN) else {
            let single = lower != nil || upper != nil ? "a number, or " : ""
            throw wrong(value, name, single + "a list of two: the lower and the upper one")
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
