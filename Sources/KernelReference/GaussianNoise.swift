// SPDX-License-Identifier: Apache-2.0
//
// Normal noise by its definition.

import Foundation
import Tensors

extension UInt32 {
    /// The number below which a share (2 k + 1) / 2^24 of a normal distribution lies, k the upper 23 bits: found
    /// by halving, in the tail that is nearer.
    public var normal: Double {
        let k = Double(self >> 9)
        let tail = (k < 0x1p22 ? 2 * k + 1 : 0x1p24 - 2 * k - 1) / 0x1p24
        var low = 0.0, high = 8.0
        for _ in 0..<60 {
            let middle = (low + high) / 2
            if erfc(middle / 2.0.squareRoot()) / 2 > tail { low = middle } else { high = middle }
        }
        return k < 0x1p22 ? -low : low
    }
}
