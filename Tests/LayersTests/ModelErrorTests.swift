// SPDX-License-Identifier: Apache-2.0

import Layers
import Tensors
import Testing

/// What a user reads who made a mistake in the list of layers.
@Suite struct ModelErrorTests {
    private func message(
        _ layers: [any Layer], _ input: Shape = [28, 28, 1], classes: Int = 10,
        loss: Loss = .sparseCategoricalCrossentropy
    ) -> String {
        let error = #expect(throws: LayerError.self) {
            try Model(layers: layers, input: input, loss: loss, classes: classes)
        }
        return error?.description ?? ""
    }

    @Test func kernelLargerThanItsInputNamesLayerShapesAndCure() {
        let conv = Conv2D(4, kernelSize: Size2D(5))
        #expect(
            message([conv, conv, Flatten(), Dense(10)], [7, 9, 1])
                == "conv2d_1: a 5x5 kernel does not fit into the input (3, 5, 4), the output would be"
                + " empty; use a smaller kernel_size, 'padding: same' or larger images")
    }

    @Test func poolLargerThanItsInputNamesLayerShapesAndCure() {
        #expect(
            message([MaxPooling2D(Size2D(4)), Flatten(), Dense(10)], [3, 9, 1])
                == "max_pooling2d: a 4x4 pool does not fit into the input (3, 9, 1), the output would"
                + " be empty; use a smaller pool_size, 'padding: same' or larger images")
    }

    @Test func convolutionAfterFlattenSaysWhereItBelongs() {
        #expect(
            message([Flatten(), Conv2D(4, kernelSize: Size2D(3))])
                == "conv2d: Conv2D takes images (height, width, channels), but its input is (784); put"
                + " it before Flatten")
    }

    @Test func missingFlattenIsExplained() {
        #expect(
            message([Dense(10)])
                == "dense: the model ends with (28, 28, 10); end it with Flatten and Dense, one unit a"
                + " class")
    }

    @Test func modelWithoutWeightsIsExplained() {
        #expect(message([Flatten()], [1, 1, 10]).contains("no layer has weights"))
        #expect(message([]).contains("no layer has weights"))
    }

    @Test func aModelThatIsFrozenAltogetherIsExplained() {
        let frozen = Node(Dense(10), isTrainable: false)
        let error = #expect(throws: LayerError.self) {
            try Model(
                nodes: [Node(Flatten()), frozen], input: [28, 28, 1],
                loss: .sparseCategoricalCrossentropy)
        }
        #expect(
            error?.description
                == "dense: every layer with weights has 'trainable: false', there is nothing to train;"
                + " leave at least one trainable")
    }

    @Test func tooFewUnitsNameTheClasses() {
        #expect(
            message([Flatten(), Dense(5)])
                == "dense: 5 outputs for 10 classes; end the model with Dense: {units: 10}")
    }

    @Test func finalActivationMustGoWithTheLoss() {
        #expect(
            message([Flatten(), Dense(10, activation: .sigmoid)])
                == "dense: ends the model with sigmoid, but sparse_categorical_crossentropy goes with"
                + " softmax")
    }

    @Test func aConstraintIsOverAllThatAUnitReadsBy() {
        let weights = WeightOptions(kernelConstraint: MaxNorm())
        #expect(
            message([
                Conv2D(3, kernelSize: Size2D(3), weights: weights), Flatten(),
                Dense(10, weights: weights),
            ])
                == "conv2d: has a kernel_constraint over axis 0, only axis: [0, 1, 2] is computed, all that a"
                + " unit reads by; set that")
    }

    @Test func whatAJobSaysOfLogitsMustBeSo() {
        #expect(
            message(
                [Flatten(), Dense(10, activation: .softmax)],
                loss: Loss(.categoricalCrossentropy, fromLogits: true))
                == "dense: ends the model with softmax, but loss.from_logits is true; leave from_logits"
                + " out: it follows from how the model ends")
        #expect(
            message(
                [Flatten(), Dense(10)],
                loss: Loss(.sparseCategoricalCrossentropy, fromLogits: false))
                == "dense: ends the model with logits, but loss.from_logits is false; leave from_logits"
                + " out: it follows from how the model ends")
    }

    @Test func hingeWantsOneOutputOfAnySign() {
        #expect(
            message([Flatten(), Dense(1, activation: .sigmoid)], classes: 2, loss: .hinge)
                == "dense: ends the model with sigmoid, but hinge wants numbers of both signs; use tanh,"
                + " or leave the activation out")
        #expect(
            message([Flatten(), Dense(3)], classes: 3, loss: .hinge)
                == "dense: hinge needs 1 output and 2 classes, found 3 outputs and 3 classes; use loss:"
                + " sparse_categorical_crossentropy with one unit a class")
    }

    @Test func binaryLossNeedsOneOutputAndTwoClasses() {
        #expect(
            message([Flatten(), Dense(2)], classes: 2, loss: .binaryCrossentropy)
                == "dense: binary_crossentropy needs 1 output and 2 classes, found 2 outputs and 2"
                + " classes; use loss: sparse_categorical_crossentropy with one unit a class")
    }
}

/// The same for networks with branches.
@Suite struct WiringErrorTests {
    private func message(_ nodes: [Node], _ input: Shape = [8, 8, 1]) -> String {
        let ending = [Node(Flatten()), Node(Dense(10))]
        let error = #expect(throws: LayerError.self) {
            try Model(
                nodes: nodes + ending, input: input, loss: .sparseCategoricalCrossentropy)
        }
        return error?.description ?? ""
    }

    private func conv(_ name: String? = nil, of inputs: String..., filters: Int = 4) -> Node {
        Node(
            Conv2D(filters, kernelSize: Size2D(3), padding: .same), name: name,
            inputs: inputs)
    }

    @Test func unknownInputHintsAtTheNearest() {
        #expect(
            message([conv("start"), conv(of: "strat")])
                == "conv2d: no layer before it is called 'strat'; did you mean 'start'?")
        #expect(
            message([conv("start"), conv(of: "end")])
                == "conv2d: no layer before it is called 'end'; name one with name: end")
    }

    @Test func layerCannotReadWhatComesLater() {
        #expect(
            message([conv("a"), conv("b", of: "c"), conv("c")])
                == "b: no layer before it is called 'c'; did you mean 'a'?")
    }

    @Test func twoLayersOfOneNameAreRefused() {
        #expect(
            message([conv("a"), conv("a")])
                == "a: two layers have this name; choose another for one of them")
        #expect(message([conv(), conv("conv2d")]).hasPrefix("conv2d: two layers have this name"))
    }

    @Test func outputThatNobodyReadsIsFound() {
        #expect(
            message([conv("a"), conv("b"), conv("c", of: "a")])
                == "b: no layer reads its output; remove it, or name it in the 'inputs' of another")
    }

    @Test func additionTakesTwoDifferentLayers() {
        let wanted = "Add takes two or more different ones; say which with inputs: [a, b]"
        #expect(message([conv("a"), Node(Add())]) == "add: reads no named layer, but " + wanted)
        #expect(
            message([conv("a"), Node(Add(), inputs: ["a", "a"])])
                == "add: reads a, a, but " + wanted)
        #expect(
            message([conv("a"), conv("b", of: "a"), conv(of: "a", "b")])
                == "conv2d: reads a, b, but Conv2D takes one layer; say which with inputs: [a]")
    }

    @Test func summandsHaveOneShape() {
        #expect(
            message([
                conv("a"), conv("b", filters: 5), Node(Add(), inputs: ["a", "b"]),
            ])
                == "add: cannot add (8, 8, 4) and (8, 8, 5); give both branches the same filters and"
                + " strides, the shortcut by a Conv2D with kernel_size: 1")
    }

    @Test func summandsLieAlikeInMemory() {
        #expect(
            message([
                conv("a"), Node(Flatten(), name: "b"), Node(Dense(256), name: "c"),
                Node(Add(), inputs: ["b", "c"]),
            ])
                == "add: one input lies in memory as an image 8x8, the other as 1x1; add before"
                + " Flatten")
    }
}
