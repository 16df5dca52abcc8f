// SPDX-License-Identifier: Apache-2.0
//
// Trains a small network on images that Convoy draws, with two workers of this process.

import Convoy

let job = try Job(
    dataset: DatasetConfiguration(format: .shapes),
    model: Sequential {
        Rescaling(scale: 1 / 255)
        Conv2D(32, kernelSize: 3, activation: .relu)
        MaxPooling2D(2)
        Conv2D(64, kernelSize: 3, activation: .relu)
        MaxPooling2D(2)
        Flatten()
        Dense(10)
    },
    training: TrainingOptions(epochs: 8, batchSize: 64, optimizer: Adam(learningRate: 0.001)))
let model = try job.train(workers: .here(2)) { event in
    if case .epoch(let epoch) = event { print("epoch \(epoch.epoch): loss \(epoch.loss)") }
}
print("accuracy", try model.evaluate().accuracy ?? 0)
