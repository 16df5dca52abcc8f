// SPDX-License-Identifier: Apache-2.0
//
// What a convolution does with its sums while they are in registers.

import Tensors

/// activation(bias + scale * sum + addend), where scale and addend are for evaluation: there the
/// normalisation and the residual branch that follow a convolution cost no sweep over memory.
struct Epilogue {
    private let bias: Source
    private let scale: Source?
    /// From an output to its addend, in floats.
    private let toAddend: Int?
    private let floor: Vector

    init(_ g: ConvGeometry, _ operands: ConvOperands, _ output: Target) {
        bias = operands.bias.baseAddress!
        scale = operands.scale.isEmpty ? nil : operands.scale.baseAddress
        toAddend = operands.addend.isEmpty ? nil : operands.addend.baseAddress! - Source(output)
        floor = g.floor
    }

    /// Where a sum of the 16 channels from `channel` on begins that `complete` ends: at the bias, if it can.
    @inline(always)
    func start(_ channel: Int) -> Vector { scale == nil ? (bias + channel).vector : Vector() }

    /// Writes the output of a sum that began at `start`.
    @inline(always)
    func complete(_ sum: Vector, _ channel: Int, to output: Target) {
        if scale == nil {
            finish(sum, to: output)
        } else {
            write(sum, channel, to: output)
        }
    }

    /// Writes the output of a sum that began at zero.
    @inline(always)
    func write(_ sum: Vector, _ channel: Int, to output: Target) {
        let factor = scale.map { ($0 + channel).vector } ?? Vector(1)
        finish((bias + channel).vector.plus(factor, times: sum), to: output)
    }

    @inline(always)
    private func finish(_ value: Vector, to output: Target) {
        let sum = toAddend.map { value + Source(output + $0).vector } ?? value
        output.vector = sum.raised(to: floor)
    }
}
