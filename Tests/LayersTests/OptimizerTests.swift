// SPDX-License-Identifier: Apache-2.0

import Configuration
import Engines
import Layers
import Tensors
import Testing

@Suite struct OptimizerTests {
    private static let all: [any Optimizer] = [
        SGD(), SGD(momentum: 0.9), SGD(momentum: 0.9, nesterov: true), RMSprop(),
        RMSprop(momentum: 0.5), Adam(),
    ]

    @Test func bareNamesHaveKerasDefaults() throws {
        func parse(_ name: String) throws -> any Optimizer {
            try parseOptimizer(.scalar(name), path: "optimizer")
        }
        #expect(
            try parse("sgd") as? SGD == SGD(learningRate: 0.01, momentum: 0, nesterov: false))
        #expect(
            try parse("RMSprop") as? RMSprop
                == RMSprop(learningRate: 0.001, rho: 0.9, momentum: 0, epsilon: 1e-7))
        #expect(
            try parse("adam") as? Adam
                == Adam(learningRate: 0.001, beta1: 0.9, beta2: 0.999, epsilon: 1e-7))
    }

    @Test(arguments: all.indices)
    func encodedOptimizersReadBackTheSame(index: Int) throws {
        let optimizer = Self.all[index]
        let again = try parseOptimizer(optimizer.encoded(), path: "optimizer")
        #expect("\(again)" == "\(optimizer)")
    }

    @Test func mistakesNameTheFieldAndTheCure() {
        func message(_ value: ConfigValue) -> String? {
            #expect(throws: ConfigError.self) {
                try parseOptimizer(value, path: "training.optimizer")
            }?.description
        }
        #expect(
            message(.scalar("adaam"))
                == "training.optimizer: 'adaam' is not an optimizer; did you mean 'adam'?")
        #expect(
            message(.map([.init("name", .scalar("sgd")), .init("learning_rat", .scalar(1))]))
                == "training.optimizer.learning_rat: is not a field of training.optimizer; did you mean"
                + " 'learning_rate'?")
        #expect(
            message(.map([.init("name", .scalar("adam")), .init("beta_1", .scalar(1))]))
                == "training.optimizer.beta_1: found 1.0, expected 0.0 to 0.999999")
    }

    @Test func slotsAreWhatTheFormulasNeed() {
        #expect(Self.all.map(\.slots) == [0, 1, 1, 1, 2, 2])
    }

    /// Chunks may be stepped in any order, by anybody.
    @Test(arguments: all.indices)
    func slicesOfABufferGiveTheBitsOfTheWhole(index: Int) {
        let optimizer = Self.all[index]
        #expect(
            step(optimizer, slices: [0..<160])
                == step(optimizer, slices: [96..<160, 0..<16, 16..<96]))
    }

    /// Two steps on 160 weights, and the state after them.
    private func step(_ optimizer: any Optimizer, slices: [Range<Int>]) -> [UInt32] {
        var draw = Draw(seed: 4)
        let buffers = (0..<4).map { _ in AlignedBuffer<Float>(count: 160) }
        for i in 0..<160 {
            buffers[0].base[i] = draw.float(in: -1, 1)
            buffers[1].base[i] = draw.float(in: -1, 1)
        }
        for number in 1...2 {
            for range in slices {
                let slots = buffers[2...].map(\.elements).enumerated().map { slot, buffer in
                    MutableFloats(rebasing: buffer[slot < optimizer.slots ? range : 0..<0])
                }
                optimizer.apply(
                    Engine.best(), step: number, samples: 7,
                    OptimizerSlice(
                        gradient: Floats(buffers[0][range]), weights: Floats(buffers[1][range]),
                        newWeights: buffers[1][range], first: slots[0], second: slots[1]))
            }
        }
        return buffers.flatMap { $0.elements.map(\.bitPattern) }
    }
}
