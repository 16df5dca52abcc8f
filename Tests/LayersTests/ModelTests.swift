// SPDX-License-Identifier: Apache-2.0

import Layers
import Tensors
import Testing

@Suite struct ModelTests {
    /// The convolutional network of the Keras and TensorFlow tutorials.
    private static let tutorial: [any Layer] = [
        Rescaling(scale: 1 / 255),
        Conv2D(32, kernelSize: Size2D(3), activation: .relu), MaxPooling2D(),
        Conv2D(64, kernelSize: Size2D(3), activation: .relu), MaxPooling2D(),
        Conv2D(64, kernelSize: Size2D(3), activation: .relu), Flatten(),
        Dense(64, activation: .relu), Dense(10, activation: .softmax),
    ]

    private func model(
        _ layers: [any Layer], _ input: Shape = [28, 28, 1], classes: Int? = nil,
        loss: Loss = .sparseCategoricalCrossentropy, winograd: Bool = true
    ) throws -> Model {
        try Model(layers: layers, input: input, loss: loss, classes: classes, winograd: winograd)
    }

    // MARK: The tutorials' networks

    @Test func fashionTutorialHasKerasParameters() throws {
        let model = try model(Self.tutorial, classes: 10)
        #expect(model.parameters.parameterCount == 93_322)
        #expect(model.summary.map(\.parameters) == [0, 320, 0, 18_496, 0, 36_928, 0, 36_928, 650])
        #expect(
            model.summary.map { "\($0.name) \($0.type) \($0.output)" } == [
                "rescaling Rescaling (28, 28, 1)", "conv2d Conv2D (26, 26, 32)",
                "max_pooling2d MaxPooling2D (13, 13, 32)", "conv2d_1 Conv2D (11, 11, 64)",
                "max_pooling2d_1 MaxPooling2D (5, 5, 64)", "conv2d_2 Conv2D (3, 3, 64)",
                "flatten Flatten (576)", "dense Dense (64)", "dense_1 Dense (10)",
            ])
    }

    @Test func cifarTutorialHasKerasParameters() throws {
        let model = try model(Self.tutorial, [32, 32, 3], classes: 10)
        #expect(model.parameters.parameterCount == 122_570)
        #expect(
            model.parameters.entries.map { "\($0.name) \($0.shape)" } == [
                "conv2d/kernel (3, 3, 3, 32)", "conv2d/bias (32)",
                "conv2d_1/kernel (3, 3, 32, 64)", "conv2d_1/bias (64)",
                "conv2d_2/kernel (3, 3, 64, 64)", "conv2d_2/bias (64)", "dense/kernel (1024, 64)",
                "dense/bias (64)", "dense_1/kernel (64, 10)", "dense_1/bias (10)",
            ])
    }

    /// The parameters that PyTorch counts, which has the running statistics apart.
    @Test func residualPresetHasItsParameters() throws {
        let model = try Model(
            nodes: Preset.resnet18.nodes(classes: 10), input: [32, 32, 3],
            loss: .sparseCategoricalCrossentropy, classes: 10)
        #expect(model.parameters.trainedCount == 11_173_962)
        #expect(model.parameters.parameterCount == 11_173_962 + 2 * 4_800)
        // 20 convolutions, each with its normalisation, the mean and the dense layer.
        #expect(model.stageSummary.count == 2 * 20 + 2)
        #expect(model.evaluationSummary.count == 20 + 2)
    }

    @Test func tutorialIsFiveStages() throws {
        #expect(
            try model(Self.tutorial).stageSummary == [
                "conv2d: narrow 3x3, relu, pool", "conv2d_1: winograd 3x3, relu, pool",
                "conv2d_2: winograd 3x3, relu", "dense: direct 3x3, relu", "dense_1: direct 1x1",
            ])
        #expect(
            try model(Self.tutorial, winograd: false).stageSummary == [
                "conv2d: narrow 3x3, relu, pool", "conv2d_1: direct 3x3",
                "max_pooling2d_1: pool 2x2", "max_pooling2d_1: relu", "conv2d_2: direct 3x3, relu",
                "dense: direct 3x3, relu", "dense_1: direct 1x1",
            ])
    }

    @Test func stagesCoverTheFlatBufferInOrder() throws {
        for seed in 0..<24 {
            let model = try Model.random(seed: UInt64(seed))
            let ranges = (0..<model.stageCount).map(model.parameterRange).filter { !$0.isEmpty }
            #expect(ranges.first?.lowerBound == 0)
            #expect(ranges.last?.upperBound == model.parameters.count)
            for (a, b) in zip(ranges, ranges.dropFirst()) {
                #expect(a.upperBound == b.lowerBound)
            }
        }
    }

    // MARK: Lowering

    @Test(arguments: [
        (Conv2D(8, kernelSize: Size2D(3)), "winograd 3x3"),
        (Conv2D(8, kernelSize: Size2D(3), strides: Size2D(2)), "direct 3x3"),
        (Conv2D(8, kernelSize: Size2D(5, 3)), "direct 5x3"),
        (Conv2D(8, kernelSize: Size2D(1)), "direct 1x1"),
    ])
    func algorithmFollowsFromTheShape(_ layer: Conv2D, _ summary: String) throws {
        let first = Conv2D(4, kernelSize: Size2D(3))
        let model = try model([first, layer, Flatten(), Dense(10)])
        #expect(model.stageSummary.prefix(2) == ["conv2d: narrow 3x3", "conv2d_1: \(summary)"])
    }

    @Test func outputsSmallerThanThreeByThreeAreDirect() throws {
        let model = try model(
            [
                Conv2D(4, kernelSize: Size2D(3)),
                Conv2D(4, kernelSize: Size2D(3)),
                Flatten(), Dense(10),
            ], [6, 7, 1])
        #expect(model.stageSummary[1] == "conv2d_1: direct 3x3")
    }

    @Test func reluLayerBecomesPartOfItsConvolutionAndPoolOfBoth() throws {
        let model = try model([
            Conv2D(4, kernelSize: Size2D(3)), ReLU(), MaxPooling2D(), Flatten(),
            Dense(10),
        ])
        #expect(model.stageSummary == ["conv2d: narrow 3x3, relu, pool", "dense: direct 13x13"])
    }

    @Test func reluWithACeilingBecomesPartOfWhatStandsBeforeIt() throws {
        let model = try model([
            Conv2D(4, kernelSize: Size2D(3)), ReLU(maxValue: 6),
            MaxPooling2D(), DepthwiseConv2D(Size2D(3), useBias: false),
            BatchNormalization(), ReLU(maxValue: 6), ReLU(maxValue: 2, negativeSlope: 0.5),
            Flatten(), Dense(10),
        ])
        #expect(
            model.stageSummary == [
                "conv2d: narrow 3x3, relu to 6.0", "max_pooling2d: pool 2x2",
                "depthwise_conv2d: depthwise 3x3", "batch_normalization: normalize, relu to 6.0",
                "re_lu_2: rectifier", "dense: direct 11x11",
            ])
    }

    @Test func poolOfAnotherSizeOrAfterAnotherActivationStandsAlone() throws {
        for (activation, pool, gate) in [
            (ActivationFunction.relu, MaxPooling2D(Size2D(3)), ["max_pooling2d: relu"]),
            (.relu, MaxPooling2D(strides: Size2D(1)), ["max_pooling2d: relu"]),
            (.linear, MaxPooling2D(), []),
        ] {
            let model = try model([
                Conv2D(4, kernelSize: Size2D(3), activation: activation), pool, Flatten(),
                Dense(10),
            ])
            #expect(model.stageSummary.dropLast().dropFirst(2) == gate[...])
            #expect(model.stageSummary[0] == "conv2d: narrow 3x3")
        }
    }

    /// A map before a pool is not kept for the backward pass: the pool has its argmax.
    @Test func mapsBeforePoolsAreForgotten() throws {
        func bytes(_ layers: [any Layer], winograd: Bool) throws -> Int {
            try model(
                [Conv2D(16, kernelSize: Size2D(1))] + layers + [
                    Flatten(), Dense(2),
                ],
                [64, 64, 3], winograd: winograd
            ).planBytes
        }
        let conv = Conv2D(64, kernelSize: Size2D(3), padding: .same, activation: .relu)
        let map = 64 * 64 * 64 * 16 * 4
        let small: [any Layer] = [conv, MaxPooling2D()]
        let large: [any Layer] = [conv, MaxPooling2D(Size2D(3), strides: Size2D(2))]
        let cases: [(layers: [any Layer], winograd: Bool)] = [
            (small, true), (small, false), (large, true), (large, false),
        ]
        for (layers, winograd) in cases {
            let once = try bytes(layers, winograd: winograd)
            let twice = try bytes(layers + layers, winograd: winograd)
            // The second pair works on a quarter of the pixels, and finds room where the first map was.
            #expect(twice - once < map / 2, "\(twice) bytes after \(once), Winograd \(winograd)")
        }
    }

    @Test func preparedWeightsAreThoseOfTheirStages() throws {
        // Transposed 64x10 padded to 64x16; the first layer needs none.
        let model = try model([Flatten(), Dense(64), Dense(10)])
        #expect(model.preparedBytes == 64 * 16 * 4)
    }

    @Test func finalActivationBelongsToTheLoss() throws {
        for final in [Dense(10, activation: .softmax), Dense(10)] {
            #expect(try model([Flatten(), final]).stageSummary == ["dense: narrow 28x28"])
        }
        #expect(
            try model([Flatten(), Dense(1), Sigmoid()], loss: .binaryCrossentropy)
                .stageSummary == ["dense: narrow 28x28"])
    }

    @Test(arguments: [(1, 1), (4, 4), (5, 16), (15, 16), (16, 16), (17, 32)])
    func imagesKeepUpToFourChannelsForAFirstConvolution(channels: Int, stored: Int) throws {
        let model = try model(
            [Conv2D(7, kernelSize: Size2D(5)), Flatten(), Dense(10)],
            [6, 6, channels])
        #expect(model.parameters.entries[0].range.count == 5 * 5 * stored * 16)
    }

    // MARK: Branches and normalisation

    private static func linear(_ name: String, of inputs: String...) -> Node {
        Node(
            Conv2D(4, kernelSize: Size2D(3), padding: .same, useBias: false), name: name,
            inputs: inputs)
    }

    private func model(_ nodes: [Node]) throws -> Model {
        try Model(
            nodes: nodes + [Node(GlobalAveragePooling2D()), Node(Dense(10))],
            input: [8, 8, 1], loss: .sparseCategoricalCrossentropy)
    }

    /// In training one sweep normalises, adds and activates; in evaluation the convolution does it all.
    @Test func residualBlockIsFused() throws {
        let model = try model([
            Self.linear("a"), Node(BatchNormalization(), name: "b"), Node(ReLU(), name: "c"),
            Self.linear("d"), Node(BatchNormalization(), name: "e"),
            Node(Add(), inputs: ["e", "c"]), Node(ReLU()),
        ])
        let ending = ["global_average_pooling2d: average 8x8", "dense: direct 1x1"]
        #expect(
            model.stageSummary == [
                "a: narrow 3x3", "b: normalize, relu", "d: winograd 3x3",
                "e: normalize, add, relu",
            ] + ending)
        #expect(
            model.evaluationSummary == [
                "a: narrow 3x3, relu, folded", "d: winograd 3x3, relu, add, folded",
            ] + ending)
    }

    @Test func whatIsReadTwiceIsNotFused() throws {
        let model = try model([
            Self.linear("a"), Node(ReLU(), name: "b"), Node(BatchNormalization(), name: "c"),
            Node(ReLU(), name: "d", inputs: ["a"]), Node(Add(), name: "e", inputs: ["c", "d"]),
        ])
        let stages = ["a: narrow 3x3", "b: relu", "c: normalize", "d: relu", "e: add"]
        #expect(Array(model.stageSummary.prefix(5)) == stages)
        #expect(Array(model.evaluationSummary.prefix(5)) == stages)
    }

    @Test func normalizationHasKerasParameters() throws {
        let model = try model([Self.linear("a"), Node(BatchNormalization())])
        #expect(
            model.parameters.entries.map { "\($0.name) \($0.shape)" } == [
                "a/kernel (3, 3, 1, 4)", "batch_normalization/gamma (4)",
                "batch_normalization/beta (4)", "batch_normalization/moving_mean (4)",
                "batch_normalization/moving_variance (4)", "dense/kernel (4, 10)",
                "dense/bias (10)",
            ])
        #expect(model.parameters.parameterCount == 36 + 16 + 50)
        #expect(model.parameters.trainedCount == 36 + 8 + 50)
    }

    @Test func normalizationTakesBlocksOfSixteen() throws {
        let layers: [any Layer] = [
            Conv2D(32, kernelSize: Size2D(3), padding: .same), BatchNormalization(),
            GlobalAveragePooling2D(), Dense(10),
        ]
        #expect(try model(layers, [182, 182, 3]).blockSize == 16)
    }

    @Test func blocksAreSmallerWhereImagesAreLarge() throws {
        let layers: [any Layer] = [
            Conv2D(32, kernelSize: Size2D(3), padding: .same), Flatten(), Dense(10),
        ]
        #expect(try model(layers, [90, 90, 3]).blockSize == 16)
        #expect(try model(layers, [91, 91, 3]).blockSize == 8)
    }

    @Test func memoryOfABlockIsShared() throws {
        // The tutorial's CIFAR network: activations, kept inputs and sums, less than 16 MiB a thread.
        let bytes = try model(Self.tutorial, [32, 32, 3]).planBytes
        #expect(bytes > 1 << 20 && bytes < 16 << 20)
    }
}
