// SPDX-License-Identifier: Apache-2.0

import Configuration
import Layers
import Tensors
import Testing

@Suite struct LayerKindsTests {
    private func layer(_ name: String, _ fields: [ConfigValue.Entry] = []) -> ConfigValue {
        .list([fields.isEmpty ? .scalar(name) : .map([.init(name, .map(fields))])])
    }

    private func message(_ value: ConfigValue) -> String {
        let error = #expect(throws: ConfigError.self) {
            try parseLayers(value, path: "layers")
        }
        return error?.description ?? ""
    }

    @Test func conv2DHasKerasDefaults() throws {
        let value = layer(
            "Conv2D", [.init("filters", .scalar(32)), .init("kernel_size", .scalar(3))])
        #expect(
            try parseLayers(value, path: "layers").first?.layer as? Conv2D
                == Conv2D(
                    32, kernelSize: Size2D(3), strides: Size2D(1), padding: .valid,
                    activation: .linear, useBias: true))
    }

    @Test func bareNamesHaveKerasDefaults() throws {
        let layers = try parseLayers(
            .list([.scalar("MaxPooling2D"), .scalar("Flatten"), .scalar("ReLU")]), path: "layers")
        #expect(
            layers[0].layer as? MaxPooling2D
                == MaxPooling2D(Size2D(2), strides: Size2D(2)))
        #expect(layers[1].layer is Flatten)
        #expect(layers[2].layer is ReLU)
    }

    @Test func stridesOfAPoolAreItsSizeUnlessGiven() throws {
        let value = layer("MaxPooling2D", [.init("pool_size", .list([.scalar(3), .scalar(2)]))])
        let pool = try parseLayers(value, path: "layers").first?.layer as? MaxPooling2D
        #expect(pool?.strides == Size2D(3, 2))
    }

    @Test func scaleMayBeAFraction() throws {
        let value = layer("Rescaling", [.init("scale", .scalar("1/255"))])
        #expect(
            try parseLayers(value, path: "layers").first?.layer as? Rescaling
                == Rescaling(scale: 1 / 255))
    }

    @Test(arguments: 0..<40)
    func encodedLayersReadBackTheSame(seed: Int) throws {
        let model = try Model.random(seed: UInt64(seed))
        let encoded = encodeLayers(model.nodes)
        let again = try parseLayers(encoded, path: "layers")
        #expect(encodeLayers(again) == encoded)
        #expect("\(again)" == "\(model.nodes)")
    }

    @Test func normalizationHasKerasDefaults() throws {
        let nodes = try parseLayers(layer("BatchNormalization"), path: "layers")
        #expect(
            nodes[0].layer as? BatchNormalization
                == BatchNormalization(momentum: 0.99, epsilon: 0.001, center: true, scale: true))
    }

    @Test func nodesHaveNamesAndInputs() throws {
        let names = ConfigValue.list([.scalar("a"), .scalar("b")])
        let value = layer("Add", [.init("name", .scalar("sum")), .init("inputs", names)])
        let node = try parseLayers(value, path: "layers")[0]
        #expect(node.name == "sum" && node.inputs == ["a", "b"])
        #expect(encodeLayers([node]) == value)
        let single = layer("ReLU", [.init("inputs", .scalar("a"))])
        #expect(try parseLayers(single, path: "layers")[0].inputs == ["a"])
    }

    @Test func presetStandsForItsLayers() throws {
        let value = ConfigValue.map([
            .init("preset", .scalar("resnet18")), .init("classes", .scalar(10)),
        ])
        let nodes = try parseLayers(value, path: "model")
        #expect(encodeLayers(nodes) == encodeLayers(Preset.resnet18.nodes(classes: 10)))
        let names = Preset.allCases.map(\.rawValue).joined(separator: ", ")
        #expect(
            message(.map([.init("preset", .scalar("resnet19"))]))
                == "layers.preset: found 'resnet19', expected one of \(names); did you mean"
                + " 'resnet18'?")
    }

    @Test func badNamesAreNamed() {
        #expect(
            message(layer("ReLU", [.init("name", .scalar("a/b"))]))
                == "layers[0].ReLU.name: found 'a/b', expected a name without '/' and blanks")
        #expect(
            message(layer("Add", [.init("inputs", .list([.list([])]))]))
                .hasSuffix("expected the name of a layer"))
    }

    @Test func unknownLayerHintsAtTheNearest() {
        #expect(
            message(layer("Conv2d")) == "layers[0]: 'Conv2d' is not a layer; did you mean 'Conv2D'?"
        )
        #expect(
            message(layer("MaxPool2D"))
                == "layers[0]: 'MaxPool2D' is not a layer; did you mean 'MaxPooling2D'?")
        #expect(
            message(layer("Transformer")).hasPrefix(
                "layers[0]: 'Transformer' is not a layer; expected one of Conv2D, DepthwiseConv2D,")
        )
    }

    @Test func unknownFieldHintsAtTheNearest() {
        #expect(
            message(
                layer(
                    "Conv2D",
                    [
                        .init("filters", .scalar(1)), .init("kernel_size", .scalar(3)),
                        .init("stride", .scalar(2)),
                    ]))
                == "layers[0].Conv2D.stride: is not a field of layers[0].Conv2D; did you mean"
                + " 'strides'?")
    }

    @Test func missingFieldIsNamed() {
        #expect(
            message(layer("Dense"))
                == "layers[0].Dense.units: is missing; add it under layers[0].Dense"
        )
    }

    @Test func listIsExpected() {
        #expect(
            message(.scalar("Conv2D"))
                == "layers: found 'Conv2D', expected a list of layers"
                + " (- Conv2D: {filters: 32, kernel_size: 3})")
        #expect(message(.list([])).contains("expected a list of layers"))
        #expect(message(.list([.list([])])).contains("expected a layer"))
    }

    @Test func namesAreThoseOfKeras() throws {
        let layers: [any Layer] = [
            Conv2D(1, kernelSize: Size2D(1)), ReLU(), Activation(.relu), Sigmoid(),
            Softmax(), ReLU(), Dropout(0.5), Rescaling(scale: 1), Flatten(), Dense(2),
        ]
        let model = try Model(
            layers: layers, input: [4, 4, 1], loss: .sparseCategoricalCrossentropy)
        #expect(
            model.names == [
                "conv2d", "re_lu", "activation", "sigmoid", "softmax", "re_lu_1", "dropout",
                "rescaling", "flatten", "dense",
            ])
    }
}
