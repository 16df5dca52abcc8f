// SPDX-License-Identifier: Apache-2.0

/// A stem, stages of residual blocks, each with twice the filters of the one before and half its pixels down
/// and across, and the mean of the last map.
struct ResidualNetwork {
    enum Stem {
        /// One 3x3 convolution of so many filters.
        case small(Int)
        /// 64 filters of 7x7 and a 3x3 pool, which leave a sixteenth of the pixels.
        case large
    }

    private let stem: Stem
    /// Blocks of each stage.
    private let blocks: [Int]
    /// Whether a block is a 3x3 convolution between two of 1x1, the last of which has four times the
    /// filters, and not two of 3x3.
    private let isBottleneck: Bool

    init(_ stem: Stem, _ blocks: [Int], isBottleneck: Bool = false) {
        self.stem = stem
        self.blocks = blocks
        self.isBottleneck = isBottleneck
    }

    var nodes: [Node] {
        let width: Int
        var nodes: [Node]
        switch stem {
        case .small(let filters):
            width = filters
            nodes = [convolution(filters, kernel: 3), Node(BatchNormalization())]
            nodes.append(Node(ReLU(), name: "stem"))
        case .large:
            width = 64
            nodes = [convolution(64, kernel: 7, strides: 2), Node(BatchNormalization())]
            nodes += [
                Node(ReLU()),
                Node(
                    MaxPooling2D(Size2D(3), strides: Size2D(2), padding: .same),
                    name: "stem"),
            ]
        }
        var last = "stem", channels = width
        for (stage, count) in blocks.enumerated() {
            let made = (width << stage) * (isBottleneck ? 4 : 1)
            for index in 0..<count {
                let name = "block\(stage + 1)_\(index + 1)"
                nodes += block(
                    name, after: last, filters: width << stage, made: made, of: channels,
                    strides: stage > 0 && index == 0 ? 2 : 1)
                (last, channels) = (name, made)
            }
        }
        return nodes + [Node(GlobalAveragePooling2D())]
    }

    /// Two or three convolutions, and around them what goes in, by a 1x1 convolution where its shape
    /// changes.
    private func block(
        _ name: String, after last: String, filters: Int, made: Int, of channels: Int, strides: Int
    ) -> [Node] {
        var nodes: [Node] = []
        func add(_ convolution: Node, name: String? = nil, isLast: Bool = false) {
            nodes += [convolution, Node(BatchNormalization(), name: name)]
            if !isLast { nodes.append(Node(ReLU())) }
        }
        if isBottleneck {
            add(convolution(filters, kernel: 1))
            add(convolution(filters, kernel: 3, strides: strides))
            add(convolution(made, kernel: 1), name: name + "_main", isLast: true)
        } else {
            add(convolution(filters, kernel: 3, strides: strides))
            add(convolution(filters, kernel: 3), name: name + "_main", isLast: true)
        }
        var shortcut = last
        if made != channels || strides > 1 {
            shortcut = name + "_shortcut"
            add(
                convolution(made, kernel: 1, strides: strides, of: last), name: shortcut,
                isLast: true)
        }
        nodes += [Node(Add(), inputs: [name + "_main", shortcut]), Node(ReLU(), name: name)]
        return nodes
    }

    private func convolution(
        _ filters: Int, kernel: Int, strides: Int = 1, of input: String? = nil
    ) -> Node {
        Node(
            Conv2D(
                filters, kernelSize: Size2D(kernel), strides: Size2D(strides),
                padding: .same, useBias: false), inputs: input.map { [$0] } ?? [])
    }
}
