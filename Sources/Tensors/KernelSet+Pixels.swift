// SPDX-License-Identifier: Apache-2.0
//
// Kernels that resize images, in whole numbers, at the edge: every count is compared once.

extension KernelSet {
    /// Two rows of bytes, weighted: `mixed[i] = above[i] (4096 - weight) + below[i] weight`.
    ///
    /// - Parameters:
    ///   - weight: Of the row below, in 4096ths.
    ///   - mixed: Its first elements, as many as a row has, are overwritten.
    public func mixRows(
        _ above: Bytes, _ below: Bytes, weight: UInt32, into mixed: MutableWords
    ) {
        precondition(
            above.count == below.count && mixed.count >= above.count && weight <= 4096,
            "mixRows: \(above.count) and \(below.count) bytes into \(mixed.count), weight \(weight)"
        )
        loops.mixRows(above, below, weight: weight, into: mixed)
    }

    /// What `mixRows` made, to a row of bytes: the two columns of each pixel, weighted, to the nearest level,
    /// half up.
    ///
    /// - Parameters:
    ///   - mixed: Elements of at most 255 * 4096; `columns.inputCount` of them.
    ///   - row: Overwritten, `[columns.outputs, columns.channels]`.
    public func mixColumns(_ mixed: Words, _ columns: ColumnMix, into row: MutableBytes) {
        expect(mixed.count, columns.inputCount, "mixColumns: mixed", columns.channels)
        expect(row.count, columns.outputs * columns.channels, "mixColumns: row", columns.channels)
        loops.mixColumns(mixed, columns, into: row)
    }

    /// Weighted sums of columns, to the nearest whole numbers, half up.
    ///
    /// - Parameters:
    ///   - mixed: Elements between -2^29 and 2^29; `columns.inputCount` of them.
    ///   - line: Overwritten, `[columns.outputs, columns.channels]`.
    public func sumColumns(_ mixed: Integers, _ columns: ColumnSums, into line: MutableIntegers) {
        expect(mixed.count, columns.inputCount, "sumColumns: mixed", columns.channels)
        expect(line.count, columns.outputs * columns.channels, "sumColumns: line", columns.channels)
        loops.sumColumns(mixed, columns, into: line)
    }

    /// `levels[i] = line[i] / 2^shift`, rounded down, and brought to 0 to 255.
    ///
    /// - Parameter shift: 0 to 31.
    public func clampLevels(_ line: Integers, shift: Int, into levels: MutableBytes) {
        expect(levels.count, line.count, "clampLevels: levels", shift)
        precondition(0...31 ~= shift, "clampLevels: shift \(shift)")
        loops.clampLevels(line, shift: shift, into: levels)
    }

    /// `sums[i] += row[i] weight`, which does not overflow or wraps.
    public func addRow(_ row: Bytes, weight: Int32, to sums: MutableIntegers) {
        expect(sums.count, row.count, "addRow: sums", weight)
        loops.addRow(row, weight: weight, to: sums)
    }
}
