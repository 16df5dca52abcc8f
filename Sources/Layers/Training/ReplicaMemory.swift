// SPDX-License-Identifier: Apache-2.0

import Tensors

/// All the memory of a replica: one run of floats and one of bytes, cut up once.
final class ReplicaMemory {
    let stages: [StageMemory]
    /// Where pixels are unpacked to: the input of the first stage.
    let pixels: MutableFloats
    /// What the last stage writes, and where the loss puts its gradient.
    let logits: MutableFloats, logitsGradient: MutableFloats
    let losses: MutableFloats
    let correct: MutableBytes
    /// The sums in another form of all stages, in one run.
    let accumulators: MutableFloats

    private let floats: AlignedBuffer<Float>
    private let bytes: AlignedBuffer<UInt8>
    private let streams: AlignedBuffer<Philox>

    /// - Parameter sharing: False gives each number memory of its own, the reference of tests.
    init(_ model: Model, sharing: Bool = true) {
        let cut = Cut(model, sharing: sharing)
        let floats = AlignedBuffer<Float>(count: cut.floats)
        let bytes = AlignedBuffer<UInt8>(count: cut.bytes)
        let streams = AlignedBuffer<Philox>(count: model.blockSize)
        let plan = cut.plan
        stages = model.stages.indices.map { i in
            StageMemory(
                input: floats[plan.values[i]], output: floats[plan.values[i + 1]],
                inputGradient: floats[plan.gradients[i]],
                outputGradient: floats[plan.gradients[i + 1]],
                kept: floats[plan.kept[i]], marks: bytes[cut.marks[i]],
                scratch: floats[cut.scratch], accumulator: floats[cut.accumulators[i]],
                streams: streams.elements, zeros: Floats(floats[cut.zeros]),
                sink: floats[cut.sink])
        }
        let end = model.stages.count
        pixels = floats[plan.values[0]]
        logits = floats[plan.values[end]]
        logitsGradient = floats[plan.gradients[end]]
        losses = floats[cut.losses]
        correct = bytes[cut.correct]
        accumulators = floats[cut.allAccumulators]
        self.floats = floats
        self.bytes = bytes
        self.streams = streams
    }

    static func byteCount(of model: Model) -> Int {
        let cut = Cut(model, sharing: true)
        return cut.floats * MemoryLayout<Float>.stride + cut.bytes
    }

    /// Where everything lies.
    private struct Cut {
        let plan: MemoryPlan
        let scratch: Range<Int>, zeros: Range<Int>, sink: Range<Int>, losses: Range<Int>
        let accumulators: [Range<Int>]
        let allAccumulators: Range<Int>
        let marks: [Range<Int>]
        let correct: Range<Int>
        let floats: Int, bytes: Int

        init(_ model: Model, sharing: Bool) {
            let needs = model.stages.map(\.needs)
            plan = MemoryPlan(needs, firstTrained: model.firstTrained, sharing: sharing)
            let channels = model.outputShapes.map { Lowering.padded($0[$0.rank - 1]) }.max() ?? 0

            var floats = Run(start: plan.count)
            scratch = floats.take(needs.map(\.scratch).max() ?? 0)
            zeros = floats.take(channels)
            sink = floats.take(channels)
            losses = floats.take(model.blockSize)
            accumulators = needs.map { floats.take($0.accumulator) }
            allAccumulators = losses.upperBound..<floats.end
            self.floats = floats.end

            var bytes = Run(start: 0)
            marks = needs.map { bytes.take($0.marks) }
            correct = bytes.take(model.blockSize)
            self.bytes = bytes.end
        }
    }

    /// Hands out pieces of a run, each at a multiple of 64 elements.
    private struct Run {
        private(set) var end: Int

        init(start: Int) { end = (start + 63) / 64 * 64 }

        mutating func take(_ count: Int) -> Range<Int> {
            defer { end += (count + 63) / 64 * 64 }
            return end..<end + count
        }
    }
}
