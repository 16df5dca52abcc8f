// SPDX-License-Identifier: Apache-2.0
//
// Configuration values to YAML text: one text for one value, so that texts can be compared and hashed.

import Configuration

/// Writes a value as block YAML; the items of a list of maps take one line each.
enum YAMLWriter {
    static func write(_ value: ConfigValue) -> String {
        var text = ""
        block(value, indent: 0, into: &text)
        return text
    }

    /// A map of fields in lines of their own; everything else on one line.
    private static func block(_ value: ConfigValue, indent: Int, into text: inout String) {
        guard case .map(let entries) = value.kind, !entries.isEmpty else {
            text += flow(value) + "\n"
            return
        }
        let margin = String(repeating: " ", count: indent)
        for entry in entries {
            text += "\(margin)\(scalar(entry.name)):"
            switch entry.value.kind {
            case .map(let inner) where !inner.isEmpty:
                text += "\n"
                block(entry.value, indent: indent + 2, into: &text)
            case .list(let items) where items.contains { !$0.isScalar }:
                text += "\n"
                for item in items { text += "\(margin)  - \(flow(item, isItem: true))\n" }
            case .null:
                text += "\n"
            case .scalar, .list, .map:
                text += " \(flow(entry.value))\n"
            }
        }
    }

    /// - Parameter isItem: Writes `Dense: {units: 10}` without braces of its own.
    private static func flow(_ value: ConfigValue, isItem: Bool = false) -> String {
        switch value.kind {
        case .null: return "null"
        case .scalar(let text): return scalar(text)
        case .list(let items):
            return "[" + items.map { flow($0) }.joined(separator: ", ") + "]"
        case .map(let entries):
            if isItem, entries.count == 1, let only = entries.first {
                if case .map(let inner) = only.value.kind, inner.isEmpty {
                    return scalar(only.name)
                }
                return "\(scalar(only.name)): \(flow(only.value))"
            }
            return "{"
                + entries.map { "\(scalar($0.name)): \(flow($0.value))" }.joined(separator: ", ")
                + "}"
        }
    }

    /// Plain where no reader can take it for anything else, else in double quotes.
    private static func scalar(_ text: String) -> String {
        let plain = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./+".utf8)
        // `-` begins a list item, `~` and `null` are nothing; "-1" and "-inf" are numbers.
        let isSafe = text.utf8.allSatisfy(plain.contains) && text.lowercased() != "null"
        if isSafe, !text.isEmpty, text.first != "-" || Double(text) != nil { return text }
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\t": quoted += "\\t"
            case "\r": quoted += "\\r"
            default:
                let code = scalar.value
                if code < 0x20 || (0x7f...0xa0).contains(code) || code == 0x2028 || code == 0x2029
                    || code == 0xfeff
                {
                    let hex = String(code, radix: 16)
                    quoted += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
                } else {
                    quoted.unicodeScalars.append(scalar)
                }
            }
        }
        return quoted + "\""
    }
}

extension ConfigValue {
    fileprivate var isScalar: Bool {
        switch kind {
        case .null, .scalar: true
        case .list, .map: false
        }
    }
}
