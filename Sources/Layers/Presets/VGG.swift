// SPDX-License-Identifier: Apache-2.0

/// 3x3 convolutions in five stages, a pool after each, and two wide dense layers.
enum VGG {
    /// - Parameter convolutions: Of each stage.
    static func nodes(_ convolutions: [Int]) -> [Node] {
        var layers: [any Layer] = []
        for (count, filters) in zip(convolutions, [64, 128, 256, 512, 512]) {
            for _ in 0..<count {
                layers.append(
                    Conv2D(
                        filters, kernelSize: Size2D(3), padding: .same, activation: .relu))
            }
            layers.append(MaxPooling2D())
        }
        layers.append(Flatten())
        for _ in 0..<2 { layers.append(Dense(4096, activation: .relu)) }
        return layers.map { Node($0) }
    }
}
