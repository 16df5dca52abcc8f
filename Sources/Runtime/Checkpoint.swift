// SPDX-License-Identifier: Apache-2.0
//
// The whole state of a run between two steps.

import Coordination
import Datasets
import Foundation
import Jobs
import Layers
import Tensors

/// What a run needs to go on exactly where it stood: the weights, the optimizer's moments, the next step,
/// and the sums that the epoch's report has gathered so far.
///
/// The sample order, dropout and augmentation are functions of (seed, epoch, position), so nothing else
/// has a position to keep. Weights are stored flat, as they lie in memory.
package struct Checkpoint {
    /// The step to do next.
    package var next: StepID
    package var optimizerSteps: UInt64
    package var epochSums: NodeMetrics
    /// What the metrics have counted, in the middle of a validation.
    package var epochCounts: [UInt64]
    package var weights: [Float]
    package var slots: [[Float]]
    /// Of the training of the epoch that is being validated: its mean loss, and its accuracy.
    package var training: (loss: Double, accuracy: Double)?
    package var callbacks = CallbackState()
    /// The weights of the best epochs that callbacks want to keep; empty where there are none.
    package var best: BestWeights
    /// What images are whitened by, if they are: kept here too, since it cannot be found again to the bit.
    package var whitening: Whitening?

    private static let weightsName = "weights"

    package init(
        next: StepID, optimizerSteps: UInt64, epochSums: NodeMetrics,
        epochCounts: [UInt64] = [], weights: [Float],
        slots: [[Float]], training: (loss: Double, accuracy: Double)? = nil,
        callbacks: CallbackState = .init(), best: BestWeights = .init(),
        whitening: Whitening? = nil
    ) {
        self.next = next
        self.optimizerSteps = optimizerSteps
        self.epochSums = epochSums
        self.epochCounts = epochCounts
        self.weights = weights
        self.slots = slots
        self.training = training
        self.callbacks = callbacks
        self.best = best
        self.whitening = whitening
    }

    package func write(to path: String, identity: String) throws(RuntimeError) {
        var file = Safetensors()
        file.metadata = [
            "format": "convoy-checkpoint-1", "job": identity, "next": "\(next.raw)",
            "optimizer_steps": "\(optimizerSteps)",
            "epoch_loss": "\(epochSums.lossSum.bitPattern)",
            "epoch_correct": "\(epochSums.correct)", "epoch_samples": "\(epochSums.samples)",
            "callbacks": callbacks.text,
        ]
        if let training {
            file.metadata["training"] =
                "\(training.loss.bitPattern) \(training.accuracy.bitPattern)"
        }
        if !epochCounts.isEmpty {
            file.metadata["epoch_counts"] = epochCounts.map(String.init).joined(separator: " ")
        }
        file.tensors = [.init(name: Self.weightsName, shape: [weights.count], values: weights)]
        for (index, slot) in slots.enumerated() {
            file.tensors.append(
                .init(name: "slot\(index)", shape: [slot.count], values: slot))
        }
        for (name, values) in best.named where !values.isEmpty {
            file.tensors.append(.init(name: name, shape: [values.count], values: values))
        }
        if let whitening { file.tensors.append(whitening.tensor) }
        try file.write(to: path)
    }

    /// - Parameters:
    ///   - identity: Of the job that is being run; a checkpoint of another job is refused.
    ///   - count: Floats of the flat buffer.
    package static func read(
        from path: String, identity: String, count: Int, slots: Int
    ) throws(RuntimeError) -> Checkpoint {
        let file = try Safetensors.read(from: path)
        func number(_ name: String) throws(RuntimeError) -> UInt64 {
            guard let value = file.metadata[name].flatMap(UInt64.init) else {
                throw RuntimeError(
                    .checkpoint, "\(path): the metadata has no number '\(name)'; delete this file")
            }
            return value
        }
        guard file.metadata["format"] == "convoy-checkpoint-1" else {
            throw RuntimeError(
                .checkpoint,
                "\(path): found format \(file.metadata["format"] ?? "none"), expected convoy-checkpoint-1"
            )
        }
        guard file.metadata["job"] == identity else {
            throw RuntimeError(
                .checkpoint,
                "\(path): was written by another job ("
                    + "\(firstDifference(file.metadata["job"] ?? "", identity))); "
                    + "go on with the job that wrote it, or choose another --output")
        }
        func tensor(_ name: String) throws(RuntimeError) -> [Float] {
            guard let tensor = file[name], tensor.values.count == count else {
                throw RuntimeError(
                    .checkpoint,
                    "\(path): tensor '\(name)' has \(file[name]?.values.count ?? 0) floats, "
                        + "expected \(count)")
            }
            return tensor.values
        }
        var state: [[Float]] = []
        for index in 0..<slots { state.append(try tensor("slot\(index)")) }
        guard
            let callbacks = file.metadata["callbacks"].map(CallbackState.init(text:))
                ?? CallbackState()
        else {
            throw RuntimeError(
                .checkpoint,
                "\(path): the metadata does not say where the callbacks stand; delete this file")
        }
        let numbers = (file.metadata["training"] ?? "").split(separator: " ").compactMap {
            UInt64($0).map(Double.init(bitPattern:))
        }
        let counts = (file.metadata["epoch_counts"] ?? "").split(separator: " ").map { UInt64($0) }
        guard !counts.contains(nil) else {
            throw RuntimeError(
                .checkpoint,
                "\(path): the metadata does not say what metrics have counted; delete this file")
        }
        var best = BestWeights()
        if callbacks.bestEpoch != nil, file[BestWeights.stoppingName] != nil {
            best.stopping = try tensor(BestWeights.stoppingName)
        }
        if callbacks.savedEpoch != nil { best.saved = try tensor(BestWeights.savedName) }
        return Checkpoint(
            next: StepID(raw: try number("next")), optimizerSteps: try number("optimizer_steps"),
            epochSums: NodeMetrics(
                lossSum: Double(bitPattern: try number("epoch_loss")),
                correct: try number("epoch_correct"), samples: try number("epoch_samples")),
            epochCounts: counts.compactMap { $0 }, weights: try tensor(weightsName), slots: state,
            training: numbers.count == 2 ? (numbers[0], numbers[1]) : nil, callbacks: callbacks,
            best: best, whitening: Whitening(in: file))
    }
}

/// The weights of epochs that were better than all others so far.
package struct BestWeights: Sendable {
    static let stoppingName = "best"
    static let savedName = "best_model"

    /// What early stopping ends with.
    package var stopping: [Float] = []
    /// Of the model that is kept in its file.
    package var saved: [Float] = []

    package init() {}

    var named: [(String, [Float])] { [(Self.stoppingName, stopping), (Self.savedName, saved)] }
}

/// "epochs: 3, here epochs: 1": the first line in which two identities differ.
private func firstDifference(_ there: String, _ here: String) -> String {
    let theirs = there.split(separator: "\n"), ours = here.split(separator: "\n")
    let place = zip(theirs, ours).prefix { $0 == $1 }.count
    func line(_ lines: [Substring]) -> String {
        lines.dropFirst(place).first.map { $0.drop { $0 == " " }.description } ?? "nothing"
    }
    return "\(line(theirs)), here \(line(ours))"
}
