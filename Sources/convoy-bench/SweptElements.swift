// SPDX-License-Identifier: Apache-2.0
//
// The layers beside convolutions that are swept: element by element, normalisations, pools, and what moves
// pixels and channels.

import Tensors

/// A layer over 16 images of `side` by `side` pixels.
struct SweptElements: Sendable {
    private let name: String
    private let side: Int, channels: Int
    private let make: @Sendable (_ side: Int, _ channels: Int) -> ElementTrial

    init(
        _ name: String, side: Int = 28, channels: Int = 256,
        make: @escaping @Sendable (_ side: Int, _ channels: Int) -> ElementTrial
    ) {
        (self.name, self.side, self.channels) = (name, side, channels)
        self.make = make
    }

    /// `gelu 28x28x256`
    var title: String { "\(name) \(side)x\(side)x\(channels)" }

    func trial() -> ElementTrial { make(side, channels) }

    /// Computes few pixels and channels of it.
    func check(_ kernels: KernelSet) throws {
        try ElementTrial.check(title, kernels) { make(4, min(channels, 32)) }
    }

    static let images = 16

    static let all: [SweptElements] =
        [
            ("relu", .relu), ("relu to 6", .rectifier(Rectifier(ceiling: 6))),
            ("leaky relu", .rectifier(Rectifier(negativeSlope: 0.3))),
            ("elu", .elu(alpha: 1, scale: 1)), ("gelu", .gelu(approximate: false)),
            ("gelu approximate", .gelu(approximate: true)), ("silu", .silu),
            ("sigmoid", .sigmoid), ("tanh", .tanh), ("softplus", .softplus), ("softmax", .softmax),
        ].map { name, activation in
            SweptElements(name) { .activation(activation, $0, $1) }
        } + [
            SweptElements("batch normalization, relu") { .batchNormalization($0, $1) },
            SweptElements("batch normalization, relu", side: 112, channels: 32) {
                .batchNormalization($0, $1)
            },
            SweptElements("layer normalization") { .groupNormalization($0, $1, isLayer: true) },
            SweptElements("group normalization") { .groupNormalization($0, $1, isLayer: false) },
            SweptElements("upsampling") { .upsampling($0, $1, bilinear: false) },
            SweptElements("upsampling bilinear") { .upsampling($0, $1, bilinear: true) },
            SweptElements("concatenate") { .concatenation($0, $1, live: $1) },
            SweptElements("concatenate, odd channels", channels: 64) {
                .concatenation($0, $1, live: $1 - 5)
            },
            SweptElements("reshape") { .reshape($0, $1) },
            SweptElements("multiply by channel") { .product($0, $1) },
            SweptElements("max pool 3x3/2") { .maxPool($0, $1, window: 3, stride: 2) },
            SweptElements("max pool of all") { .maxPool($0, $1, window: $0, stride: $0) },
            SweptElements("average pool of all") { .averagePool($0, $1) },
        ]
}
