// SPDX-License-Identifier: Apache-2.0

import Configuration
import Layers
import Tensors
import Testing

/// What layers are set to when a job says little, and what they say when it says something else.
@Suite struct LayerFieldsTests {
    private func layer(_ name: String, _ fields: [ConfigValue.Entry] = []) throws -> any Layer {
        let entry: ConfigValue =
            fields.isEmpty ? .scalar(name) : .map([.init(name, .map(fields))])
        return try parseLayers(.list([entry]), path: "layers")[0].layer
    }

    private func numbers(_ numbers: [Int]) -> ConfigValue { .list(numbers.map { .scalar($0) }) }

    @Test func defaultsAreThoseOfKeras() throws {
        #expect(try layer("ReLU") as? ReLU == ReLU(maxValue: nil, negativeSlope: 0, threshold: 0))
        #expect(try layer("LeakyReLU") as? LeakyReLU == LeakyReLU(negativeSlope: 0.3))
        #expect(try layer("ELU") as? ELU == ELU(alpha: 1))
        #expect(try layer("GELU") as? GELU == GELU(approximate: false))
        #expect(
            try layer("UpSampling2D") as? UpSampling2D
                == UpSampling2D(Size2D(2), interpolation: .nearest))
        #expect(try layer("ZeroPadding2D") as? ZeroPadding2D == ZeroPadding2D(Margins(1)))
        #expect(try layer("Cropping2D") as? Cropping2D == Cropping2D(Margins(0)))
        #expect(
            try layer("GlobalMaxPooling2D") as? GlobalMaxPooling2D
                == GlobalMaxPooling2D(keepdims: false))
        #expect(
            try layer("LayerNormalization") as? LayerNormalization
                == LayerNormalization(epsilon: 0.001, center: true, scale: true))
        #expect(
            try layer("GroupNormalization") as? GroupNormalization
                == GroupNormalization(groups: 32, epsilon: 0.001, center: true, scale: true))
    }

    @Test func marginsHaveThreeForms() throws {
        func margins(_ value: ConfigValue) throws -> Margins? {
            (try layer("ZeroPadding2D", [.init("padding", value)]) as? ZeroPadding2D)?.padding
        }
        #expect(try margins(.scalar(2)) == Margins(2))
        #expect(
            try margins(numbers([1, 3])) == Margins(top: 1, bottom: 1, left: 3, right: 3))
        #expect(
            try margins(.list([numbers([1, 2]), numbers([3, 4])]))
                == Margins(top: 1, bottom: 2, left: 3, right: 4))
    }

    @Test func aConstraintHasTwoForms() throws {
        func constraint(_ value: ConfigValue) throws -> MaxNorm? {
            let fields: [ConfigValue.Entry] = [
                .init("units", .scalar(3)), .init("kernel_constraint", value),
            ]
            let dense = try layer("Dense", fields)
            let again = try layer("Dense", dense.fields) as? Dense
            #expect(again == dense as? Dense)
            return again?.weights.kernelConstraint
        }
        #expect(try constraint(.scalar("MaxNorm")) == MaxNorm(maxValue: 2, axis: [0]))
        let fields: [ConfigValue.Entry] = [
            .init("max_value", .scalar(0.5)), .init("axis", numbers([0, 1, 2])),
        ]
        let expected = MaxNorm(maxValue: 0.5, axis: [0, 1, 2])
        #expect(try constraint(.map([.init("MaxNorm", .map(fields))])) == expected)
        let named: [ConfigValue.Entry] = [.init("name", .scalar("max_norm"))] + fields
        #expect(try constraint(.map(named)) == expected)
        #expect(
            fieldMessage(
                "Dense",
                [.init("units", .scalar(3)), .init("kernel_constraint", .scalar("UnitNorm"))])
                == "layers[0].Dense.kernel_constraint: 'UnitNorm' is not a constraint; expected MaxNorm"
        )
    }

    private func fieldMessage(_ name: String, _ fields: [ConfigValue.Entry]) -> String {
        let error = #expect(throws: ConfigError.self) { try layer(name, fields) }
        return error?.description ?? ""
    }

    @Test func wrongFieldsAreNamed() {
        for margins in [numbers([1, 2, 3]), .scalar("a"), numbers([-1, 2])] {
            #expect(
                fieldMessage("ZeroPadding2D", [.init("padding", margins)])
                    == "layers[0].ZeroPadding2D.padding: found \(margins.summary), expected whole"
                    + " numbers of pixels: one, [rows, columns] or [[top, bottom], [left, right]]")
        }
        #expect(
            fieldMessage("Reshape", [.init("target_shape", numbers([-1, -1, 3]))])
                == "layers[0].Reshape.target_shape: found [-1, -1, 3], expected [features] or"
                + " [height, width, channels]; one of them may be -1")
        #expect(
            fieldMessage("Concatenate", [.init("axis", .scalar(1))])
                == "layers[0].Concatenate.axis: found 1, expected -1, the axis of channels")
        #expect(
            fieldMessage("GroupNormalization", [.init("groups", .scalar(0))])
                == "layers[0].GroupNormalization.groups: found 0, expected a number of groups, or"
                + " -1 for one a channel")
    }

    private func message(_ nodes: [Node]) -> String {
        let error = #expect(throws: LayerError.self) {
            try Model(nodes: nodes, input: [6, 6, 3], loss: .sparseCategoricalCrossentropy)
        }
        return error?.description ?? ""
    }

    private func conv(_ name: String, _ filters: Int, strides: Int = 1) -> Node {
        Node(
            Conv2D(
                filters, kernelSize: Size2D(3), strides: Size2D(strides), padding: .same),
            name: name)
    }

    @Test func shapesThatDoNotFitAreNamed() {
        #expect(
            message([Node(Cropping2D(Margins(3)))])
                == "cropping2d: cropping ((3, 3), (3, 3)) leaves nothing of the input (6, 6, 3);"
                + " crop less")
        #expect(
            message([Node(Reshape([5, -1, 2]))])
                == "reshape: the input (6, 6, 3) has 108 values, (5, 10, 2) has 100; reshape to as"
                + " many")
        #expect(
            message([Node(GroupNormalization(groups: 2))])
                == "group_normalization: 2 groups do not divide the 3 channels of the input (6, 6,"
                + " 3); choose a divisor")
        #expect(
            message([Node(Flatten()), Node(UpSampling2D())])
                == "up_sampling2d: UpSampling2D takes images (height, width, channels), but its"
                + " input is (108); put it before Flatten")
        #expect(
            message([
                conv("a", 4), conv("b", 5, strides: 2), Node(Concatenate(), inputs: ["a", "b"]),
            ])
                == "concatenate: cannot join the channels of (6, 6, 4) and (3, 3, 5); give both"
                + " branches the same strides and padding")
        #expect(
            message([conv("a", 4), conv("b", 5), Node(Multiply(), inputs: ["a", "b"])])
                == "multiply: cannot multiply (6, 6, 5) by (6, 6, 4); give all inputs one shape, or"
                + " (1, 1, channels) to factors of channels (GlobalAveragePooling2D with keepdims:"
                + " true)")
        #expect(
            message([Node(Flatten()), Node(GroupNormalization(groups: 2))])
                == "group_normalization: groups of a flattened image (108); put it before Flatten,"
                + " or take LayerNormalization")
    }

    @Test func zerosBeforeAConvolutionCostNoStage() throws {
        func stages(_ layers: [any Layer]) throws -> [String] {
            try Model(
                layers: layers + [Flatten(), Dense(2)], input: [6, 6, 3],
                loss: .sparseCategoricalCrossentropy
            ).stageSummary
        }
        let padded = try stages([
            ZeroPadding2D(), Conv2D(4, kernelSize: Size2D(3), strides: Size2D(2)),
        ])
        #expect(padded.count == 2 && padded[0].contains("narrow 3x3"))
        // Here the first window would see nothing but zeros.
        let wide = try stages([
            ZeroPadding2D(Margins(3)), Conv2D(4, kernelSize: Size2D(3)),
        ])
        #expect(wide.count == 3)
    }
}
