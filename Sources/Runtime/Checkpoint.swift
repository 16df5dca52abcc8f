// SPDX-License-Identifier: Apache-2.0
//
// The whole state of a run between two steps.

import Coordination
import Foundation
import Layers
import Tensors

/// What a run needs to go on exactly where it stood: the weights, the optimizer's moments, the next step,
/// and the sums that the epoch's report has gathered so far.
///
/// The sample order, dropout and augmentation are functions of (seed, epoch, position), so nothing else
/// has a position to keep. Weights are stored flat, as they lie in memory.
struct Checkpoint {
    /// The step to do next.
    var next: StepID
    var optimizerSteps: UInt64
    var epochSums: NodeMetrics
    var weights: [Float]
    var slots: [[Float]]

    static let weightsName = "weights"

    func write(to path: String, identity: String) throws(RuntimeError) {
        var file = Safetensors()
        file.metadata = [
            "format": "convoy-checkpoint-1", "job": identity, "next": "\(next.raw)",
            "optimizer_steps": "\(optimizerSteps)",
            "epoch_loss": "\(epochSums.lossSum.bitPattern)",
            "epoch_correct": "\(epochSums.correct)", "epoch_samples": "\(epochSums.samples)",
        ]
        file.tensors = [.init(name: Self.weightsName, shape: [weights.count], values: weights)]
        for (index, slot) in slots.enumerated() {
            file.tensors.append(
                .init(name: "slot\(index)", shape: [slot.count], values: slot))
        }
        try file.write(to: path)
    }

    /// - Parameters:
    ///   - identity: Of the job that is being run; a checkpoint of another job is refused.
    ///   - count: Floats of the flat buffer.
    static func read(
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
                "\(path): was written by another job (the model, data, seed or training differ); "
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
        return Checkpoint(
            next: StepID(raw: try number("next")), optimizerSteps: try number("optimizer_steps"),
            epochSums: NodeMetrics(
                lossSum: Double(bitPattern: try number("epoch_loss")),
                correct: try number("epoch_correct"), samples: try number("epoch_samples")),
            weights: try tensor(weightsName), slots: state)
    }
}
