// SPDX-License-Identifier: Apache-2.0

extension Fields {
    /// A range of factors as Keras takes it: `[lower, upper]`, or one number r for 1 - r to 1 + r. An
    /// absent one is 1 to 1.
    public mutating func factors(
        _ name: String, in range: ClosedRange<Double>
    ) throws(ConfigError) -> ClosedRange<Double> {
        guard let value = value(name) else { return 1...1 }
        var bounds: [Double] = []
        switch value.kind {
        case .scalar(let text):
            if let number = Self.number(text) { bounds = [1 - number, 1 + number] }
        case .list(let values):
            for case .scalar(let text) in values.map(\.kind) {
                if let number = Self.number(text) { bounds.append(number) }
            }
            if values.count != 2 { bounds = [] }
        case .null, .map: break
        }
        guard bounds.count == 2, !bounds.contains(where: \.isNaN) else {
            throw wrong(value, name, "a number, or a list of two: the lower and the upper one")
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
