// SPDX-License-Identifier: Apache-2.0
//
// Reads a map field by field, then reports what nobody asked for.

/// The fields of one map of a configuration.
///
///     var fields = try Fields(value, path: "training")
///     let epochs = try fields.int("epochs", default: 5, in: 1...Int.max)
///     try fields.finish()
///
/// A field that is there but wrong is an error that names its path, its line and what was expected; a
/// field that nobody asked for is an error that names the nearest one that was.
public struct Fields {
    public let path: String
    public let line: Int
    private let entries: [ConfigValue.Entry]
    private var asked: [String] = []

    /// - Parameter value: A map, or nothing at all, which is a map without fields.
    public init(_ value: ConfigValue, path: String) throws(ConfigError) {
        self.path = path
        line = value.line
        switch value.kind {
        case .null: entries = []
        case .map(let entries):
            var seen: Set<String> = []
            for entry in entries where !seen.insert(entry.name).inserted {
                throw ConfigError(
                    code: .malformed, path: Self.join(path, entry.name), line: entry.value.line,
                    detail: "is given twice; keep one of them")
            }
            self.entries = entries
        case .scalar, .list:
            throw ConfigError(
                code: .wrongType, path: path, line: value.line,
                detail: "found \(value.summary), expected a map of fields (name: value)")
        }
    }

    /// The value of a field, whatever it is; nil if it is absent or empty.
    public mutating func value(_ name: String) -> ConfigValue? {
        asked.append(name)
        guard let value = entries.first(where: { $0.name == name })?.value, value.kind != .null
        else { return nil }
        return value
    }

    public mutating func int(
        _ name: String, default preset: Int? = nil, in range: ClosedRange<Int> = 0...Int.max
    ) throws(ConfigError) -> Int {
        guard let (text, value) = try scalar(name) else { return try self.preset(preset, name) }
        guard let number = Int(text.replacing("_", with: "")) else {
            throw wrong(value, name, "a whole number")
        }
        guard range.contains(number) else {
            throw outside(value, name, number, range.lowerBound, range.upperBound, Int.max)
        }
        return number
    }

    public mutating func double(
        _ name: String, default preset: Double? = nil,
        in range: ClosedRange<Double> = -Double.infinity...Double.infinity
    ) throws(ConfigError) -> Double {
        guard let (text, value) = try scalar(name) else { return try self.preset(preset, name) }
        guard let number = Self.number(text), !number.isNaN else {
            throw wrong(value, name, "a number")
        }
        guard range.contains(number) else {
            throw outside(value, name, number, range.lowerBound, range.upperBound, .infinity)
        }
        return number
    }

    public mutating func bool(
        _ name: String, default preset: Bool? = nil
    ) throws(ConfigError) -> Bool {
        guard let (text, value) = try scalar(name) else { return try self.preset(preset, name) }
        switch text.lowercased() {
        case "true", "yes", "on": return true
        case "false", "no", "off": return false
        default: throw wrong(value, name, "true or false")
        }
    }

    public mutating func string(
        _ name: String, default preset: String? = nil
    ) throws(ConfigError) -> String {
        guard let (text, _) = try scalar(name) else { return try self.preset(preset, name) }
        return text
    }

    /// One of the cases of `Choice`, by its raw value.
    public mutating func choice<Choice: RawRepresentable & CaseIterable>(
        _ name: String, default preset: Choice? = nil
    ) throws(ConfigError) -> Choice where Choice.RawValue == String {
        let names = Choice.allCases.map(\.rawValue)
        let text = try choice(name, default: preset?.rawValue, of: names)
        guard let choice = Choice(rawValue: text) else {
            preconditionFailure("'\(text)' is one of \(names)")
        }
        return choice
    }

    /// One of these names.
    public mutating func choice(
        _ name: String, default preset: String? = nil, of names: [String]
    ) throws(ConfigError) -> String {
        guard let (text, value) = try scalar(name) else { return try self.preset(preset, name) }
        guard names.contains(text) else {
            throw ConfigError(
                code: .wrongType, path: Self.join(path, name), line: value.line,
                detail: "found '\(text)', expected one of \(names.joined(separator: ", "))"
                    + Self.hint(text, names))
        }
        return text
    }

    /// A pair as Keras takes it: one number for both, or a list of two.
    public mutating func pair(
        _ name: String, default preset: (Int, Int)? = nil, in range: ClosedRange<Int> = 1...Int.max
    ) throws(ConfigError) -> (Int, Int) {
        guard let value = value(name) else { return try self.preset(preset, name) }
        let texts: [String]
        switch value.kind {
        case .scalar(let text): texts = [text, text]
        case .list(let values):
            texts = values.compactMap { if case .scalar(let text) = $0.kind { text } else { nil } }
        case .null, .map: texts = []
        }
        let numbers = texts.compactMap { Int($0) }
        guard numbers.count == 2, texts.count == 2 else {
            throw wrong(value, name, "a whole number or a list of two")
        }
        for number in numbers where !range.contains(number) {
            throw outside(value, name, number, range.lowerBound, range.upperBound, Int.max)
        }
        return (numbers[0], numbers[1])
    }

    /// A list of different names, or a single one; empty if it is absent.
    public mutating func names(_ name: String) throws(ConfigError) -> [String] {
        guard let value = value(name) else { return [] }
        var names: [String] = []
        switch value.kind {
        case .scalar(let text): names = [text]
        case .list(let values):
            for case .scalar(let text) in values.map(\.kind) { names.append(text) }
            guard names.count == values.count else { throw wrong(value, name, "a list of names") }
        case .null, .map: throw wrong(value, name, "a list of names")
        }
        guard Set(names).count == names.count else {
            throw wrong(value, name, "each name once")
        }
        return names
    }

    /// - Throws: `unknownField` for a field that nobody asked for.
    public func finish() throws(ConfigError) {
        for entry in entries where !asked.contains(entry.name) {
            throw ConfigError(
                code: .unknownField, path: Self.join(path, entry.name), line: entry.value.line,
                detail: "is not a field of \(path.isEmpty ? "a job" : path)"
                    + (Self.nearest(entry.name, asked).map { "; did you mean '\($0)'?" }
                        ?? "; expected one of \(asked.joined(separator: ", "))"))
        }
    }

    private mutating func scalar(_ name: String) throws(ConfigError) -> (String, ConfigValue)? {
        guard let value = value(name) else { return nil }
        guard case .scalar(let text) = value.kind else {
            throw wrong(value, name, "a single value")
        }
        return (text, value)
    }

    func preset<T>(_ preset: T?, _ name: String) throws(ConfigError) -> T {
        guard let preset else {
            throw ConfigError(
                code: .missingField, path: Self.join(path, name), line: line,
                detail: "is missing; add it under \(path.isEmpty ? "the job" : path)")
        }
        return preset
    }

    func wrong(_ value: ConfigValue, _ name: String, _ expected: String) -> ConfigError {
        ConfigError(
            code: .wrongType, path: Self.join(path, name), line: value.line,
            detail: "found \(value.summary), expected \(expected)")
    }

    func outside<T: Comparable>(
        _ value: ConfigValue, _ name: String, _ number: T, _ lower: T, _ upper: T, _ top: T
    ) -> ConfigError {
        ConfigError(
            code: .outOfRange, path: Self.join(path, name), line: value.line,
            detail: "found \(number), expected "
                + (upper == top ? "at least \(lower)" : "\(lower) to \(upper)"))
    }

    private static func join(_ path: String, _ name: String) -> String {
        path.isEmpty ? name : "\(path).\(name)"
    }

    /// Reads `0.5`, `1e-3` and the fraction `1/255`.
    static func number(_ text: String) -> Double? {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else { return Double(text) }
        guard let a = Double(parts[0]), let b = Double(parts[1]), b != 0 else { return nil }
        return a / b
    }

    /// A name that goes on where the text ends, else the nearest one.
    private static func hint(_ text: String, _ names: [String]) -> String {
        let longer = text.count < 3 ? nil : names.first { $0.hasPrefix(text) }
        return (longer ?? nearest(text, names)).map { "; did you mean '\($0)'?" } ?? ""
    }
}

extension Fields {
    /// The name nearest to `text` by edit distance, if it is near at all.
    public static func nearest(_ text: String, _ names: [String]) -> String? {
        names.map { ($0, distance(Array(text.lowercased().utf8), Array($0.lowercased().utf8))) }
            .filter { $0.1 <= max(2, text.count / 3) }
            .min { $0.1 < $1.1 }?.0
    }

    /// Levenshtein's distance.
    private static func distance(_ a: [UInt8], _ b: [UInt8]) -> Int {
        var row = Array(0...b.count)
        for (i, x) in a.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, y) in b.enumerated() {
                let above = row[j + 1]
                row[j + 1] = min(min(above, row[j]) + 1, diagonal + (x == y ? 0 : 1))
                diagonal = above
            }
        }
        return row[b.count]
    }
}
