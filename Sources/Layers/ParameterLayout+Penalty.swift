// SPDX-License-Identifier: Apache-2.0

import Tensors

extension ParameterLayout {
    /// What the size of weights adds to the mean loss: of a slice of the flat buffer that begins at `start`.
    /// Always summed in the same order.
    public func penalty(of weights: Floats, at start: Int, _ kernels: KernelSet) -> Double {
        let slice = start..<start + weights.count
        var sum = 0.0
        for entry in exceptions where !entry.penalty.isNone && entry.range.overlaps(slice) {
            let range = entry.range.clamped(to: slice)
            let (absolute, squares) = kernels.magnitudes(
                Floats(rebasing: weights[range.lowerBound - start..<range.upperBound - start]))
            sum += entry.penalty.l1 * absolute + entry.penalty.l2 * squares
        }
        return sum
    }
}
