// SPDX-License-Identifier: Apache-2.0

import Configuration
import Foundation
import Layers
import Tensors
import Testing

@Suite struct InitializerTests {
    /// What Keras drew for one tensor; see Goldens/make_goldens.py.
    private struct Draw: Decodable, CustomTestStringConvertible {
        let initializer: JSONValue, shape: [Int]
        let mean: Double, deviation: Double, lowest: Double, highest: Double
        var testDescription: String { "\(initializer) of \(shape)" }
    }

    private static let draws: [Draw] = {
        let file = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "Goldens/initializers.txt")
        let text = (try? String(contentsOf: file, encoding: .utf8)) ?? ""
        return text.split(separator: "\n").compactMap {
            try? JSONDecoder().decode(Draw.self, from: Data($0.utf8))
        }
    }()

    /// A network with kernels `[3, 3, 24, 40]` and `[1440, 30]`, whose biases have the initializer, too.
    private func model(_ initializer: ConfigValue) throws -> Model {
        let options: [ConfigValue.Entry] = [
            .init("kernel_initializer", initializer), .init("bias_initializer", initializer),
        ]
        func layer(_ name: String, _ fields: [ConfigValue.Entry]) -> ConfigValue {
            .map([.init(name, .map(fields))])
        }
        let nodes = try parseLayers(
            .list([
                layer("Conv2D", [.init("filters", .scalar(24)), .init("kernel_size", .scalar(1))]),
                layer(
                    "Conv2D",
                    [.init("filters", .scalar(40)), .init("kernel_size", .scalar(3))] + options),
                .scalar("Flatten"), layer("Dense", [.init("units", .scalar(30))] + options),
            ]), path: "layers")
        return try Model(nodes: nodes, input: [8, 8, 3], loss: .sparseCategoricalCrossentropy)
    }

    private func tensors(_ model: Model, seed: UInt64 = 4) -> [NamedTensor] {
        let weights = AlignedBuffer<Float>(count: model.parameters.count)
        model.initialize(weights.elements, seed: seed)
        return model.exportTensors(Floats(weights.elements))
    }

    @Test func thereAreGoldens() { #expect(Self.draws.count == 54) }

    /// Two samples' means and deviations lie four standard errors apart at most, the ends of bounded
    /// distributions 1 % of their width: of 8,640 numbers the outermost is nearer to the end than that.
    @Test(arguments: draws) private func valuesAreDistributedAsKerass(_ draw: Draw) throws {
        let tensors = tensors(try model(draw.initializer.config))
        let count = draw.shape.reduce(1, *)
        let tensor = try #require(
            tensors.last { $0.shape == Shape(draw.shape) }, "no tensor has that shape")
        let values = tensor.values.map(Double.init)
        let mean = values.reduce(0, +) / Double(count)
        let deviation =
            (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(count)).squareRoot()
        let error = 4 * 2.0.squareRoot() / Double(count).squareRoot()
        // Keras computes the moments of its draws in single precision.
        let slack = error * draw.deviation + 1e-6
        #expect(abs(mean - draw.mean) <= slack && abs(deviation - draw.deviation) <= slack)
        let isBounded = !["random_normal", "untruncated"].contains(where: "\(draw)".contains)
        if count > 1000 && isBounded {
            let slack = 1e-6 + 0.01 * (draw.highest - draw.lowest)
            #expect(abs((values.min() ?? .nan) - draw.lowest) <= slack)
            #expect(abs((values.max() ?? .nan) - draw.highest) <= slack)
        }
    }

    @Test func valuesAreAFunctionOfSeedLayerAndTensor() throws {
        let model = try model(.scalar("he_normal"))
        let values = tensors(model).map(\.values)
        #expect(values == tensors(model).map(\.values))
        #expect(values[2] != tensors(model, seed: 5)[2].values)
        // The biases are of 40 and of 30.
        #expect(values[3].prefix(30) != values[5].prefix(30))
        #expect(values[2].prefix(30) != values[3].prefix(30))
    }

    @Test func everyInitializerReadsBack() throws {
        for draw in Self.draws {
            let nodes = try model(draw.initializer.config).nodes
            let encoded = encodeLayers(nodes)
            #expect(encodeLayers(try parseLayers(encoded, path: "layers")) == encoded)
        }
    }

    @Test func mistakesAreNamed() {
        func complaint(_ initializer: ConfigValue) -> String {
            let error = #expect(throws: ConfigError.self) { try model(initializer) }
            return error?.description ?? ""
        }
        #expect(
            complaint(.scalar("glorot_unifrom")).contains(
                "kernel_initializer: 'glorot_unifrom' is not an initializer; did you mean"
                    + " 'glorot_uniform'?"))
        #expect(
            complaint(.map([.init("name", .scalar("he_normal")), .init("stddev", .scalar(1))]))
                .contains("kernel_initializer.stddev: is not a field of"))
        #expect(
            complaint(
                .map([.init("name", .scalar("random_normal")), .init("stddev", .scalar(-1))])
            ).contains("kernel_initializer.stddev: found -1.0, expected 0.0 to 1e+30"))
    }

    @Test func regularizersReadBackAndMistakesAreNamed() throws {
        func layer(_ regularizer: ConfigValue) -> ConfigValue {
            .list([
                .map([
                    .init(
                        "Dense",
                        .map([
                            .init("units", .scalar(3)), .init("kernel_regularizer", regularizer),
                        ]))
                ])
            ])
        }
        let short = try parseLayers(layer(.scalar("l2")), path: "layers")
        let dense = try #require(short[0].layer as? Dense)
        #expect(dense.weights.kernelRegularizer == Regularizer(l2: 0.01))
        #expect(
            encodeLayers(try parseLayers(encodeLayers(short), path: "layers"))
                == encodeLayers(short))
        let error = #expect(throws: ConfigError.self) {
            try parseLayers(layer(.scalar("l3")), path: "layers")
        }
        #expect(
            error?.description.contains(
                "kernel_regularizer: 'l3' is not a regularizer; expected one of l1, l2, l1_l2")
                == true)
    }
}
