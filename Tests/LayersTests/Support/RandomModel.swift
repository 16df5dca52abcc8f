// SPDX-License-Identifier: Apache-2.0
//
// Small models that nobody would think of.

import Layers
import Tensors

extension Model {
    /// A model of odd shapes and an unusual order of layers, a function of the seed.
    static func random(seed: UInt64, winograd: Bool = true) throws -> Model {
        var draw = Draw(seed: seed)
        let input: Shape = [
            draw.int(in: 4, 9), draw.int(in: 4, 9), draw.element([1, 1, 2, 3, 4, 5, 13]),
        ]
        let isBinary = draw.int(in: 0, 4) == 0
        let loss = isBinary ? Loss.binaryCrossentropy : .sparseCategoricalCrossentropy
        let units = isBinary ? 1 : draw.int(in: 2, 5)
        var body = [Node(Rescaling(scale: 1 / 127.5, offset: -1))]
        for _ in 0..<draw.int(in: 1, 4) {
            let next =
                switch draw.int(in: 0, 5) {
                case 0: draw.residual(after: body)
                case 1: draw.merged(after: body)
                default: body + draw.layers().map { Node($0) }
                }
            if fits(next, input) { body = next }
        }
        body.append(
            Node(
                draw.element(
                    [
                        Flatten(), Flatten(), Flatten(), GlobalAveragePooling2D(),
                        GlobalMaxPooling2D(),
                    ]
                        as [any Layer])))
        if draw.int(in: 0, 1) == 0 { body.append(Node(draw.dense())) }
        let dropped = body + [Node(Dropout(0.4))]
        if draw.int(in: 0, 2) == 0, fits(dropped, input) { body = dropped }
        let final: ActivationFunction = draw.element([.linear, isBinary ? .sigmoid : .softmax])
        body.append(Node(Dense(units, activation: final)))
        return try Model(nodes: body, input: input, loss: loss, winograd: winograd)
    }

    private static func fits(_ nodes: [Node], _ input: Shape) -> Bool {
        let ending: [any Layer] = [Flatten(), Dense(2)]
        let model = try? Model(
            nodes: nodes + ending.map { Node($0) }, input: input,
            loss: .sparseCategoricalCrossentropy)
        return model != nil
    }
}

extension Draw {
    fileprivate mutating func layers() -> [any Layer] {
        switch int(in: 0, 21) {
        case 0...2: [conv(kernel: Size2D(3), strides: Size2D(1))]
        case 3:
            [conv(kernel: Size2D(3), strides: Size2D(1), activation: .relu), MaxPooling2D()]
        case 4:
            [
                conv(
                    kernel: Size2D(int(in: 1, 4), int(in: 1, 4)),
                    strides: Size2D(int(in: 1, 2), int(in: 1, 3)))
            ]
        case 5: [pool()]
        case 6:
            [
                element(
                    [
                        Dropout(0.3), SpatialDropout2D(0.4), GaussianNoise(0.2),
                    ] as [any Layer])
            ]
        case 7: [activation()]
        case 8: [Rescaling(scale: 1.5, offset: -0.25)]
        case 9:
            [
                AveragePooling2D(
                    Size2D(int(in: 1, 3), int(in: 1, 3)),
                    strides: Size2D(int(in: 1, 2), int(in: 1, 2)),
                    padding: element([.valid, .same]))
            ]
        case 10:
            [conv(kernel: Size2D(3), strides: Size2D(1), activation: .sigmoid), normalization()]
        case 12: moved()
        case 14: normalizedImages()
        case 13: [conv(kernel: Size2D(1), strides: Size2D(1)), moved()[0]]
        case 11: [linear(element([3, 17])), normalization(), ReLU()]
        case 15: [dilated()]
        case 16: [depthwise()]
        case 17: [depthwise(), normalization(), ReLU()]
        case 18: [separable()]
        case 19: [transposed()]
        case 20: grouped()
        default: [dense()]
        }
    }

    /// A block with a branch around it: of one convolution or two, with normalisation or without, and a
    /// shortcut that is a convolution or nothing at all.
    fileprivate mutating func residual(after body: [Node]) -> [Node] {
        var nodes = body
        let name = "r\(nodes.count)", filters = element([3, 17])
        nodes[nodes.count - 1].name = nodes[nodes.count - 1].name ?? name
        let start = nodes[nodes.count - 1].name!
        let isNormalized = int(in: 0, 2) > 0
        for _ in 0..<int(in: 1, 2) {
            nodes.append(Node(linear(filters)))
            if isNormalized { nodes.append(Node(normalization())) }
            if int(in: 0, 1) == 0 { nodes.append(Node(ReLU())) }
        }
        nodes[nodes.count - 1].name = name + "main"
        var shortcut = start
        if int(in: 0, 2) > 0 {
            nodes.append(
                Node(Conv2D(filters, kernelSize: Size2D(1)), inputs: [start]))
            if isNormalized { nodes.append(Node(normalization())) }
            shortcut = name + "shortcut"
            nodes[nodes.count - 1].name = shortcut
        }
        nodes.append(Node(Add(), inputs: [name + "main", shortcut]))
        return int(in: 0, 1) == 0 ? nodes + [Node(ReLU())] : nodes
    }

    /// Two or three branches, one of which may be what they come from, in a sum, a product or side by side;
    /// or a product with factors of the channels.
    fileprivate mutating func merged(after body: [Node]) -> [Node] {
        var nodes = body
        let name = "m\(nodes.count)", filters = element([3, 16, 17]), kind = int(in: 0, 3)
        nodes[nodes.count - 1].name = nodes[nodes.count - 1].name ?? name
        let start = nodes[nodes.count - 1].name!
        var ends: [String] = kind == 2 && int(in: 0, 1) == 0 ? [start] : []
        for branch in 0..<int(in: 2, 3) {
            let width = kind == 2 ? element([1, 5, 16, 18]) : filters
            let layer = Conv2D(
                width, kernelSize: Size2D(element([1, 3])), padding: .same,
                activation: element([.linear, .relu, .tanh, .gelu]))
            nodes.append(Node(layer, name: "\(name)_\(branch)", inputs: [start]))
            ends.append("\(name)_\(branch)")
        }
        switch kind {
        case 0: nodes.append(Node(Add(), inputs: ends))
        case 1: nodes.append(Node(Multiply(), inputs: ends))
        case 2: nodes.append(Node(Concatenate(), inputs: ends))
        default:
            nodes.append(Node(Add(), name: name + "_sum", inputs: ends))
            nodes.append(Node(GlobalAveragePooling2D(keepdims: true)))
            nodes.append(
                Node(Dense(filters, activation: .sigmoid), name: name + "_factors"))
            let inputs = [name + "_sum", name + "_factors"]
            nodes.append(Node(Multiply(), inputs: int(in: 0, 1) == 0 ? inputs : inputs.reversed()))
        }
        return nodes
    }

    private mutating func linear(_ filters: Int) -> Conv2D {
        Conv2D(filters, kernelSize: Size2D(3), padding: .same, useBias: false)
    }

    private mutating func normalization() -> BatchNormalization {
        BatchNormalization(
            momentum: element([0.9, 0.99]), epsilon: element([0.001, 0.1]),
            center: int(in: 0, 3) > 0, scale: int(in: 0, 3) > 0)
    }

    fileprivate mutating func conv(
        kernel: Size2D, strides: Size2D, activation: ActivationFunction? = nil,
        filters: Int? = nil
    ) -> Conv2D {
        Conv2D(
            filters ?? element([1, 2, 3, 4, 5, 17]), kernelSize: kernel, strides: strides,
            padding: element([.valid, .same]),
            activation: activation
                ?? element([.linear, .relu, .relu, .sigmoid, .softmax, .relu6, .silu, .elu]),
            useBias: int(in: 0, 3) > 0)
    }

    private mutating func normalizedImages() -> [any Layer] {
        let epsilon = element([0.01, 0.1]), center = int(in: 0, 3) > 0, scale = int(in: 0, 3) > 0
        switch int(in: 0, 2) {
        case 0: return [LayerNormalization(epsilon: epsilon, center: center, scale: scale)]
        case 1:
            return [
                Flatten(), LayerNormalization(epsilon: epsilon, center: center, scale: scale),
                Activation(.tanh),
            ]
        default:
            let filters = element([6, 18])
            return [
                linear(filters),
                GroupNormalization(
                    groups: element([1, 2, 3, 6, -1]), epsilon: epsilon, center: center,
                    scale: scale), ReLU(),
            ]
        }
    }

    private mutating func pool() -> any Layer {
        let size = Size2D(int(in: 1, 3), int(in: 1, 3)),
            strides = Size2D(int(in: 1, 2), int(in: 1, 2))
        let padding: Padding = element([.valid, .same])
        return int(in: 0, 2) == 0
            ? MinPooling2D(size, strides: strides, padding: padding)
            : MaxPooling2D(size, strides: strides, padding: padding)
    }

    /// Layers that move pixels, alone or before a convolution that leaves out their zeros.
    private mutating func moved() -> [any Layer] {
        func margins() -> Margins {
            Margins(
                top: int(in: 0, 2), bottom: int(in: 0, 2), left: int(in: 0, 2), right: int(in: 0, 3)
            )
        }
        switch int(in: 0, 5) {
        case 0: return [ZeroPadding2D(margins())]
        case 1:
            let strides = Size2D(int(in: 1, 2))
            return [
                ZeroPadding2D(margins()),
                conv(kernel: Size2D(element([1, 2, 3, 3])), strides: strides),
            ]
        case 2: return [Cropping2D(margins())]
        case 3:
            return [
                UpSampling2D(
                    Size2D(int(in: 1, 3), int(in: 1, 2)),
                    interpolation: element([.nearest, .bilinear]))
            ]
        case 4: return [Flatten(), Dense(36), Reshape([3, -1, 3])]
        default: return [Reshape([-1, element([1, 2]), element([1, 2, 3, 5, 16])])]
        }
    }

    private mutating func activation() -> any Layer {
        let functions = ActivationFunction.allCases.map { Activation($0) as any Layer }
        return element(
            functions + [
                ReLU(maxValue: 0.5), ReLU(maxValue: 1.5, negativeSlope: 0.1, threshold: 0.1),
                LeakyReLU(), ELU(alpha: 0.7), GELU(approximate: true), Sigmoid(), Softmax(),
            ])
    }

    private mutating func dilated() -> Conv2D {
        Conv2D(
            element([2, 17]), kernelSize: Size2D(int(in: 1, 3), int(in: 2, 3)),
            padding: element([.valid, .same, .same]),
            dilationRate: Size2D(int(in: 1, 3), int(in: 2, 3)),
            activation: element([.linear, .relu]), useBias: int(in: 0, 3) > 0)
    }

    private mutating func depthwise() -> DepthwiseConv2D {
        let isDilated = int(in: 0, 3) == 0
        return DepthwiseConv2D(
            Size2D(int(in: 1, 4), int(in: 1, 4)),
            strides: isDilated ? Size2D(1) : Size2D(int(in: 1, 2), int(in: 1, 2)),
            padding: element([.valid, .same]), depthMultiplier: element([1, 1, 1, 2, 3]),
            dilationRate: isDilated ? Size2D(2, 3) : Size2D(1),
            activation: element([.linear, .relu, .sigmoid]), useBias: int(in: 0, 3) > 0)
    }

    private mutating func separable() -> SeparableConv2D {
        SeparableConv2D(
            element([1, 3, 17]), kernelSize: Size2D(int(in: 1, 3), int(in: 1, 3)),
            strides: Size2D(int(in: 1, 2)), padding: element([.valid, .same]),
            depthMultiplier: element([1, 1, 5]), activation: element([.linear, .relu]),
            useBias: int(in: 0, 3) > 0)
    }

    private mutating func transposed() -> Conv2DTranspose {
        Conv2DTranspose(
            element([1, 3, 17]), kernelSize: Size2D(int(in: 1, 4), int(in: 1, 4)),
            strides: Size2D(1, int(in: 1, 2)), padding: element([.valid, .same]),
            activation: element([.linear, .relu, .sigmoid]), useBias: int(in: 0, 3) > 0)
    }

    /// A convolution whose filters the next one's groups divide.
    private mutating func grouped() -> [any Layer] {
        let groups = element([2, 3, 5]), channels = groups * element([1, 3, 16])
        return [
            conv(kernel: Size2D(1), strides: Size2D(1), filters: channels),
            Conv2D(
                groups * element([1, 2, 16]),
                kernelSize: Size2D(int(in: 1, 3), int(in: 1, 3)),
                strides: Size2D(int(in: 1, 2)), padding: element([.valid, .same]), groups: groups,
                activation: element([.linear, .relu]), useBias: int(in: 0, 3) > 0),
        ]
    }

    fileprivate mutating func dense() -> Dense {
        Dense(
            element([1, 3, 6, 18]),
            activation: element([.linear, .relu, .sigmoid, .gelu, .tanh]),
            useBias: int(in: 0, 3) > 0)
    }
}
