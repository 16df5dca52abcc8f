// SPDX-License-Identifier: Apache-2.0

import Configuration
import Foundation
import Layers
import Testing

/// Learning rates against those of Keras and PyTorch; see Goldens/Schedules/make_schedules.py.
@Suite struct ScheduleTests {
    struct Golden: Decodable, Sendable, CustomTestStringConvertible {
        let schedule: JSONValue, steps: [Int], rates: [Double]
        var testDescription: String {
            guard case .map(let entries) = schedule.config.kind else { return "" }
            return entries[0].name
        }

        /// Some ten roundings next to the largest rate: Keras computes in single precision, PyTorch in double.
        var tolerance: Double { testDescription.contains("OneCycle") ? 1e-15 : 1e-7 }

        static let all: [Golden] = ["keras", "torch"].flatMap { name -> [Golden] in
            let file = URL(filePath: #filePath).deletingLastPathComponent()
                .appending(path: "Goldens/Schedules/\(name).json")
            guard let data = try? Data(contentsOf: file) else { return [] }
            return (try? JSONDecoder().decode([Golden].self, from: data)) ?? []
        }
    }

    private static func rate(_ value: ConfigValue) throws -> LearningRate {
        let rule = try UpdateRule(
            .map([.init("name", .scalar("sgd")), .init("learning_rate", value)]),
            path: "training.optimizer")
        return rule.optimizer.learningRate
    }

    @Test func thereAreGoldens() { #expect(Golden.all.count == 15) }

    @Test(arguments: Golden.all)
    func ratesAreThoseOfTheField(_ golden: Golden) throws {
        let rate = try Self.rate(golden.schedule.config)
        for (step, expected) in zip(golden.steps, golden.rates) {
            let found = rate.rate(at: step)
            #expect(abs(found - expected) <= golden.tolerance, "step \(step)")
        }
    }

    @Test(arguments: Golden.all)
    func encodedSchedulesReadBackTheSame(_ golden: Golden) throws {
        let rate = try Self.rate(golden.schedule.config)
        #expect(try Self.rate(rate.encoded) == rate)
    }

    @Test func mistakesAreNamed() {
        func message(_ name: String, _ fields: [(String, ConfigValue)]) -> String? {
            #expect(throws: ConfigError.self) {
                try Self.rate(
                    .map([.init(name, .map(fields.map { .init($0.0, $0.1) }))]))
            }?.description
        }
        let path = "training.optimizer.learning_rate"
        #expect(
            message(
                "PiecewiseConstantDecay",
                [("boundaries", .list([.scalar(3)])), ("values", .list([.scalar(1)]))])
                == "\(path).PiecewiseConstantDecay.boundaries: found [3] for values [1.0], expected ascending "
                + "steps, and one value more than there are boundaries")
        #expect(
            message("ExponentialDecay", [("initial_learning_rate", .scalar(1))])
                == "\(path).ExponentialDecay.decay_steps: is missing; add it under \(path).ExponentialDecay"
        )
        #expect(
            message(
                "CosineDecay",
                [
                    ("initial_learning_rate", .scalar(1)), ("decay_steps", .scalar(10)),
                    ("warmup_steps", .scalar(5)),
                ])
                == "\(path).CosineDecay.warmup_target: is missing, but there are warmup_steps; say to which "
                + "rate they lead")
    }
}
