// SPDX-License-Identifier: Apache-2.0
//
// Networks whose 3x3 convolutions are depthwise ones, between 1x1 convolutions.

/// Depthwise and 1x1 convolutions in turn.
enum MobileNet {
    static var nodes: [Node] {
        var nodes = activated(convolution(32, kernel: 3, strides: 2))
        let blocks = [
            (64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), (512, 1), (512, 1), (512, 1),
            (512, 1), (512, 1), (1024, 2), (1024, 1),
        ]
        for (filters, strides) in blocks {
            nodes += activated(depthwise(strides: strides)) + activated(convolution(filters))
        }
        return nodes + [Node(GlobalAveragePooling2D()), Node(Dropout(0.001))]
    }

    fileprivate static func convolution(
        _ filters: Int, kernel: Int = 1, strides: Int = 1
    ) -> any Layer {
        Conv2D(
            filters, kernelSize: Size2D(kernel), strides: Size2D(strides), padding: .same,
            useBias: false)
    }

    fileprivate static func depthwise(strides: Int) -> any Layer {
        DepthwiseConv2D(
            Size2D(3), strides: Size2D(strides), padding: .same, useBias: false)
    }

    fileprivate static func activated(_ layer: any Layer, momentum: Double = 0.99) -> [Node] {
        [Node(layer), Node(BatchNormalization(momentum: momentum)), Node(ReLU(maxValue: 6))]
    }
}

/// Inverted residuals: blocks that are narrow at their ends, where they are linear, and wide between.
enum MobileNetV2 {
    private static let momentum = 0.999

    static var nodes: [Node] {
        var nodes = activated(MobileNet.convolution(32, kernel: 3, strides: 2))
        var last: String?, channels = 32, number = 0
        let stages = [
            (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1),
            (6, 160, 3, 2), (6, 320, 1, 1),
        ]
        for (expansion, filters, count, strides) in stages {
            for index in 0..<count {
                let strides = index == 0 ? strides : 1
                if expansion > 1 {
                    nodes += activated(MobileNet.convolution(expansion * channels))
                }
                nodes += activated(MobileNet.depthwise(strides: strides))
                number += 1
                let name = "block\(number)", isResidual = strides == 1 && filters == channels
                nodes += [
                    Node(MobileNet.convolution(filters)),
                    Node(
                        BatchNormalization(momentum: momentum),
                        name: name + (isResidual ? "_main" : "")),
                ]
                if isResidual, let last {
                    nodes.append(Node(Add(), name: name, inputs: [name + "_main", last]))
                }
                (last, channels) = (name, filters)
            }
        }
        return nodes + activated(MobileNet.convolution(1280)) + [Node(GlobalAveragePooling2D())]
    }

    private static func activated(_ layer: any Layer) -> [Node] {
        MobileNet.activated(layer, momentum: momentum)
    }
}
