// SPDX-License-Identifier: Apache-2.0

import Tensors

/// The memory of one network, for training or for evaluation.
struct NetworkMemory {
    let stages: [StageMemory]
    /// For each stage where the gradient that it computed in place of its output's is to be added.
    let gradientSums: [MutableFloats]
    /// Where pixels are unpacked to: value 0.
    let pixels: MutableFloats
    /// What the last stage writes, and where the loss puts its gradient.
    let logits: MutableFloats, logitsGradient: MutableFloats
}

/// All the memory of a replica: one run of floats and one of bytes, cut up once. Training and evaluation
/// cut the same memory, each in its own way.
final class ReplicaMemory {
    let training: NetworkMemory, evaluation: NetworkMemory
    let losses: MutableFloats
    let correct: MutableBytes
    /// As many as there are logits, where metrics ask for them.
    let probabilities: MutableFloats

    private let floats: AlignedBuffer<Float>
    private let bytes: AlignedBuffer<UInt8>
    private let streams: AlignedBuffer<Philox>
    private let tables: PixelTables
    /// nil where images are not whitened.
    let whitening: WhiteningMemory?

    /// - Parameter sharing: False gives each number memory of its own, the reference of tests.
    init(_ model: Model, sharing: Bool = true) {
        let cut = Cut(model, sharing: sharing)
        let floats = AlignedBuffer<Float>(count: cut.floats)
        let bytes = AlignedBuffer<UInt8>(count: cut.bytes)
        let streams = AlignedBuffer<Philox>(count: model.blockSize)
        func memory(_ network: Network, _ plan: MemoryPlan, _ part: Cut.Stages) -> NetworkMemory {
            let none = MutableFloats(start: nil, count: 0)
            var stages: [StageMemory] = [], sums: [MutableFloats] = []
            // Values whose gradients hold something once the stages after this one are through.
            var begun: Set<Int> = [network.stages.count]
            for (i, stage) in network.stages.enumerated().reversed() {
                let read = network.inputs[i], inPlace = stage.needs.inPlace
                var sum = none
                let inputs = read.enumerated().map { place, value in
                    let isBegun = !begun.insert(value).inserted
                    let values = floats[plan.values[value]]
                    let gradient = floats[plan.gradients[value]]
                    guard place == inPlace else {
                        return InputMemory(values: values, gradient: gradient, adds: isBegun)
                    }
                    if isBegun { sum = gradient }
                    return InputMemory(
                        values: values, gradient: floats[plan.gradients[i + 1]], adds: false)
                }
                stages.append(
                    StageMemory(
                        first: inputs[0], others: Array(inputs.dropFirst()),
                        output: floats[plan.values[i + 1]],
                        outputGradient: floats[plan.gradients[i + 1]],
                        kept: floats[plan.kept[i]], marks: bytes[part.marks[i]],
                        scratch: floats[part.scratch], accumulator: floats[part.accumulators[i]],
                        streams: streams.elements, zeros: Floats(floats[cut.zeros]),
                        sink: floats[cut.sink]))
                sums.append(sum)
            }
            return NetworkMemory(
                stages: stages.reversed(), gradientSums: sums.reversed(),
                pixels: floats[plan.values[0]], logits: floats[plan.values[network.stages.count]],
                logitsGradient: floats[plan.gradients[network.stages.count]])
        }
        training = memory(model.training, cut.training, cut.stages)
        evaluation = memory(model.evaluation, cut.evaluation, cut.evaluationStages)
        losses = floats[cut.losses]
        correct = bytes[cut.correct]
        probabilities = floats[cut.probabilities]
        self.floats = floats
        self.bytes = bytes
        self.streams = streams
        tables = PixelTables(model)
        whitening = model.whitening.map(WhiteningMemory.init)
    }

    /// What becomes of each pixel of a block's images.
    func tables(_ block: PixelBlock, _ images: Bytes, of model: Model) -> Floats {
        tables.filled(block, images, of: model)
    }

    static func byteCount(of model: Model) -> Int {
        let cut = Cut(model, sharing: true)
        return cut.floats * MemoryLayout<Float>.stride + cut.bytes
    }

    /// Where everything lies.
    private struct Cut {
        let training: MemoryPlan, evaluation: MemoryPlan
        let stages: Stages, evaluationStages: Stages
        let losses: Range<Int>
        let correct: Range<Int>
        let probabilities: Range<Int>
        /// The same for both networks: nobody ever writes there.
        let zeros: Range<Int>
        let sink: Range<Int>
        let floats: Int, bytes: Int

        /// What a network's stages have apart from its plan.
        struct Stages {
            let scratch: Range<Int>
            let accumulators: [Range<Int>]
            let marks: [Range<Int>]

            init(_ needs: [StageNeeds], _ floats: inout Run, _ bytes: inout Run) {
                scratch = floats.take(needs.map(\.scratch).max() ?? 0)
                accumulators = needs.map { floats.take($0.accumulator) }
                marks = needs.map { bytes.take($0.marks) }
            }
        }

        init(_ model: Model, sharing: Bool) {
            let needs = model.training.stages.map(\.needs)
            training = MemoryPlan(
                needs, inputs: model.training.inputs,
                wantsGradient: model.training.wantsGradient, sharing: sharing)
            let folded = model.evaluation.stages.map { stage in
                var needs = stage.needs
                needs.accumulator = 0
                return needs
            }
            evaluation = MemoryPlan(
                folded, inputs: model.evaluation.inputs,
                wantsGradient: model.evaluation.wantsGradient, sharing: sharing)
            let channels =
                model.stages.lazy.compactMap { $0 as? ConvolutionStage }
                .map(\.geometry.outputChannels).max() ?? 0

            // Evaluation needs little that training does not, and never at the same time.
            var floats = Run(start: max(training.count, evaluation.count)), bytes = Run(start: 0)
            losses = floats.take(model.blockSize)
            correct = bytes.take(model.blockSize)
            probabilities = floats.take(
                model.metrics.count > 0
                    ? evaluation.values[model.evaluation.stages.count].count : 0)
            zeros = floats.take(channels)
            sink = floats.take(channels)
            var other = (floats, bytes)
            stages = Stages(needs, &floats, &bytes)
            evaluationStages = Stages(folded, &other.0, &other.1)
            self.floats = max(floats.end, other.0.end)
            self.bytes = max(bytes.end, other.1.end)
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
