// SPDX-License-Identifier: Apache-2.0

import Engines
import Jobs
import Layers
import Runtime
import Tensors
import Testing

/// Runs whose loss has a part that no image has.
@Suite(.serialized) struct PenaltyTests {
    private static func model(_ kernel: String, _ dense: String) -> String {
        """
        model=[Rescaling: {scale: 1/255}, \
        Conv2D: {filters: 16, kernel_size: 3, strides: 2, activation: relu\(kernel)}, Flatten, \
        Dense: {units: 10\(dense)}]
        """
    }
    private static let penalized = model(
        ", kernel_regularizer: l2", ", kernel_regularizer: {name: l1, l1: 0.001}")

    private static func run(
        _ flags: String..., workers: Int = 1, isRemote: Bool = false
    ) throws -> (report: FinalReport, events: Recorder, job: Job, folder: TemporaryFolder) {
        let folder = try TemporaryFolder()
        try TinyCIFAR.write(folder, "data", seed: 1)
        let run = try LocalRun(workers: workers, folder: folder)
        run.isRemote = isRemote
        let job = try TinyCIFAR.job(folder.path + "/data", flags)
        return (try #require(try run.run(job)), run.events, job, folder)
    }

    @Test func penaltiesAreTheSameOnAnyNumberOfWorkers() throws {
        let alone = try Self.run(Self.penalized)
        let many = try Self.run(Self.penalized, workers: 3, isRemote: true)
        #expect(many.report.weightsDigest == alone.report.weightsDigest)
        #expect(many.events.steps.map(\.loss) == alone.events.steps.map(\.loss))
        #expect(many.report.testLoss == alone.report.testLoss)
        #expect(
            try Self.run(Self.model("", "")).report.weightsDigest != alone.report.weightsDigest)
    }

    /// Before the first step the weights are known, and what the images add is that of a run without penalties.
    @Test func aStepsLossHasThePenaltyOfTheWeightsBeforeIt() throws {
        let run = try Self.run(Self.penalized), events = run.events, job = run.job
        let plain = try Self.run(Self.model("", "")).events
        let model = try job.model(input: [32, 32, 3], classes: 10)
        let weights = AlignedBuffer<Float>(count: model.parameters.count)
        model.initialize(weights.elements, seed: job.seed)
        let penalty = model.parameters.penalty(
            of: Floats(weights.elements), at: 0, Engine.best())
        #expect(penalty > 0.1)
        #expect(abs(events.steps[0].loss - plain.steps[0].loss - penalty) <= 1e-12 * penalty)
    }

    /// A kernel of two chunks, which are cut in the middle of its columns.
    @Test func columnsStayShortOnAnyNumberOfWorkers() throws {
        let model = """
            model=[Rescaling: {scale: 1/255}, Conv2D: {filters: 16, kernel_size: 3, strides: 2, \
            activation: relu, kernel_constraint: {MaxNorm: {max_value: 0.4, axis: [0, 1, 2]}}}, \
            Flatten, Dense: {units: 100, kernel_constraint: {MaxNorm: {max_value: 0.5}}}]
            """
        let flags = [model, "training.epochs=2", "training.optimizer.learning_rate=0.01"]
        let alone = try Self.run(flags[0], flags[1], flags[2])
        let many = try Self.run(flags[0], flags[1], flags[2], workers: 3, isRemote: true)
        #expect(many.report.weightsDigest == alone.report.weightsDigest)
        let file = try ModelFile.read(alone.report.model)
        let tensors = file.weights.withUnsafeBufferPointer { file.model.exportTensors($0) }
        for (tensor, limit) in [(tensors[0], 0.4), (tensors[2], 0.5)] {
            let columns = tensor.shape.extents.last ?? 1
            let norms = (0..<columns).map { column in
                stride(from: column, to: tensor.values.count, by: columns).reduce(0.0) {
                    $0 + Double(tensor.values[$1]) * Double(tensor.values[$1])
                }.squareRoot()
            }
            // Some are as long as they may be; a sum of 3600 squares has as many roundings.
            #expect(abs((norms.max() ?? 0) - limit) <= 3600 * 0x1p-24 * limit)
        }
    }

    @Test func whatIsFrozenStays() throws {
        let frozen = try Self.run(
            Self.model(", trainable: false, bias_initializer: ones", ""))
        let file = try ModelFile.read(frozen.report.model)
        let start = AlignedBuffer<Float>(count: file.model.parameters.count)
        file.model.initialize(start.elements, seed: frozen.job.seed)
        let before = file.model.exportTensors(Floats(start.elements))
        let after = file.weights.withUnsafeBufferPointer { file.model.exportTensors($0) }
        #expect(zip(before, after).map { $0.values == $1.values } == [true, true, false, false])
        #expect(file.model.parameters.trainedCount == 225 * 16 * 10 + 10)
    }
}
