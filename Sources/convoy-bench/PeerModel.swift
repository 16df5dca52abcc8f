// SPDX-License-Identifier: Apache-2.0
//
// The networks that other frameworks are measured with, layer by layer the same.

import ArgumentParser
import Layers
import Tensors

/// A network, the batch and the optimizer that it is trained with.
struct PeerModel {
    enum Name: String, CaseIterable, ExpressibleByArgument {
        case cifar, fashion, flowers, catsdogs
        case vgg = "vgg16-32"
        case resnet = "resnet18-32"
    }

    let name: Name
    let input: Shape
    let classes: Int
    let batch: Int
    let shardSize: Int
    let optimizer: any Optimizer
    let nodes: [Node]

    var loss: Loss { classes == 2 ? .binaryCrossentropy : .sparseCategoricalCrossentropy }

    init(_ name: Name) {
        self.name = name
        let layers: [any Layer]
        switch name {
        case .cifar:
            (input, classes, batch, shardSize) = ([32, 32, 3], 10, 64, 16)
            (optimizer, layers) = (Adam(), Self.tutorial)
        case .fashion:
            (input, classes, batch, shardSize) = ([28, 28, 1], 10, 64, 16)
            (optimizer, layers) = (Adam(), Self.tutorial)
        case .flowers:
            (input, classes, batch, shardSize) = ([180, 180, 3], 5, 32, 16)
            (optimizer, layers) = (Adam(), Self.flowers)
        case .catsdogs:
            (input, classes, batch, shardSize) = ([150, 150, 3], 2, 32, 16)
            (optimizer, layers) = (RMSprop(learningRate: 1e-4), Self.catsdogs)
        case .vgg:
            (input, classes, batch, shardSize) = ([32, 32, 3], 10, 64, 32)
            (optimizer, layers) = (SGD(learningRate: 0.01, momentum: 0.9), Self.vgg)
        case .resnet:
            (input, classes, batch, shardSize) = ([32, 32, 3], 10, 64, 32)
            optimizer = SGD(learningRate: 0.1, momentum: 0.9)
            nodes = Preset.resnet18.nodes(classes: 10)
            return
        }
        nodes = layers.map { Node($0) }
    }

    func model() throws -> Model {
        try Model(
            nodes: nodes, input: input, loss: loss, classes: classes, shardSize: shardSize)
    }

    private static let scale = Rescaling(scale: 1 / 255)

    private static func convolution(_ filters: Int, _ padding: Padding = .valid) -> any Layer {
        Conv2D(filters: filters, kernelSize: Size2D(3), padding: padding, activation: .relu)
    }

    private static let tutorial: [any Layer] = [
        scale, convolution(32), MaxPooling2D(), convolution(64), MaxPooling2D(), convolution(64),
        Flatten(), Dense(units: 64, activation: .relu), Dense(units: 10),
    ]

    private static let flowers: [any Layer] =
        [scale]
        + [16, 32, 64].flatMap { [convolution($0, .same), MaxPooling2D()] as [any Layer] }
        + [Dropout(rate: 0.2), Flatten(), Dense(units: 128, activation: .relu), Dense(units: 5)]

    private static let catsdogs: [any Layer] =
        [scale]
        + [32, 64, 128, 128].flatMap { [convolution($0), MaxPooling2D()] as [any Layer] }
        + [Flatten(), Dropout(rate: 0.5), Dense(units: 512, activation: .relu), Dense(units: 1)]

    private static let vgg: [any Layer] =
        [scale]
        + [[64, 64], [128, 128], [256, 256, 256], [512, 512, 512], [512, 512, 512]].flatMap {
            $0.map { convolution($0, .same) } + [MaxPooling2D()]
        } + [Flatten(), Dense(units: 512, activation: .relu), Dense(units: 10)]

    /// FLOPs for one image: products of convolutions and dense layers, 2 for a multiply-add. A training step
    /// goes forward and backward; the first layer needs no gradient of its input.
    func flops(_ model: Model) -> (forward: Double, training: Double) {
        let kernels = model.parameters.entries.filter { $0.name.hasSuffix("/kernel") }
        let products = kernels.map { kernel in
            // [..., inputs, outputs], once for each pixel of the output.
            let output = model.outputShapes[kernel.layer].count
            return 2 * Double(output / kernel.shape[kernel.shape.rank - 1] * kernel.shape.count)
        }
        let forward = products.reduce(0, +)
        return (forward, 3 * forward - (products.first ?? 0))
    }
}
