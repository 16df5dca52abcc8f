// SPDX-License-Identifier: Apache-2.0
//
// What a table needs beside its path. The names are those of Keras's `flow_from_dataframe`.

import Configuration

extension DatasetConfiguration {
    /// Where a table has what.
    public struct Table: Sendable, Equatable {
        /// The column of file names.
        public var xCol: String
        /// The column of labels: class names.
        public var yCol: String
        /// The folder that file names begin in, from the folder of the table on; empty is that folder.
        public var directory: String

        public init(xCol: String = "filename", yCol: String = "class", directory: String = "") {
            self.xCol = xCol
            self.yCol = yCol
            self.directory = directory
        }

        init(fields: inout Fields) throws(ConfigError) {
            self.init(
                xCol: try fields.string("x_col", default: "filename"),
                yCol: try fields.string("y_col", default: "class"),
                directory: try fields.string("directory", default: ""))
        }

        func encoded() -> [ConfigValue.Entry] {
            [
                .init("x_col", .scalar(xCol)), .init("y_col", .scalar(yCol)),
                .init("directory", .scalar(directory)),
            ]
        }
    }

    /// The same data where `other` has it.
    public func located(as other: DatasetConfiguration) -> DatasetConfiguration {
        var copy = self
        copy.path = other.path
        copy.table.directory = other.table.directory
        return copy
    }
}
