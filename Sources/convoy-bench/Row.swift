// SPDX-License-Identifier: Apache-2.0
//
// One result, for eyes or for programs.

import Foundation

/// A line of named values in a fixed order.
struct Row {
    enum Value {
        case text(String)
        /// With so many digits after the point.
        case number(Double, digits: Int)
    }

    private var fields: [(name: String, value: Value)] = []

    mutating func add(_ name: String, _ text: String) { fields.append((name, .text(text))) }

    mutating func add(_ name: String, _ number: Double, digits: Int = 0) {
        fields.append((name, .number(number, digits: digits)))
    }

    mutating func add(_ name: String, _ number: Int) { add(name, Double(number)) }

    /// Prints the row at once, so that a reader sees results as they come.
    func show(json: Bool) {
        print(json ? self.json : text)
        fflush(nil)
    }

    private var json: String {
        let members = fields.map { name, value in
            switch value {
            case .text(let text): "\"\(name)\": \"\(text)\""
            case .number(let number, let digits):
                "\"\(name)\": \(number.isFinite ? Self.figure(number, digits) : "null")"
            }
        }
        return "{\(members.joined(separator: ", "))}"
    }

    /// The first value names the row; the others stand in columns.
    private var text: String {
        fields.enumerated().map { index, field in
            switch field.value {
            case .text(let text):
                index == 0
                    ? text.padding(toLength: max(34, text.count), withPad: " ", startingAt: 0)
                    : "  \(field.name) \(text)"
            case .number(let number, let digits):
                "  \(field.name) " + Self.padded(Self.figure(number, digits), to: 7)
            }
        }.joined()
    }

    private static func figure(_ number: Double, _ digits: Int) -> String {
        String(format: "%.\(digits)f", number)
    }

    private static func padded(_ text: String, to width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }
}
