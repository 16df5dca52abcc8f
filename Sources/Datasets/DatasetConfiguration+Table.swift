// SPDX-License-Identifier: Apache-2.0
//
// What a table needs beside its path. The names are those of Keras's `flow_from_dataframe`.

import Configuration

extension DatasetConfiguration {
    /// Where a table has what.
    public struct Table: Sendable, Equatable {
        /// The column of file names.
        public var xCol: String
        /// The column of labels: class names. Of `class_mode: raw` the columns of numbers.
        public var yCols: [String]
        /// The column of what the loss of each image counts; empty where all count the same.
        public var weightCol = ""
        /// The folder that file names begin in, from the folder of the table on; empty is that folder.
        public var directory: String

        public init(xCol: String = "filename", yCol: String = "class", directory: String = "") {
            self.init(xCol: xCol, yCols: [yCol], directory: directory)
        }

        public init(xCol: String = "filename", yCols: [String], directory: String = "") {
            precondition(!yCols.isEmpty, "Table: no column of labels")
            self.xCol = xCol
            self.yCols = yCols
            self.directory = directory
        }

        init(fields: inout Fields, _ mode: ClassMode) throws(ConfigError) {
            let columns = try fields.names("y_col")
            self.init(
                xCol: try fields.string("x_col", default: "filename"),
                yCols: columns.isEmpty ? ["class"] : columns,
                directory: try fields.string("directory", default: ""))
            weightCol = try fields.string("weight_col", default: "")
            guard yCols.count == 1 || mode == .raw else {
                throw ConfigError(
                    code: .outOfRange, path: "\(fields.path).y_col", line: fields.line,
                    detail:
                        "names \(yCols.count) columns, but class_mode \(mode.rawValue) takes one;"
                        + " if they hold numbers set class_mode to raw")
            }
        }

        func encoded() -> [ConfigValue.Entry] {
            [
                .init("x_col", .scalar(xCol)),
                .init(
                    "y_col", yCols.count == 1 ? .scalar(yCols[0]) : .list(yCols.map { .scalar($0) })
                ),
                .init("directory", .scalar(directory)),
            ] + (weightCol.isEmpty ? [] : [.init("weight_col", .scalar(weightCol))])
        }
    }

    /// Whether each image says what its loss counts.
    public var hasWeights: Bool { sampleWeight || !table.weightCol.isEmpty }

    /// The same data where `other` has it.
    public func located(as other: DatasetConfiguration) -> DatasetConfiguration {
        var copy = self
        copy.path = other.path
        copy.table.directory = other.table.directory
        return copy
    }
}
