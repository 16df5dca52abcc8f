// SPDX-License-Identifier: Apache-2.0
//
// The one idea, put to the test with real processes: same job, same bits.

import Foundation
import Testing

/// Trains jobs in every way a run can go, and compares the SHA-256 of the final weights.
@Suite(.serialized) struct SameBitsTests {
    @Test func sameJobSameBits() throws {
        let plain = try JobRuns(job: Self.plain, steps: 255)
        let reference = try plain.train("1 worker, 1 thread", ["--workers", "1", "--threads", "1"])
        try trainInManyHands(plain)
        try plain.train("2 workers, local data", ["--workers", "2", "--set", "cluster.data=local"])
        try plain.mixed()
        try plain.workerKilled()
        try plain.workerJoins()
        try plain.coordinatorKilled()
        let steps = try plain.portable(reference, steps: 10)

        let residual = try JobRuns(job: Self.residual, steps: 85)
        let residualReference = try residual.train(
            "1 worker, 1 thread", ["--workers", "1", "--threads", "1"])
        try trainInManyHands(residual)
        try residual.workerKilled()
        let residualSteps = try residual.portable(residualReference, steps: 4)

        print("\nsame job, same bits: SHA-256 of the final weights")
        show("convolutions, pools, dropout; 255 steps", plain, portableSteps: steps)
        show("ResNet with normalisation; 85 steps", residual, portableSteps: residualSteps)
        for runs in [plain, residual] {
            for row in runs.rows { #expect(row.digest == runs.rows[0].digest, "\(row.name)") }
        }
    }

    private func trainInManyHands(_ runs: JobRuns) throws {
        try runs.train("2 workers", ["--workers", "2"])
        try runs.train("3 workers", ["--workers", "3"])
        try runs.train("5 workers", ["--workers", "5"])
        try runs.train("1 worker, 2 threads", ["--workers", "1", "--threads", "2"])
        try runs.train("2 workers, 2 threads each", ["--workers", "2", "--threads", "2"])
        try runs.train("2 workers, AVX2", ["--workers", "2", "--engine", "avx2"])
    }

    private func show(_ title: String, _ runs: JobRuns, portableSteps: Int) {
        print(title)
        for row in runs.rows {
            print("  " + row.name.padding(toLength: 48, withPad: " ", startingAt: 0) + row.digest)
        }
        print(
            "  2 workers, portable kernels: the same weights after each of the first "
                + "\(portableSteps) steps\n")
    }

    /// Eight shards a step and an odd last batch, dropout, images varied and Adam, with three validations
    /// and a checkpoint every 40 steps.
    private static let plain = """
        name: same-bits
        seed: 11
        dataset:
          format: shapes
          augmentation: {horizontal_flip: true, rotation_range: 20, zoom_range: 0.1}
        model:
          - Rescaling: {scale: 1/255}
          - Conv2D: {filters: 16, kernel_size: 3, activation: relu}
          - MaxPooling2D
          - Conv2D: {filters: 32, kernel_size: 3, padding: same, activation: relu}
          - Conv2D: {filters: 32, kernel_size: 5, strides: 2, activation: relu}
          - MaxPooling2D: {pool_size: 3, strides: 1}
          - Flatten
          - Dropout: {rate: 0.3}
          - Dense: {units: 100, activation: relu}
          - Dense: {units: 10}
        training: {epochs: 3, batch_size: 118, optimizer: adam, checkpoint_every_steps: 40}
        cluster: {heartbeat_seconds: 0.1}
        """

    /// Two residual blocks over 32x32 images in colour, one with a shortcut by a strided 1x1 convolution.
    /// The statistics are those of blocks of images, and the last of each step is not full.
    private static let residual = """
        name: same-bits-residual
        seed: 12
        dataset: {format: shapes, augmentation: {horizontal_flip: true, width_shift_range: 0.1}}
        model:
          - Rescaling: {scale: 1/255}
          - Conv2D: {filters: 16, kernel_size: 3, padding: same, use_bias: false}
          - BatchNormalization
          - ReLU: {name: stem}
          - Conv2D: {filters: 16, kernel_size: 3, padding: same, use_bias: false}
          - BatchNormalization
          - ReLU
          - Conv2D: {filters: 16, kernel_size: 3, padding: same, use_bias: false}
          - BatchNormalization: {name: main_1}
          - Add: {inputs: [main_1, stem]}
          - ReLU: {name: block_1}
          - Conv2D: {filters: 32, kernel_size: 3, strides: 2, padding: same, use_bias: false}
          - BatchNormalization
          - ReLU
          - Conv2D: {filters: 32, kernel_size: 3, padding: same, use_bias: false}
          - BatchNormalization: {name: main_2}
          - Conv2D: {filters: 32, kernel_size: 1, strides: 2, use_bias: false, inputs: block_1}
          - BatchNormalization: {name: shortcut_2}
          - Add: {inputs: [main_2, shortcut_2]}
          - ReLU
          - GlobalAveragePooling2D
          - Dense: {units: 10}
        training:
          epochs: 1
          batch_size: 118
          optimizer: {SGD: {learning_rate: 0.05, momentum: 0.9}}
        cluster: {heartbeat_seconds: 0.1}
        """
}
