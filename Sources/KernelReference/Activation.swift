// SPDX-License-Identifier: Apache-2.0
//
// Activations by their definitions.

import Foundation
import Tensors

extension ElementActivation {
    /// Of the live channels of each row; the others are zero.
    public func forward(_ rows: Rows, _ input: [Double]) -> [Double] {
        var output = [Double](repeating: 0, count: input.count)
        for row in rows.all {
            switch self {
            case .relu: for i in row { output[i] = max(0, input[i]) }
            case .sigmoid: for i in row { output[i] = 1 / (1 + exp(-input[i])) }
            case .softmax:
                let largest = row.map { input[$0] }.max()!
                let sum = row.map { exp(input[$0] - largest) }.reduce(0, +)
                for i in row { output[i] = exp(input[i] - largest) / sum }
            }
        }
        return output
    }

    /// The gradient of the input, from that of the output.
    public func backward(_ rows: Rows, output: [Double], _ gradient: [Double]) -> [Double] {
        var result = [Double](repeating: 0, count: output.count)
        for row in rows.all {
            let mean = row.map { output[$0] * gradient[$0] }.reduce(0, +)
            for i in row {
                result[i] =
                    switch self {
                    case .relu: output[i] > 0 ? gradient[i] : 0
                    case .sigmoid: gradient[i] * output[i] * (1 - output[i])
                    case .softmax: output[i] * (gradient[i] - mean)
                    }
            }
        }
        return result
    }
}

extension Rows {
    /// The live indices of each row.
    fileprivate var all: [Range<Int>] { (0..<count).map { $0 * stored..<$0 * stored + live } }
}
