// SPDX-License-Identifier: Apache-2.0
//
// Average pools by their definition.

import Tensors

extension PoolGeometry {
    /// The mean of each window.
    public func averages(_ input: [Double]) -> [Double] {
        (0..<outputCount).map { output in
            let window = window(of: output)
            return window.reduce(0) { $0 + input[$1.index] } / Double(window.count)
        }
    }

    /// Each output's gradient, spread over its window.
    public func averageGradient(_ outputGradient: [Double]) -> [Double] {
        var gradient = [Double](repeating: 0, count: inputCount)
        for output in 0..<outputCount {
            let window = window(of: output)
            for tap in window {
                gradient[tap.index] += outputGradient[output] / Double(window.count)
            }
        }
        return gradient
    }
}
