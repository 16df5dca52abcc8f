// SPDX-License-Identifier: Apache-2.0

import Engines
import Layers
import Tensors
import Testing

/// Networks that a job takes by name have the parameters that are published of them.
@Suite struct PresetTests {
    private static func model(
        _ preset: Preset, _ input: Shape, classes: Int
    ) throws -> Model {
        try Model(
            nodes: preset.nodes(classes: classes), input: input,
            loss: preset == .catsdogsCNN
                ? .binaryCrossentropy : .sparseCategoricalCrossentropy, classes: classes)
    }

    struct Published: CustomTestStringConvertible {
        let preset: Preset, input: Shape, classes: Int, count: Int
        init(_ preset: Preset, _ side: Int, _ channels: Int, _ classes: Int, _ count: Int) {
            self.preset = preset
            self.input = [side, side, channels]
            self.classes = classes
            self.count = count
        }
        var testDescription: String { "\(preset.rawValue) \(input)" }
    }

    /// What `count_params` of `keras.applications` says, with 1000 classes and moving statistics, and what
    /// the tutorials and the book print.
    @Test(arguments: [
        Published(.vgg16, 224, 3, 1000, 138_357_544),
        Published(.vgg19, 224, 3, 1000, 143_667_240),
        Published(.mobilenet, 224, 3, 1000, 4_253_864),
        Published(.mobilenetV2, 224, 3, 1000, 3_538_984),
        Published(.cifarCNN, 32, 3, 10, 122_570),
        Published(.flowersCNN, 180, 3, 5, 3_989_285),
        Published(.catsdogsCNN, 150, 3, 2, 3_453_121),
        Published(.lenet5, 28, 1, 10, 61_706),
    ])
    func parametersAreThoseOfKeras(_ published: Published) throws {
        let model = try Self.model(
            published.preset, published.input, classes: published.classes)
        #expect(model.parameters.parameterCount == published.count)
    }

    /// As PyTorch counts, which has the moving statistics apart: those of torchvision, and of what is usual
    /// for CIFAR.
    @Test(arguments: [
        Published(.resnet18ImageNet, 224, 3, 1000, 11_689_512),
        Published(.resnet34ImageNet, 224, 3, 1000, 21_797_672),
        Published(.resnet50ImageNet, 224, 3, 1000, 25_557_032),
        Published(.squeezenet, 224, 3, 1000, 1_248_424),
        Published(.resnet18, 32, 3, 10, 11_173_962),
        Published(.resnet34, 32, 3, 10, 21_282_122),
        Published(.resnet50, 32, 3, 10, 23_520_842),
        Published(.resnet20, 32, 3, 10, 272_474),
        Published(.resnet56, 32, 3, 10, 855_770),
        Published(.resnet110, 32, 3, 10, 1_730_714),
        Published(.mobilenet, 224, 3, 1000, 4_231_976),
        Published(.mobilenetV2, 224, 3, 1000, 3_504_872),
    ])
    func trainedParametersAreThosePublished(_ published: Published) throws {
        let model = try Self.model(
            published.preset, published.input, classes: published.classes)
        #expect(model.parameters.trainedCount == published.count)
    }

    /// Every one computes a shard of the smallest images that it is made for, on any instruction set alike.
    @Test(arguments: [
        Preset.cifarCNN, .flowersCNN, .catsdogsCNN, .lenet5, .resnet20, .resnet50ImageNet,
        .mobilenet,
        .mobilenetV2, .squeezenet,
    ])
    func presetTrains(_ preset: Preset) throws {
        let side = preset == .catsdogsCNN ? 64 : preset == .flowersCNN ? 24 : 32
        let model = try Self.model(
            preset, [side, side, preset == .lenet5 ? 1 : 3], classes: 2)
        let trial = Trial(model, samples: 3, seed: 1)
        let (metrics, gradient) = try trial.train()
        #expect(metrics.samples == 3 && metrics.lossSum.isFinite)
        #expect(gradient.contains { $0 != 0 })
        if let avx2 = Engine.named("avx2") {
            #expect(try bits(trial.train(avx2).gradient) == bits(gradient))
        }
    }
}
