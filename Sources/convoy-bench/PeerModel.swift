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
        switch name {
        case .cifar:
            (input, classes, batch, shardSize) = ([32, 32, 3], 10, 64, 16)
            (optimizer, nodes) = (Adam(), Preset.cifarCNN.nodes(classes: 10))
        case .fashion:
            (input, classes, batch, shardSize) = ([28, 28, 1], 10, 64, 16)
            (optimizer, nodes) = (Adam(), Preset.cifarCNN.nodes(classes: 10))
        case .flowers:
            (input, classes, batch, shardSize) = ([180, 180, 3], 5, 32, 16)
            (optimizer, nodes) = (Adam(), Preset.flowersCNN.nodes(classes: 5))
        case .catsdogs:
            (input, classes, batch, shardSize) = ([150, 150, 3], 2, 32, 16)
            optimizer = RMSprop(learningRate: 1e-4)
            nodes = Preset.catsdogsCNN.nodes(classes: 2)
        case .vgg:
            (input, classes, batch, shardSize) = ([32, 32, 3], 10, 64, 32)
            (optimizer, nodes) = (SGD(learningRate: 0.01, momentum: 0.9), Self.vgg)
        case .resnet:
            (input, classes, batch, shardSize) = ([32, 32, 3], 10, 64, 32)
            optimizer = SGD(learningRate: 0.1, momentum: 0.9)
            nodes = Preset.resnet18.nodes(classes: 10)
        }
    }

    func model() throws -> Model {
        try Model(
            nodes: nodes, input: input, loss: loss, classes: classes, shardSize: shardSize)
    }

    /// That of the preset with less to learn at its end, as is usual for small images.
    private static let vgg: [Node] =
        Preset.vgg16.nodes(classes: 10).prefix { !($0.layer is Dense) }
        + [Node(Dense(512, activation: .relu)), Node(Dense(10))]

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
