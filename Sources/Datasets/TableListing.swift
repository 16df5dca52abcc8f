// SPDX-License-Identifier: Apache-2.0
//
// Images that a table lists, as Keras's `flow_from_dataframe` takes them.

extension ImageListing {
    /// The images of a table, in its order.
    ///
    /// - Parameters:
    ///   - table: Names the columns, and the folder that file names begin in.
    ///   - classes: Which labels are classes; all that occur sort by their UTF-8 bytes.
    ///   - skips: Whether files that are not there are left out.
    init(
        table path: String, _ table: DatasetConfiguration.Table, classes: ClassChoice, skips: Bool
    ) throws(DatasetError) {
        let text = try DelimitedText(path: path)
        let nameColumn = try text.column(table.xCol, for: "x_col")
        let labelColumn = try text.column(table.yCols[0], for: "y_col")
        let weightColumn = try Self.weightColumn(of: table, in: text)
        let labels = text.rows.map { $0.fields[labelColumn] }
        let classNames =
            classes.names
            ?? Set(labels).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        let numbers = Dictionary(
            zip(classNames, Int32(0)...), uniquingKeysWith: { first, _ in first })
        self.init(root: Self.folder(of: path, table), classNames: classNames)
        for row in text.rows {
            let (name, label) = (row.fields[nameColumn], row.fields[labelColumn])
            if !classes.isStrict, !label.isEmpty, numbers[label] == nil { continue }
            guard !label.isEmpty, let number = numbers[label] else {
                throw DatasetError(
                    code: .mismatch,
                    detail: "\(path), line \(row.line): "
                        + (label.isEmpty
                            ? "no label in column '\(table.yCols[0])'; write one or remove the line"
                            : "the label '\(label)' is none of the classes"
                                + " \(Self.few(classNames)); correct it or remove the line"))
            }
            try append(
                row, name, label: number, weight: try Self.weight(row, weightColumn, of: path),
                of: path, skips: skips)
        }
        guard !files.isEmpty else {
            throw DatasetError(
                code: .empty,
                detail: "\(path): names its columns but no image"
                    + (classes.isStrict ? "" : " of \(Self.few(classNames))")
                    + (skipped.first.map { " that is there (\($0))" } ?? "")
                    + "; add a line for each image")
        }
    }

    /// The images of a table, in its order, each with its numbers.
    ///
    /// - Parameters: As above; the columns of numbers stand for the classes.
    init(
        table path: String, numbersOf table: DatasetConfiguration.Table, skips: Bool
    ) throws(DatasetError) {
        let text = try DelimitedText(path: path)
        let nameColumn = try text.column(table.xCol, for: "x_col")
        var columns: [Int] = []
        for name in table.yCols { columns.append(try text.column(name, for: "y_col")) }
        let weightColumn = try Self.weightColumn(of: table, in: text)
        self.init(root: Self.folder(of: path, table), classNames: table.yCols)
        for row in text.rows {
            var targets: [Float] = []
            for (column, name) in zip(columns, table.yCols) {
                let field = row.fields[column]
                guard let number = Float(field), number.isFinite else {
                    throw DatasetError(
                        code: .mismatch,
                        detail:
                            "\(path), line \(row.line): '\(field)' in column '\(name)' is no number;"
                            + " correct it, remove the line, or set class_mode to sparse for classes"
                    )
                }
                targets.append(number)
            }
            try append(
                row, row.fields[nameColumn], label: 0, targets: targets,
                weight: try Self.weight(row, weightColumn, of: path), of: path, skips: skips)
        }
        guard !files.isEmpty else {
            throw DatasetError(
                code: .empty,
                detail: "\(path): names its columns but no image"
                    + (skipped.first.map { " that is there (\($0))" } ?? "")
                    + "; add a line for each image")
        }
    }

    /// Adds the image of a row.
    private mutating func append(
        _ row: DelimitedText.Row, _ name: String, label: Int32, targets: [Float] = [],
        weight: Float?, of path: String, skips: Bool
    ) throws(DatasetError) {
        do throws(DatasetError) {
            try append(name, label: label, targets: targets, weight: weight)
        } catch {
            let fault = error.named("\(path), line \(row.line)")
            guard skips, error.code == .notFound else { throw fault }
            skip(fault)
        }
    }

    private static func weightColumn(
        of table: DatasetConfiguration.Table, in text: DelimitedText
    ) throws(DatasetError) -> Int? {
        table.weightCol.isEmpty ? nil : try text.column(table.weightCol, for: "weight_col")
    }

    /// What the loss of a row's image counts.
    private static func weight(
        _ row: DelimitedText.Row, _ column: Int?, of path: String
    ) throws(DatasetError) -> Float? {
        guard let column else { return nil }
        guard let weight = Float(row.fields[column]), 0...1e6 ~= weight else {
            throw DatasetError(
                code: .mismatch,
                detail: "\(path), line \(row.line): the weight '\(row.fields[column])', expected a"
                    + " number from 0 to 1000000; correct it or remove the line")
        }
        return weight
    }

    /// Where file names begin: the folder that the table says, from the table's own folder on.
    private static func folder(of path: String, _ table: DatasetConfiguration.Table) -> String {
        let own = path.contains("/") ? path.replacing(/\/[^\/]*$/, with: "") : ""
        if table.directory.isEmpty { return own }
        let isWhole = table.directory.hasPrefix("/") || own.isEmpty
        return isWhole ? table.directory : "\(own)/\(table.directory)"
    }

    /// The first ten of a list.
    private static func few(_ names: [String]) -> String {
        names.prefix(10).joined(separator: ", ") + (names.count > 10 ? " ..." : "")
    }

    private mutating func append(
        _ name: String, label: Int32, targets: [Float], weight: Float?
    ) throws(DatasetError) {
        guard !name.isEmpty else {
            throw DatasetError(
                code: .notFound, detail: "no file name; write one or remove the line")
        }
        guard !name.split(separator: "/").contains("..") else {
            throw DatasetError(
                code: .unsupported,
                detail: "the file name '\(name)' leads out of its folder by '..'; set"
                    + " dataset.directory to the folder that all files are in")
        }
        guard isFile(location(name)) else {
            throw DatasetError(
                code: .notFound,
                detail: "there is no file \(location(name)); correct the name, set"
                    + " dataset.directory to the folder that it begins in, or remove the line")
        }
        try add(name, label: label, targets: targets, weight: weight)
    }
}
