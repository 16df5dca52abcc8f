// SPDX-License-Identifier: Apache-2.0

import Engines
import Tensors
import Testing

/// The definitions, element by element, against every instruction set: whole numbers, so to the bit.
@Suite struct ResizeTests {
    private let noise = Philox(seed: 3, purpose: .shapes)

    private func bytes(_ count: Int, from start: Int) -> [UInt8] {
        (start..<start + count).map {
            UInt8(truncatingIfNeeded: noise.words(UInt64($0 / 4))[$0 % 4])
        }
    }

    @Test func rowsAreMixed() {
        for (count, weight) in [(1, 0), (15, 4095), (16, 4096), (17, 1), (96, 2048), (541, 1234)] {
            var (above, below) = (bytes(count, from: 0), bytes(count, from: 1000))
            (above[0], below[0]) = (255, 255)
            let expected = zip(above, below).map {
                UInt32($0) * UInt32(4096 - weight) + UInt32($1) * UInt32(weight)
            }
            for kernels in Engine.available {
                var mixed = [UInt32](repeating: 7, count: count + 1)
                above.withUnsafeBufferPointer { above in
                    below.withUnsafeBufferPointer { below in
                        mixed.withUnsafeMutableBufferPointer {
                            kernels.mixRows(above, below, weight: UInt32(weight), into: $0)
                        }
                    }
                }
                #expect(mixed == expected + [7], "\(kernels.name), \(count) bytes")
            }
        }
    }

    @Test(arguments: 1...4) func columnsAreMixed(channels: Int) {
        for (inputs, outputs) in [(1, 1), (2, 5), (9, 4), (320, 180), (31, 64), (7, 23)] {
            var columns = ColumnMix(outputs: outputs, inputs: inputs, channels: channels)
            // Every element as large as it may be, or small.
            let mixed = bytes(columns.inputCount, from: 0).map {
                $0 < 99 ? 255 * 4096 : UInt32($0) * 4000
            }
            var expected: [UInt8] = []
            for x in 0..<outputs {
                let before = (x * 5) % inputs, after = min(before + 1, inputs - 1)
                let weight = UInt32([0, 4096, 4095, 2048, 77][x % 5])
                columns.append(before: before, after: after, weight: weight)
                for c in 0..<channels {
                    let near = UInt64(mixed[before * channels + c]) * UInt64(4096 - weight)
                    let far = UInt64(mixed[after * channels + c]) * UInt64(weight)
                    expected.append(UInt8((near + far + 1 << 23) >> 24))
                }
            }
            for kernels in Engine.available {
                // What is behind the row must stay as it is.
                var row = [UInt8](repeating: 1, count: expected.count + 16)
                mixed.withUnsafeBufferPointer { mixed in
                    row.withUnsafeMutableBufferPointer {
                        kernels.mixColumns(
                            mixed, columns, into: .init(rebasing: $0[..<expected.count]))
                    }
                }
                #expect(
                    row == expected + [UInt8](repeating: 1, count: 16),
                    "\(kernels.name), \(inputs) to \(outputs)")
            }
        }
    }

    @Test func rowsAreAdded() {
        for (count, weight) in [(1, 65536), (16, -700), (35, 4_194_304), (540, -1)] {
            let row = bytes(count, from: 5)
            let start = bytes(count, from: 900).map { Int32($0) - 128 }
            let expected = zip(start, row).map { $0 &+ Int32($1) &* Int32(weight) }
            for kernels in Engine.available {
                var sums = start
                row.withUnsafeBufferPointer { row in
                    sums.withUnsafeMutableBufferPointer {
                        kernels.addRow(row, weight: Int32(weight), to: $0)
                    }
                }
                #expect(sums == expected, "\(kernels.name), \(count) bytes")
            }
        }
    }

    /// As large as may be, of either sign, with ties, and at random.
    @Test(arguments: [1, 3, 4]) func columnsAreSummed(channels: Int) {
        for (inputs, outputs, most, shift) in [
            (1, 1, 1, 32), (2, 5, 2, 32), (9, 4, 0, 32), (180, 61, 4, 32), (31, 64, 5, 22),
            (70, 23, 13, 22), (6, 17, 6, 1),
        ] {
            var columns = ColumnSums(
                outputs: outputs, inputs: inputs, channels: channels, most: most, shift: shift)
            let mixed = bytes(columns.inputCount, from: 7).map { byte in
                let largest: Int32 = shift == 32 ? 1 << 29 : 255
                return byte < 90 ? largest : byte < 140 ? -largest : Int32(byte)
            }
            var expected: [Int32] = []
            for x in 0..<outputs {
                let count = min(bytes(1, from: x).map { Int($0) % (most + 1) }[0], inputs)
                let first = x * 7 % (inputs - count + 1)
                let weights = bytes(count, from: 31 * x).map {
                    (Int32($0) - 77) << (shift == 1 ? 0 : 7)
                }
                columns.append(first: first, weights: weights[...])
                for c in 0..<channels {
                    var sum: Int64 = 1 << (shift - 1)
                    for (k, weight) in weights.enumerated() {
                        sum += Int64(mixed[(first + k) * channels + c]) * Int64(weight)
                    }
                    expected.append(Int32(sum >> shift))
                }
            }
            for kernels in Engine.available {
                // What is behind the line must stay as it is.
                var line = [Int32](repeating: 1, count: expected.count + 16)
                mixed.withUnsafeBufferPointer { mixed in
                    line.withUnsafeMutableBufferPointer {
                        kernels.sumColumns(
                            mixed, columns, into: .init(rebasing: $0[..<expected.count]))
                    }
                }
                #expect(
                    line == expected + [Int32](repeating: 1, count: 16),
                    "\(kernels.name), \(inputs) to \(outputs)")
            }
        }
    }

    @Test func levelsAreClamped() {
        for (count, shift) in [(1, 0), (16, 22), (35, 22), (540, 0)] {
            let line = bytes(count, from: 3).map { (Int32($0) * 3 - 200) << Int32(shift) - 1 }
            let expected = line.map { UInt8(clamping: $0 >> Int32(shift)) }
            for kernels in Engine.available {
                var levels = [UInt8](repeating: 7, count: count)
                line.withUnsafeBufferPointer { line in
                    levels.withUnsafeMutableBufferPointer {
                        kernels.clampLevels(line, shift: shift, into: $0)
                    }
                }
                #expect(levels == expected, "\(kernels.name), \(count) levels")
            }
        }
    }

    @Test func aRowThatIsTooShortTraps() async {
        await #expect(processExitsWith: .failure) {
            var columns = ColumnMix(outputs: 1, inputs: 3, channels: 3)
            columns.append(before: 0, after: 1, weight: 0)
            let mixed = AlignedBuffer<UInt32>(count: 9)
            let row = AlignedBuffer<UInt8>(count: 3)
            Engine.best().mixColumns(Words(mixed.elements), columns, into: row.elements)
        }
        await #expect(processExitsWith: .failure) {
            var columns = ColumnMix(outputs: 1, inputs: 3, channels: 3)
            columns.append(before: 2, after: 3, weight: 0)
        }
    }
}
