// SPDX-License-Identifier: Apache-2.0
//
// What moves numbers, by its definition.

import Tensors

extension UpsampleGeometry {
    /// Each output as the sum of all inputs, most of which count nothing in it.
    public func enlarged(_ input: [Double]) -> [Double] {
        var output = [Double](repeating: 0, count: outputCount)
        eachShare { share, from, to in output[to] += share * input[from] }
        return output
    }

    /// The gradient of the input.
    public func gathered(_ gradient: [Double]) -> [Double] {
        var input = [Double](repeating: 0, count: inputCount)
        eachShare { share, from, to in input[from] += share * gradient[to] }
        return input
    }

    /// Calls `body` with all pairs of an input and an output of which the first is a part.
    private func eachShare(_ body: (_ share: Double, _ input: Int, _ output: Int) -> Void) {
        let width = inputWidth * factorX, pixel = images * channels
        for y in 0..<inputHeight * factorY {
            for r in 0..<inputHeight {
                let down = share(factorY, inputHeight, y, r)
                if down == 0 { continue }
                for x in 0..<width {
                    for c in 0..<inputWidth {
                        let share = down * share(factorX, inputWidth, x, c)
                        if share == 0 { continue }
                        for i in 0..<pixel {
                            body(
                                share, (r * inputWidth + c) * pixel + i,
                                (y * width + x) * pixel + i)
                        }
                    }
                }
            }
        }
    }

    /// What input pixel `i` counts in output pixel `o`, along one axis.
    private func share(_ factor: Int, _ count: Int, _ o: Int, _ i: Int) -> Double {
        guard isBilinear else { return o / factor == i ? 1 : 0 }
        let place = (Double(o) + 0.5) / Double(factor) - 0.5
        return max(0, 1 - abs(min(max(place, 0), Double(count - 1)) - Double(i)))
    }
}

extension ChannelSlice {
    /// For each element of the part its place in the whole; nil where the channel is not live.
    public var places: [Int?] {
        (0..<partCount).map { i in
            i % stored < live ? i / stored * whole + first + i % stored : nil
        }
    }
}
