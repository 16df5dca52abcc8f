// SPDX-License-Identifier: Apache-2.0
//
// What a convolution does with its sums while they are in registers.

import Tensors

/// activation(bias + scale * sum + addend), where scale and addend are for evaluation: there the
/// normalisation and the residual branch that follow a convolution cost no sweep over memory.
struct Epilogue {
    private let biases: Source?
    private let scales: Source?
    /// From an output to its addend, in floats.
    private let toAddend: Int?
    private let limit: Limit

    init(_ g: ConvGeometry, _ operands: ConvOperands, _ output: Target) {
        biases = operands.bias.baseAddress!
        scales = operands.scale.isEmpty ? nil : operands.scale.baseAddress
        toAddend = operands.addend.isEmpty ? nil : operands.addend.baseAddress! - Source(output)
        limit = Limit(g.activation)
    }

    /// Sums as they are, added to what stands there or not.
    init(adding: Bool) {
        biases = nil
        scales = nil
        toAddend = adding ? 0 : nil
        limit = Limit(.linear)
    }

    /// Neither addend nor ceiling.
    var isSimple: Bool { toAddend == nil && !limit.hasCeiling }
    /// No factor, either.
    var isPlain: Bool { scales == nil && isSimple }
    /// What outputs are raised to.
    var floor: Vector { limit.floor }

    /// Of the 16 channels from `channel` on.
    @inline(always) func bias(_ channel: Int) -> Vector {
        biases.map { ($0 + channel).vector } ?? Vector()
    }
    @inline(always) func scale(_ channel: Int) -> Vector {
        scales.map { ($0 + channel).vector } ?? Vector(1)
    }

    /// Where a sum of the 16 channels from `channel` on begins that `complete` ends: at the bias, if it can.
    @inline(always)
    func start(_ channel: Int) -> Vector { scales == nil ? bias(channel) : Vector() }

    /// Writes the output of a sum that began at `start`.
    @inline(always)
    func complete(_ sum: Vector, _ channel: Int, to output: Target) {
        if scales == nil {
            finish(sum, to: output)
        } else {
            write(sum, channel, to: output)
        }
    }

    /// Writes the output of a sum that began at zero.
    @inline(always)
    func write(_ sum: Vector, _ channel: Int, to output: Target) {
        finish(bias(channel).plus(scale(channel), times: sum), to: output)
    }

    @inline(always)
    private func finish(_ value: Vector, to output: Target) {
        let sum = toAddend.map { value + Source(output + $0).vector } ?? value
        output.vector = limit(sum)
    }
}
