// SPDX-License-Identifier: Apache-2.0

/// A name with a place for a number, as `printf` has it: `shard-%05d.tar`.
public struct NumberedName: Sendable, Equatable {
    private let before: String
    private let after: String
    private let digits: Int
    public let isNumbered: Bool

    /// - Returns: nil for anything but `%d`, `%05d` and their like, at most one of them, and `%%`.
    public init?(_ pattern: String) {
        var parts = [""]
        var digits = 0
        var rest = pattern[...]
        while let next = rest.popFirst() {
            guard next == "%" else {
                parts[parts.count - 1].append(next)
                continue
            }
            if rest.first == "%" {
                rest.removeFirst()
                parts[parts.count - 1] += "%"
                continue
            }
            let width = rest.prefix { $0.isASCII && $0.isNumber }
            rest = rest.dropFirst(width.count)
            guard rest.popFirst() == "d", parts.count == 1, width.isEmpty || width.first == "0",
                let count = width.isEmpty ? 0 : Int(width), count <= 20
            else { return nil }
            digits = count
            parts.append("")
        }
        (before, after, self.digits) = (parts[0], parts.count > 1 ? parts[1] : "", digits)
        isNumbered = parts.count > 1
    }

    public subscript(_ number: Int) -> String {
        guard isNumbered else { return before }
        let text = "\(number)"
        return before + String(repeating: "0", count: max(0, digits - text.count)) + text + after
    }
}
