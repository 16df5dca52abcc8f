// SPDX-License-Identifier: Apache-2.0
//
// A step of the network over one block of images, and its adjoint.

import Tensors

/// What a layer, or a few fused ones, compute for a block.
///
/// A stage is a plain description with the kernel calls of both passes; all memory is the replica's.
/// Value 0 of the network are the images, value `i + 1` is what stage `i` writes. A stage reads one value,
/// or several if it merges branches, and all that are written before.
protocol Stage: Sendable {
    /// Index of the layer that it belongs to.
    var layer: Int { get }
    /// What it computes, in words.
    var summary: String { get }
    var needs: StageNeeds { get }
    /// Where its weights lie in the flat buffer; empty if it has none.
    var parameterRange: Range<Int> { get }
    /// The part of it whose gradient is there after `finish` alone; that of the rest is added to from zero on.
    var finishedRange: Range<Int> { get }
    /// Floats of its weights in the form that the kernels read.
    var preparedCount: Int { get }

    /// The same for a network that is not trained: it may keep less.
    var withoutBackward: any Stage { get }

    /// Brings the weights into that form.
    func prepare(_ kernels: KernelSet, from weights: Floats, into prepared: MutableFloats)
    func forward(_ block: Block, _ memory: StageMemory)
    /// Writes the gradient of the input, adds to that of the weights.
    func backward(_ block: Block, _ memory: StageMemory)
    /// Completes the weight gradient after the last block of a shard.
    func finish(_ block: Block, _ memory: StageMemory)
}

extension Stage {
    var parameterRange: Range<Int> { 0..<0 }
    var finishedRange: Range<Int> { 0..<0 }
    var preparedCount: Int { 0 }
    var withoutBackward: any Stage { self }
    func prepare(_ kernels: KernelSet, from weights: Floats, into prepared: MutableFloats) {}
    func finish(_ block: Block, _ memory: StageMemory) {}
}

/// What memory a stage asks for, in elements, and what of it must outlive the forward pass.
package struct StageNeeds {
    var input: Int
    var output: Int
    /// Floats kept from forward to backward pass.
    var kept: Int
    /// Bytes kept from forward to backward pass: an argmax, a mask.
    var marks: Int
    /// Floats of scratch, shared by all stages.
    var scratch: Int
    /// Where a shard's gradient is summed in another form before `finish`.
    var accumulator: Int
    /// Which of the values that it reads, by its place among them, the stage can overwrite with its output; the gradient
    /// of that value is then computed over the output's. Nil if it does not work in place.
    var inPlace: Int?
    /// Whether the backward pass reads the first input, the other ones or the output of the forward pass.
    package var rereadsInput: Bool
    package var rereadsOthers: Bool
    package var rereadsOutput: Bool

    package init(
        input: Int, output: Int, kept: Int = 0, marks: Int = 0, scratch: Int = 0,
        accumulator: Int = 0, inPlace: Int? = nil, rereadsInput: Bool = false,
        rereadsOthers: Bool = false, rereadsOutput: Bool = false
    ) {
        self.input = input
        self.output = output
        self.kept = kept
        self.marks = marks
        self.scratch = scratch
        self.accumulator = accumulator
        self.inPlace = inPlace
        self.rereadsInput = rereadsInput
        self.rereadsOthers = rereadsOthers
        self.rereadsOutput = rereadsOutput
    }
}

/// What a stage reads.
struct InputMemory {
    var values: MutableFloats
    /// Empty if nobody asks for the gradient.
    var gradient: MutableFloats
    /// Whether the gradient is added to what stages after this one left there.
    var adds: Bool
}

/// The memory of one stage, laid out once by the replica. The input that a stage overwrites and its output may be
/// the same memory, and their gradients are.
struct StageMemory {
    /// The first value that the stage reads.
    var first: InputMemory
    /// All others.
    var others: [InputMemory]
    var output: MutableFloats
    var outputGradient: MutableFloats
    var kept: MutableFloats
    var marks: MutableBytes
    var scratch: MutableFloats
    var accumulator: MutableFloats
    /// One random stream for each image, for the stages that draw.
    var streams: UnsafeMutableBufferPointer<Philox>
    /// As many zeros as the widest layer has channels: the bias of layers without one.
    var zeros: Floats
    /// As large, for the gradient of those zeros, which nobody reads.
    var sink: MutableFloats

    /// What the stage reads at a place among its inputs.
    subscript(place: Int) -> InputMemory { place == 0 ? first : others[place - 1] }

    var input: MutableFloats { first.values }
    var inputGradient: MutableFloats { first.gradient }
    var addsToInput: Bool { first.adds }
    /// The second value that a stage reads; empty if it reads one.
    var addend: MutableFloats { others.first?.values ?? .init(start: nil, count: 0) }

    /// Copies input to output unless they are the same memory already.
    func copyInputToOutput() {
        guard let input = input.baseAddress, let output = output.baseAddress, input != output
        else { return }
        output.update(from: input, count: self.output.count)
    }
}

/// The block that goes through the network.
struct Block {
    let kernels: KernelSet
    /// The flat buffers of all parameters; the gradient is empty outside training.
    let weights: Floats
    let gradient: MutableFloats
    let isTraining: Bool
    /// Whether a shard's gradient is added to what stands there.
    let addsToGradient: Bool
    let seed: UInt64
    let epoch: Int
    /// Place of the shard's, and of the block's first image in the epoch's order.
    let shardPosition: Int
    var firstPosition = 0
    /// Its number in the shard, from 0.
    var number = 0
    /// Images of the block that are real; the others are zero.
    var live = 0
    /// The prepared weights of the stage at work.
    var prepared = Floats(start: nil, count: 0)

    /// Random numbers for each live image: 12 bits of layer, 20 of epoch and 32 of position name a stream.
    func streams(
        _ purpose: Philox.Purpose, layer: Int, in memory: UnsafeMutableBufferPointer<Philox>
    ) -> UnsafeBufferPointer<Philox> {
        let layer = UInt32(truncatingIfNeeded: layer) << 20
        let epoch = UInt32(truncatingIfNeeded: epoch) & 0xF_FFFF
        for image in 0..<live {
            memory[image] = Philox(
                seed: seed, purpose: purpose, layer | epoch,
                UInt32(truncatingIfNeeded: firstPosition + image))
        }
        return UnsafeBufferPointer(memory.slice(0..<live))
    }
}

extension UnsafeBufferPointer {
    /// - Precondition: `range` lies within the buffer.
    func slice(_ range: Range<Int>) -> Self { .init(rebasing: self[range]) }
}

extension UnsafeMutableBufferPointer {
    /// - Precondition: `range` lies within the buffer.
    func slice(_ range: Range<Int>) -> Self { .init(rebasing: self[range]) }
}
