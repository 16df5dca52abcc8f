// SPDX-License-Identifier: Apache-2.0

import Configuration
import Foundation
import Layers
import Tensors
import Testing

/// Whole known networks, a quarter as wide and made smooth, take the steps that they take in Keras; see
/// Goldens/Presets/make_presets.py.
@Suite struct PresetGoldenTests {
    struct Golden: Decodable, Sendable, CustomTestStringConvertible {
        let preset: String, side: Int, learningRate: Double, losses: [Double]
        /// Euclidean norms by tensor, the gradient's of the first mean loss.
        let gradients: [String: Double], weights: [String: Double]
        var testDescription: String { preset }

        private enum CodingKeys: String, CodingKey {
            case preset, side, losses, gradients, weights
            case learningRate = "learning_rate"
        }

        static let all: [Golden] = {
            let file = URL(filePath: #filePath).deletingLastPathComponent()
                .appending(path: "Goldens/Presets/presets.json")
            guard let data = try? Data(contentsOf: file) else { return [] }
            return (try? JSONDecoder().decode([Golden].self, from: data)) ?? []
        }()
    }

    /// What rounding may change, relatively. Normalised networks are steep and many layers deep: Keras in single
    /// precision is as far from itself in double.
    struct Tolerance {
        let gradients: Double, losses: Double, weights: Double

        /// Measured: 3.0e-6, 3.9e-8 and 9.8e-7.
        static let plain = Self(gradients: 1e-5, losses: 2e-7, weights: 2e-6)
        /// Measured: 8.1e-5 in ResNet-110; 3.7e-4 and 4.4e-5 in ResNet-50, of the others 6.1e-5 and 1.1e-6.
        static let normalized = Self(gradients: 2e-4, losses: 1e-3, weights: 1e-4)
    }

    private static let images = 16, classes = 10

    @Test func thereIsOneOfEveryPreset() {
        #expect(Set(Golden.all.map(\.preset)) == Set(Preset.allCases.map(\.rawValue)))
    }

    @Test(arguments: Golden.all)
    func tenStepsAreThoseOfKeras(_ golden: Golden) throws {
        var trial = try Self.trial(golden)
        let isNormalized = trial.model.tensors(trial.weights).keys.contains {
            $0.hasSuffix("/moving_mean")
        }
        let tolerance = isNormalized ? Tolerance.normalized : .plain

        let gradient = trial.model.tensors(try trial.train().gradient)
        let largest = golden.gradients.values.max() ?? 0
        for (name, expected) in golden.gradients {
            let found = Self.norm(try #require(gradient[name])) / Double(Self.images)
            let scale = expected > 0 ? expected : largest
            #expect(abs(found - expected) <= tolerance.gradients * scale, "\(name)")
        }

        let rule = try UpdateRule(
            .map([
                .init("name", .scalar("sgd")), .init("momentum", .scalar(0.9)),
                .init("learning_rate", .scalar(golden.learningRate)),
            ]), path: "optimizer")
        let losses = try trial.descend(rule, steps: golden.losses.count)
        for (found, expected) in zip(losses, golden.losses) {
            #expect(abs(found - expected) <= tolerance.losses * expected)
        }

        let weights = trial.model.tensors(trial.weights)
        #expect(Set(weights.keys) == Set(golden.weights.keys))
        for (name, expected) in golden.weights {
            let found = Self.norm(try #require(weights[name]))
            #expect(abs(found - expected) <= tolerance.weights * expected, "\(name)")
        }
    }

    private static func trial(_ golden: Golden) throws -> Trial {
        let preset = try #require(Preset(rawValue: golden.preset))
        let nodes = preset.nodes(classes: classes).map { node in
            var node = node
            node.layer = narrowAndSmooth(node.layer)
            return node
        }
        let model = try Model(
            nodes: nodes, input: [golden.side, golden.side, 3],
            loss: .sparseCategoricalCrossentropy, classes: classes)
        var trial = Trial(model, samples: images, seed: 1)
        trial.pixels = draw("pixels", count: trial.pixels.count).map { UInt8($0 * 256) }
        trial.labels = (0..<images).map { Int32($0 % classes) }
        let tensors = trial.weights.withUnsafeBufferPointer { model.exportTensors($0) }
        try trial.importWeights(
            tensors.map { name, shape, values in
                let inputs = shape.extents.dropLast().reduce(1, *)
                let sum = Double(inputs + shape[shape.rank - 1])
                let limit = shape.rank == 1 ? 0.3 : (6 / sum).squareRoot()
                let isFactor = name.hasSuffix("/gamma") || name.hasSuffix("/moving_variance")
                let drawn = draw(name, count: values.count)
                return (name, shape, drawn.map { Float((isFactor ? 1 : 0) + limit * (2 * $0 - 1)) })
            })
        return trial
    }

    /// The layer with a quarter of its filters or units, unless they are the classes, SiLU for ReLU and means
    /// for maxima.
    private static func narrowAndSmooth(_ layer: any Layer) -> any Layer {
        func quarter(_ width: Int) -> Int { width == classes ? width : max(1, width / 4) }
        func smooth(_ function: ActivationFunction) -> ActivationFunction {
            function == .relu ? .silu : function
        }
        switch layer {
        case var layer as Conv2D:
            layer.filters = quarter(layer.filters)
            layer.activation = smooth(layer.activation)
            return layer
        case var layer as Dense:
            layer.units = quarter(layer.units)
            layer.activation = smooth(layer.activation)
            return layer
        case is ReLU: return Activation(.silu)
        case is Dropout: return Dropout(0)
        case let pool as MaxPooling2D:
            return AveragePooling2D(pool.poolSize, strides: pool.strides, padding: pool.padding)
        default: return layer
        }
    }

    /// Numbers of 24 bits in [0, 1), as the script draws them.
    private static func draw(_ name: String, count: Int) -> [Double] {
        let seed = name.utf8.reduce(0xCBF2_9CE4_8422_2325 as UInt64) {
            ($0 ^ UInt64($1)) &* 0x100_0000_01B3
        }
        return (1...UInt64(count)).map { index in
            var z = seed &+ index &* 0x9E37_79B9_7F4A_7C15
            z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
            return Double((z ^ z >> 31) >> 40) / 0x1p24
        }
    }

    private static func norm(_ values: [Float]) -> Double {
        values.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
    }
}
