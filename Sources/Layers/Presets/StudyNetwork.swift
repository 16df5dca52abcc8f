// SPDX-License-Identifier: Apache-2.0

/// The small networks that tutorials and courses begin with, but for their last layer.
enum StudyNetwork {
    static let cifar = line([
        convolution(32), MaxPooling2D(), convolution(64), MaxPooling2D(), convolution(64),
        Flatten(), Dense(64, activation: .relu),
    ])

    static let flowers = line(
        [16, 32, 64].flatMap { [convolution($0, .same), MaxPooling2D()] as [any Layer] }
            + [Dropout(0.2), Flatten(), Dense(128, activation: .relu)])

    static let catsdogs = line(
        [32, 64, 128, 128].flatMap { [convolution($0), MaxPooling2D()] as [any Layer] }
            + [Flatten(), Dropout(0.5), Dense(512, activation: .relu)])

    static let lenet5 = line([
        Conv2D(6, kernelSize: Size2D(5), padding: .same, activation: .tanh),
        AveragePooling2D(), Conv2D(16, kernelSize: Size2D(5), activation: .tanh),
        AveragePooling2D(), Flatten(), Dense(120, activation: .tanh),
        Dense(84, activation: .tanh),
    ])

    private static func line(_ layers: [any Layer]) -> [Node] { layers.map { Node($0) } }

    private static func convolution(_ filters: Int, _ padding: Padding = .valid) -> Conv2D {
        Conv2D(filters, kernelSize: Size2D(3), padding: padding, activation: .relu)
    }
}
