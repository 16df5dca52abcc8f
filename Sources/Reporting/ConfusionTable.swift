// SPDX-License-Identifier: Apache-2.0

/// A confusion matrix as a table with the names of its classes.
public enum ConfusionTable {
    /// The classes that columns stand for are counted over them where their names are too long for that.
    private static let widest = 12

    ///     true \\ predicted  bag  coat  shoe
    ///     bag                95     3     2
    ///
    /// - Parameter counts: A row for each true class; none makes no lines.
    public static func lines(_ counts: [[UInt64]], _ classNames: [String]) -> [String] {
        guard !counts.isEmpty else { return [] }
        let names = counts.indices.map { number in
            number < classNames.count ? ProgressText.clean(classNames[number]) : "\(number)"
        }
        let isShort = names.allSatisfy { $0.count <= widest }
        let heads = isShort ? names : names.indices.map { "\($0)" }
        let sides = isShort ? names : zip(heads, names).map { "\($0) \($1)" }
        let figures = counts.map { row in row.map { Figures.grouped(Int(clamping: $0)) } }
        let corner = "true \\ predicted"
        let side = (sides + [corner]).map(\.count).max() ?? 0
        let widths = heads.indices.map { column in
            (figures.map { $0[column].count } + [heads[column].count]).max() ?? 0
        }
        func line(_ first: String, _ cells: [String]) -> String {
            first + spaces(side - first.count)
                + zip(cells, widths).map { "  " + spaces($1 - $0.count) + $0 }.joined()
        }
        return [line(corner, heads)] + zip(sides, figures).map { line($0, $1) }
    }

    private static func spaces(_ count: Int) -> String { String(repeating: " ", count: count) }
}
