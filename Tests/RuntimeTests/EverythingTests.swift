// SPDX-License-Identifier: Apache-2.0

import Jobs
import Runtime
import Testing

/// A network that has one of everything, in a run that does, too.
@Suite(.serialized) struct EverythingTests {
    private static func job(_ overrides: [String] = []) throws -> Job {
        try Job.parse(
            yaml: """
                seed: 11
                dataset: {format: shapes, augmentation: {horizontal_flip: true}}
                model:
                  - Rescaling: {scale: 1/127.5, offset: -1}
                  - RandomTranslation: {height_factor: 0.1, width_factor: 0.1}
                  - Conv2D:
                      filters: 20
                      kernel_size: 3
                      strides: 2
                      padding: same
                      use_bias: false
                      kernel_initializer: he_normal
                      kernel_regularizer: {name: l2, l2: 0.0001}
                  - BatchNormalization
                  - ReLU: {max_value: 6, name: a}
                  - DepthwiseConv2D: {kernel_size: 3, padding: same}
                  - LayerNormalization
                  - LeakyReLU: {name: b}
                  - SeparableConv2D: {filters: 20, kernel_size: 3, padding: same, activation: silu, inputs: a}
                  - GroupNormalization: {groups: 4, name: c}
                  - Add: {inputs: [a, b, c], name: d}
                  - Multiply: {inputs: [d, c], name: e}
                  - Concatenate: {inputs: [d, e]}
                  - SpatialDropout2D: {rate: 0.1}
                  - GaussianNoise: {stddev: 0.05}
                  - MaxPooling2D
                  - Conv2D: {filters: 32, kernel_size: 3, padding: same, groups: 4, activation: gelu}
                  - Conv2D: {filters: 32, kernel_size: 3, padding: same, dilation_rate: 2, activation: elu}
                  - ZeroPadding2D
                  - AveragePooling2D
                  - Conv2DTranspose: {filters: 16, kernel_size: 3, strides: 2, padding: same, activation: tanh}
                  - Cropping2D
                  - UpSampling2D: {interpolation: bilinear}
                  - MinPooling2D: {pool_size: 3}
                  - Flatten
                  - Dropout: {rate: 0.2}
                  - Dense: {units: 64, activation: selu, kernel_initializer: lecun_normal}
                  - Dense: {units: 10}
                training:
                  epochs: 2
                  batch_size: 60
                  steps_per_epoch: 4
                  validation_steps: 2
                  optimizer: {name: adamw, learning_rate: 0.003, global_clipnorm: 1.0, use_ema: true}
                  callbacks: [ModelCheckpoint]
                """, overrides: overrides, file: "test.yaml")
    }

    private static func run(
        workers: Int, threads: Int = 1, isRemote: Bool = false
    ) throws -> (report: FinalReport, losses: [Double?]) {
        let run = try LocalRun(workers: workers, threads: threads)
        run.isRemote = isRemote
        let report = try #require(try run.run(try job()))
        #expect(run.faults == [])
        return (report, run.events.epochs.map(\.validationLoss))
    }

    /// Weights, and what is evaluated between their steps.
    @Test func workersAndThreadsDoNotChangeBits() throws {
        let one = try Self.run(workers: 1)
        for other in [
            try Self.run(workers: 3, isRemote: true), try Self.run(workers: 2, threads: 2),
        ] {
            #expect(other.report.weightsDigest == one.report.weightsDigest)
            #expect(other.losses == one.losses)
            #expect(other.report.testLoss == one.report.testLoss)
        }
    }
}
