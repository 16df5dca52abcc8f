// SPDX-License-Identifier: Apache-2.0

import Tensors

/// For each output pixel of an axis the weights of some input pixels that follow each other.
struct Taps {
    /// Of each output pixel the first input pixel.
    private(set) var firsts: [Int] = []
    private(set) var weights: [Int32] = []
    /// Where in `weights` an output pixel's begin, and those of the last one end.
    private var starts = [0]

    init(outputs: Int) {
        firsts.reserveCapacity(outputs)
        starts.reserveCapacity(outputs + 1)
        weights.reserveCapacity(4 * outputs)
    }

    var outputs: Int { firsts.count }

    /// One more weight of the next output pixel.
    mutating func add(_ weight: Int32) { weights.append(weight) }

    /// The next output pixel has all its weights.
    mutating func close(first: Int) {
        firsts.append(first)
        starts.append(weights.count)
    }

    func range(of output: Int) -> Range<Int> { starts[output]..<starts[output + 1] }

    /// The input pixels that an output pixel is made of.
    func inputs(of output: Int) -> Range<Int> {
        firsts[output]..<firsts[output] + range(of: output).count
    }

    /// The weight that an input pixel has in an output pixel.
    func weight(of input: Int, in output: Int) -> Int32 {
        inputs(of: output).contains(input)
            ? weights[starts[output] + input - firsts[output]] : 0
    }

    /// As columns of rows of `inputs` pixels.
    ///
    /// - Parameter shift: Sums of weighted elements are levels times 2 to this.
    func columns(inputs: Int, channels: Int, shift: Int) -> ColumnSums {
        var most = 0
        for output in 0..<outputs { most = max(most, range(of: output).count) }
        var columns = ColumnSums(
            outputs: outputs, inputs: inputs, channels: channels, most: most, shift: shift)
        for output in 0..<outputs {
            columns.append(first: firsts[output], weights: weights[range(of: output)])
        }
        return columns
    }
}
