// SPDX-License-Identifier: Apache-2.0

import Convoy
import Foundation
import Jobs
import Layers
import Testing

/// What neither Swift nor YAML says is the same in both.
@Suite struct DefaultsTests {
    private static let shortest: [any Convoy.Layer] = [
        Conv2D(4, kernelSize: 3), DepthwiseConv2D(3), SeparableConv2D(4, kernelSize: [3, 2]),
        Conv2DTranspose(4, kernelSize: 3), MaxPooling2D(), MinPooling2D(), AveragePooling2D(3),
        GlobalAveragePooling2D(), GlobalMaxPooling2D(), Dense(10), Flatten(), Dropout(0.5),
        SpatialDropout2D(0.5), GaussianNoise(0.5), Rescaling(scale: 2), Activation(.tanh), ReLU(),
        LeakyReLU(), ELU(), GELU(), Softmax(), Sigmoid(), BatchNormalization(),
        LayerNormalization(), GroupNormalization(), Add(), Multiply(), Concatenate(),
        Reshape([-1]), ZeroPadding2D(), Cropping2D(2), UpSampling2D(), RandomFlip(),
        RandomRotation(-0.5...0.5), RandomZoom(heightFactor: -0.5...0.5),
        RandomTranslation(heightFactor: -0.5...0.5, widthFactor: -0.5...0.5),
        RandomContrast(lower: 0.5, upper: 0.5),
    ]
    private static let required = [
        "Conv2D": "filters: 4, kernel_size: 3", "DepthwiseConv2D": "kernel_size: 3",
        "SeparableConv2D": "filters: 4, kernel_size: [3, 2]",
        "Conv2DTranspose": "filters: 4, kernel_size: 3", "AveragePooling2D": "pool_size: 3",
        "Dense": "units: 10", "Dropout": "rate: 0.5", "SpatialDropout2D": "rate: 0.5",
        "GaussianNoise": "stddev: 0.5", "Rescaling": "scale: 2", "Activation": "activation: tanh",
        "Reshape": "target_shape: [-1]", "Cropping2D": "cropping: 2",
        "RandomRotation": "factor: 0.5", "RandomZoom": "height_factor: 0.5",
        "RandomTranslation": "height_factor: 0.5, width_factor: 0.5",
        "RandomContrast": "factor: 0.5",
    ]

    private static func job(_ model: String, optimizer: String = "sgd") throws -> Job {
        try Job.parse(
            yaml: "{dataset: shapes, model: [\(model)], training: {optimizer: \(optimizer)}}",
            file: "job.yaml")
    }

    @Test func ofLayers() throws {
        #expect(Self.shortest.map(\.kerasName).sorted() == layerKinds.map { $0.kerasName }.sorted())
        for layer in Self.shortest {
            let name = layer.kerasName
            let parsed = try Self.job("\(name): {\(Self.required[name] ?? "")}").nodes
            #expect(
                String(describing: encodeLayers([Node(layer)]))
                    == String(describing: encodeLayers(parsed)), "\(name)")
        }
    }

    @Test(arguments: [
        (SGD() as any Optimizer, "sgd"), (Adam(), "adam"), (AdamW(), "adamw"),
        (RMSprop(), "rmsprop"), (Adagrad(), "adagrad"), (Lamb(), "lamb"), (LARS(), "lars"),
    ])
    func ofJobs(optimizer: any Optimizer, name: String) throws {
        let job = try Job(
            dataset: DatasetConfiguration(format: .shapes),
            model: Sequential {
                Flatten(); Dense(10)
            },
            training: TrainingOptions(optimizer: optimizer))
        let parsed = try Self.job("Flatten, Dense: {units: 10}", optimizer: name)
        #expect(job.resolvedYAML == parsed.resolvedYAML)
    }

    /// Every layer is under the one import.
    @Test func ofNames() throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent()
            .deletingLastPathComponent()
        let names = try String(
            contentsOf: folder.appending(path: "Sources/Convoy/Names.swift"), encoding: .utf8)
        let kinds =
            layerKinds.map { "\($0)" } + optimizerKinds.map { "\($0)" }
            + learningRateSchedules.map { "\($0)" }
        for kind in kinds {
            #expect(names.contains("public typealias \(kind) = Layers.\(kind)\n"), "\(kind)")
        }
    }
}
