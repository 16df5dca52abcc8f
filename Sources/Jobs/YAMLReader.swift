// SPDX-License-Identifier: Apache-2.0
//
// YAML text to configuration values that know their lines.

import Configuration
import Yams

/// Reads the one document of a YAML text.
enum YAMLReader {
    /// A job is a page of text; what is far larger is another file by mistake, or an alias bomb.
    private static let maximumBytes = 1 << 20
    private static let maximumValues = 20_000
    /// What stands for nothing at all.
    static let nulls: Set = ["", "~", "null", "Null", "NULL"]

    /// - Parameter line: Given to every value instead of its own line, for texts that are no file.
    static func read(_ text: String, line: Int? = nil) throws(ConfigError) -> ConfigValue {
        guard text.utf8.count <= maximumBytes else {
            throw ConfigError(
                code: .malformed, path: "", line: line ?? 0,
                detail: "is \(text.utf8.count) bytes long, a job has at most \(maximumBytes); "
                    + "is it the right file?")
        }
        let node: Node?
        do {
            node = try compose(yaml: text)
        } catch {
            throw configError(error, text: text, line: line)
        }
        guard let node else { return ConfigValue(.null, line: line ?? 1) }
        var budget = maximumValues
        return try value(node, line: line, budget: &budget)
    }

    private static func value(
        _ node: Node, line: Int?, budget: inout Int
    ) throws(ConfigError) -> ConfigValue {
        let place = line ?? node.mark?.line ?? 0
        budget -= 1
        guard budget >= 0 else {
            throw ConfigError(
                code: .malformed, path: "", line: place,
                detail: "holds more than \(maximumValues) values; write fewer aliases")
        }
        switch node {
        case .scalar(let scalar):
            let isPlain = scalar.style == .plain || scalar.style == .any
            let isNull = isPlain && nulls.contains(scalar.string)
            return ConfigValue(isNull ? .null : .scalar(scalar.string), line: place)
        case .sequence(let sequence):
            var values: [ConfigValue] = []
            for item in sequence { values.append(try value(item, line: line, budget: &budget)) }
            return ConfigValue(.list(values), line: place)
        case .mapping(let mapping):
            var entries: [ConfigValue.Entry] = []
            for (key, item) in mapping {
                guard case .scalar(let name) = key else {
                    throw ConfigError(
                        code: .malformed, path: "", line: line ?? key.mark?.line ?? place,
                        detail: "found a list or a map where the name of a field belongs")
                }
                // A field is looked for on the line of its name, not of its value.
                var named = try value(item, line: line, budget: &budget)
                named = ConfigValue(named.kind, line: line ?? key.mark?.line ?? named.line)
                entries.append(.init(name.string, named))
            }
            return ConfigValue(.map(entries), line: place)
        case .alias(let alias):
            throw ConfigError(
                code: .malformed, path: "", line: line ?? alias.mark?.line ?? 0,
                detail: "*\(alias.anchor) names no anchor above it")
        }
    }

    private static func configError(_ error: any Error, text: String, line: Int?) -> ConfigError {
        var place = 0
        var detail: String
        switch error as? YamlError {
        case .scanner(let context, let problem, let mark, _),
            .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            place = mark.line
            detail = "is not valid YAML: \(problem) (column \(mark.column))"
            if let context, context.mark.line != mark.line, line == nil {
                detail += ", \(context.text) that begins on line \(context.mark.line)"
            }
            if problem.contains("cannot start any token") {
                detail += "; indent with spaces, not tabs, and quote text that begins with @ or `"
            }
        case .reader(let problem, let offset, _, _):
            let before = text.prefix(offset ?? 0)
            place = before.count { $0.isNewline } + 1
            detail = "is not readable text: \(problem)"
        case .duplicatedKeysInMapping(let names, let context):
            let name = names.first ?? ""
            place = secondLine(of: name, in: text, from: context.mark.line) ?? context.mark.line
            detail = "'\(name)' is given twice; keep one of them"
        default:
            detail = "is not valid YAML: \(error)"
        }
        return ConfigError(code: .malformed, path: "", line: line ?? place, detail: detail)
    }

    /// The line on which a name stands for the second time, counted from a line on.
    private static func secondLine(of name: String, in text: String, from first: Int) -> Int? {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        var indents: Set<Int> = []
        for (index, line) in lines.enumerated().dropFirst(max(first - 1, 0)) {
            let content = line.drop { $0 == " " || $0 == "-" }
            guard content.hasPrefix(name), content.dropFirst(name.count).first == ":" else {
                continue
            }
            if !indents.insert(line.count - content.count).inserted { return index + 1 }
        }
        return nil
    }
}
