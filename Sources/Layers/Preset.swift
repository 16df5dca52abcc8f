// SPDX-License-Identifier: Apache-2.0
//
// Networks that a job can take by their name.

import Configuration

/// A known network, as a job names it: `model: {preset: resnet18, classes: 10}`.
public enum Preset: String, Sendable, CaseIterable {
    /// ResNet of 18 layers in its form for small images: a stem of one 3x3 convolution, eight residual
    /// blocks of two, and the mean of the last map.
    ///
    /// - Source: He et al. (2015), "Deep Residual Learning for Image Recognition", section 4.2.
    case resnet18

    /// The layers that it stands for. They take pixels of 0 to 255, and end in logits.
    public func nodes(classes: Int) -> [Node] {
        switch self {
        case .resnet18: ResidualNetwork.nodes([2, 2, 2, 2], classes: classes)
        }
    }
}

/// Residual networks of basic blocks.
private enum ResidualNetwork {
    /// - Parameter blocks: How many of 64, of 128, of 256 and of 512 filters.
    static func nodes(_ blocks: [Int], classes: Int) -> [Node] {
        var nodes = [Node(Rescaling(scale: 1 / 255))]
        nodes += [
            convolution(64, kernel: 3), Node(BatchNormalization()), Node(ReLU(), name: "stem"),
        ]
        var last = "stem"
        for (stage, count) in blocks.enumerated() {
            for index in 0..<count {
                let name = "block\(stage + 1)_\(index + 1)"
                nodes += block(
                    name, after: last, filters: 64 << stage,
                    strides: stage > 0 && index == 0 ? 2 : 1)
                last = name
            }
        }
        return nodes + [Node(GlobalAveragePooling2D()), Node(Dense(units: classes))]
    }

    /// Two convolutions, and around them what goes in, by a 1x1 convolution where its shape changes.
    private static func block(
        _ name: String, after last: String, filters: Int, strides: Int
    ) -> [Node] {
        var nodes = [
            convolution(filters, kernel: 3, strides: strides), Node(BatchNormalization()),
            Node(ReLU()), convolution(filters, kernel: 3),
            Node(BatchNormalization(), name: name + "_main"),
        ]
        var shortcut = last
        if strides > 1 {
            shortcut = name + "_shortcut"
            nodes += [
                convolution(filters, kernel: 1, strides: strides, of: last),
                Node(BatchNormalization(), name: shortcut),
            ]
        }
        nodes += [Node(Add(), inputs: [name + "_main", shortcut]), Node(ReLU(), name: name)]
        return nodes
    }

    private static func convolution(
        _ filters: Int, kernel: Int, strides: Int = 1, of input: String? = nil
    ) -> Node {
        Node(
            Conv2D(
                filters: filters, kernelSize: Size2D(kernel), strides: Size2D(strides),
                padding: .same, useBias: false), inputs: input.map { [$0] } ?? [])
    }
}
