// SPDX-License-Identifier: Apache-2.0

import Datasets

/// What a survey found, as lines.
public enum DataTable {
    public static func lines(_ survey: DatasetSurvey, classNames: [String]) -> [String] {
        let width = classNames.map(\.count).max() ?? 0
        let figures = survey.counts.map { Figures.grouped($0) }
        let room = figures.map(\.count).max() ?? 0
        var lines = zip(classNames, figures).map { name, figure in
            name + spaces(width - name.count + 3 + room - figure.count) + figure
        }
        lines.append("sizes      \(sizes(survey.sizes))")
        lines.append("mean       \(numbers(survey.mean))")
        lines.append("deviation  \(numbers(survey.deviation))")
        if !survey.unreadable.isEmpty {
            lines.append("unreadable \(Figures.grouped(survey.unreadable.count))")
        }
        return lines
    }

    /// `all 28 x 28`, or the extremes and the most frequent; heights come first.
    private static func sizes(_ sizes: [DatasetSurvey.Size: Int]) -> String {
        func text(_ size: DatasetSurvey.Size) -> String { "\(size.height) x \(size.width)" }
        let most = sizes.max {
            ($0.value, $0.key.height, $0.key.width) < ($1.value, $1.key.height, $1.key.width)
        }
        guard let most else { return "none" }
        if sizes.count == 1 { return "all \(text(most.key)) (height x width)" }
        let (heights, widths) = (sizes.keys.map(\.height), sizes.keys.map(\.width))
        return "\(heights.min() ?? 0) to \(heights.max() ?? 0) x \(widths.min() ?? 0) to"
            + " \(widths.max() ?? 0) (height x width), most often \(text(most.key)):"
            + " \(Figures.grouped(most.value)) of them"
    }

    private static func numbers(_ values: [Double]) -> String {
        values.map { Figures.decimal($0, places: 2) }.joined(separator: "  ")
    }

    private static func spaces(_ count: Int) -> String { String(repeating: " ", count: count) }
}
