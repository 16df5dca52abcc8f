// SPDX-License-Identifier: Apache-2.0
//
// What is added around an image, or cut off.

import Configuration

/// Pixels at the edges of an image, as in `padding: [[1, 2], [0, 3]]`.
public struct Margins: Hashable, Sendable, CustomStringConvertible, ExpressibleByIntegerLiteral {
    public var top: Int, bottom: Int, left: Int, right: Int

    public init(top: Int, bottom: Int, left: Int, right: Int) {
        (self.top, self.bottom, self.left, self.right) = (top, bottom, left, right)
    }

    /// The same on all sides.
    public init(_ margin: Int) {
        self.init(top: margin, bottom: margin, left: margin, right: margin)
    }

    public init(integerLiteral margin: Int) { self.init(margin) }

    public var description: String { "((\(top), \(bottom)), (\(left), \(right)))" }

    var height: Int { top + bottom }
    var width: Int { left + right }

    var encoded: ConfigValue {
        .list([[top, bottom], [left, right]].map { .list($0.map { .scalar($0) }) })
    }
}

extension Fields {
    /// Keras's three forms: one number, `[rows, columns]`, `[[top, bottom], [left, right]]`.
    mutating func margins(_ name: String, default preset: Margins) throws(ConfigError) -> Margins {
        guard let value = value(name) else { return preset }
        func numbers(_ value: ConfigValue) -> [Int] {
            switch value.kind {
            case .scalar(let text): Int(text).map { [$0, $0] } ?? []
            case .list(let items):
                items.compactMap { if case .scalar(let text) = $0.kind { Int(text) } else { nil } }
            case .null, .map: []
            }
        }
        var sides: [[Int]] = []
        if case .list(let items) = value.kind {
            sides = items.map(numbers)
        } else {
            sides = [numbers(value), numbers(value)]
        }
        guard sides.count == 2,
            sides.allSatisfy({ $0.count == 2 && $0.allSatisfy { (0...65_536).contains($0) } })
        else {
            throw ConfigError(
                code: .wrongType, path: "\(path).\(name)", line: value.line,
                detail: "found \(value.summary), expected whole numbers of pixels: one, [rows,"
                    + " columns] or [[top, bottom], [left, right]]")
        }
        return Margins(
            top: sides[0][0], bottom: sides[0][1], left: sides[1][0], right: sides[1][1])
    }
}
