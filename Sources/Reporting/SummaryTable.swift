// SPDX-License-Identifier: Apache-2.0

/// A model as a table, as Keras's `model.summary()` shows it.
public enum SummaryTable {
    public struct Row: Sendable {
        /// `conv2d_1 (Conv2D)`
        public var layer: String
        /// `(26, 26, 32)`
        public var shape: String
        public var parameters: Int

        public init(layer: String, shape: String, parameters: Int) {
            self.layer = layer
            self.shape = shape
            self.parameters = parameters
        }
    }

    public static func lines(_ rows: [Row]) -> [String] {
        let cells =
            [["Layer (type)", "Output shape", "Parameters"]]
            + rows.map { [$0.layer, $0.shape, Figures.grouped($0.parameters)] }
        let widths = (0..<3).map { column in cells.map { $0[column].count }.max() ?? 0 }
        let text = cells.map { cell in
            pad(cell[0], widths[0]) + "   " + pad(cell[1], widths[1]) + "   "
                + String(repeating: " ", count: widths[2] - cell[2].count) + cell[2]
        }
        let rule = String(repeating: "-", count: widths.reduce(6, +))
        let total = rows.reduce(0) { $0 + $1.parameters }
        return [text[0], rule] + text.dropFirst() + [
            rule, "Total parameters: \(Figures.grouped(total)) (\(size(total * 4)))",
        ]
    }

    /// `364.5 KiB`
    public static func size(_ bytes: Int) -> String {
        var (value, unit) = (Double(bytes), "bytes")
        for next in ["KiB", "MiB", "GiB", "TiB"] where value >= 1024 {
            (value, unit) = (value / 1024, next)
        }
        return unit == "bytes" ? "\(bytes) bytes" : "\(Figures.decimal(value, places: 1)) \(unit)"
    }

    private static func pad(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: width - text.count)
    }
}
