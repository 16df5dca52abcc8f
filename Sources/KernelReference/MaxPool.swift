// SPDX-License-Identifier: Apache-2.0
//
// Max pools by their definition.

import Tensors

extension PoolGeometry {
    /// The largest of each window, or the smallest, and its tap, the first of equals.
    public func forward(_ input: [Double]) -> (output: [Double], argmax: [Int]) {
        var output = [Double](repeating: 0, count: outputCount)
        var argmax = [Int](repeating: 0, count: outputCount)
        for i in 0..<outputCount {
            let sign = takesSmallest ? -1.0 : 1
            let best = window(of: i).max { sign * input[$0.index] < sign * input[$1.index] }!
            let first = window(of: i).first { input[$0.index] == input[best.index] }!
            (output[i], argmax[i]) = (input[first.index], first.tap)
        }
        return (output, argmax)
    }

    /// Each output's gradient at the input that it came from.
    public func backward(_ outputGradient: [Double], argmax: [Int]) -> [Double] {
        var gradient = [Double](repeating: 0, count: inputCount)
        for i in 0..<outputCount {
            gradient[window(of: i).first { $0.tap == argmax[i] }!.index] += outputGradient[i]
        }
        return gradient
    }

    /// The taps of an output that lie inside the image, and where.
    func window(of output: Int) -> [(tap: Int, index: Int)] {
        let inner = images * channels, pixel = output / inner
        return (0..<windowHeight * windowWidth).compactMap { tap in
            let y = pixel / outputWidth * strideY - padTop + tap / windowWidth
            let x = pixel % outputWidth * strideX - padLeft + tap % windowWidth
            guard y >= 0, y < inputHeight, x >= 0, x < inputWidth else { return nil }
            return (tap, (y * inputWidth + x) * inner + output % inner)
        }
    }
}
