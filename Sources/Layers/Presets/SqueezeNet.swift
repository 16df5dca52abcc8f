// SPDX-License-Identifier: Apache-2.0

/// Modules that squeeze their channels by 1x1 convolutions and expand them by 1x1 and 3x3 ones, side by side.
enum SqueezeNet {
    static func nodes(classes: Int) -> [Node] {
        var nodes = [
            Node(convolution(96, kernel: 7, strides: 2, padding: .valid)), Node(pool),
        ]
        for (number, squeezed) in zip(2..., [16, 16, 32, 32, 48, 48, 64, 64]) {
            nodes += module("fire\(number)", squeezed: squeezed, expanded: squeezed * 4)
            if number == 4 || number == 8 { nodes.append(Node(pool)) }
        }
        return nodes + [
            Node(Dropout(0.5)), Node(convolution(classes, kernel: 1)),
            Node(GlobalAveragePooling2D()),
        ]
    }

    private static func module(_ name: String, squeezed: Int, expanded: Int) -> [Node] {
        [
            Node(convolution(squeezed, kernel: 1), name: name + "_squeeze"),
            Node(convolution(expanded, kernel: 1), name: name + "_1x1"),
            Node(
                convolution(expanded, kernel: 3), name: name + "_3x3", inputs: [name + "_squeeze"]),
            Node(Concatenate(), inputs: [name + "_1x1", name + "_3x3"]),
        ]
    }

    private static let pool = MaxPooling2D(Size2D(3), strides: Size2D(2), padding: .same)

    private static func convolution(
        _ filters: Int, kernel: Int, strides: Int = 1, padding: Padding = .same
    ) -> Conv2D {
        Conv2D(
            filters, kernelSize: Size2D(kernel), strides: Size2D(strides),
            padding: padding, activation: .relu)
    }
}
