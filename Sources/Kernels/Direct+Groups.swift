// SPDX-License-Identifier: Apache-2.0
//
// Groups whose borders cut blocks of 16 channels. Such a block has weights for the channels of all groups
// that it touches; those between channels of two groups are zero, and stay so.

import Tensors

extension Direct {
    /// Makes the gradient zero where no filter reads a channel.
    @inline(never)
    static func clearStrangers(_ g: ConvGeometry, _ weights: Target) {
        let taps = g.kernelHeight * g.kernelWidth, depth = g.inputDepth
        for block in 0..<g.outputChannels / 16 {
            let start = g.inputStart(ofBlock: block)
            for row in 0..<depth {
                let readers = g.outputs(ofInput: start + row)
                let below = channels(from: block * 16, below: readers.upperBound)
                let mask = below .& .!channels(from: block * 16, below: readers.lowerBound)
                for tap in 0..<taps {
                    let at = weights + ((block * taps + tap) * depth + row) * 16
                    at.vector = at.vector.keeping(mask)
                }
            }
        }
    }

    /// w[oc / 16][tap][depth][16] -> wᵀ[ic / 16][tap][depth][16], weight by weight.
    @inline(never)
    static func transposeApart(_ g: ConvGeometry, _ weights: Source, into result: Target) {
        let taps = g.kernelHeight * g.kernelWidth
        let (depth, height) = (g.inputDepth, g.outputDepth)
        for i in 0..<g.preparedCount { result[i] = 0 }
        for block in 0..<g.outputChannels / 16 {
            let start = g.inputStart(ofBlock: block)
            for c in start..<start + depth {
                let readers = g.outputs(ofInput: c).clamped(to: block * 16..<(block + 1) * 16)
                let first = g.outputStart(ofBlock: c / 16)
                for tap in 0..<taps {
                    let from = weights + ((block * taps + tap) * depth + c - start) * 16
                    let to = result + (c / 16 * taps + tap) * height * 16 + c % 16
                    for o in readers { to[(o - first) * 16] = from[o - block * 16] }
                }
            }
        }
    }
}
