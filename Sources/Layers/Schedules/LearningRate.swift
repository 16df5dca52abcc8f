// SPDX-License-Identifier: Apache-2.0
//
// How far a step goes, and how a job file says so. A new schedule is its file and one line below.

import Configuration

/// A learning rate that changes from step to step.
public protocol LearningRateSchedule: Hashable, Sendable {
    /// The name in job files, as in Keras: `ExponentialDecay`.
    static var kerasName: String { get }

    init(fields: inout Fields) throws(ConfigError)
    /// All fields with their resolved values, in Keras's order.
    var fields: [ConfigValue.Entry] { get }

    /// - Parameter step: Optimizer steps before this one.
    func rate(at step: Int) -> Double
}

/// Every schedule, in the order in which messages list them.
public let learningRateSchedules: [any LearningRateSchedule.Type] = [
    PiecewiseConstantDecay.self, ExponentialDecay.self, InverseTimeDecay.self,
    PolynomialDecay.self, CosineDecay.self, CosineDecayRestarts.self, OneCycle.self,
]

/// A number, or a schedule:
///
///     learning_rate: 0.001
///     learning_rate: {CosineDecay: {initial_learning_rate: 0.1, decay_steps: 10000}}
public struct LearningRate: Sendable, ExpressibleByFloatLiteral {
    /// A rate that does not change has none.
    public let schedule: (any LearningRateSchedule)?
    private let constant: Double

    public init(_ rate: Double) {
        constant = rate
        schedule = nil
    }

    public init(_ schedule: some LearningRateSchedule) {
        constant = schedule.rate(at: 0)
        self.schedule = schedule
    }

    public init(floatLiteral rate: Double) { self.init(rate) }

    /// - Parameter step: Optimizer steps before this one.
    public func rate(at step: Int) -> Double { schedule?.rate(at: step) ?? constant }

    /// As it stands in a job file.
    public var encoded: ConfigValue {
        guard let schedule else { return .scalar(constant) }
        return .map([.init(type(of: schedule).kerasName, .map(schedule.fields))])
    }
}

extension LearningRate: Hashable {
    public static func == (a: Self, b: Self) -> Bool {
        a.constant == b.constant
            && a.schedule.map { AnyHashable($0) } == b.schedule.map { AnyHashable($0) }
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(constant)
        hasher.combine(schedule.map { AnyHashable($0) })
    }
}

extension Fields {
    /// `learning_rate`, a number or a schedule.
    mutating func learningRate(default preset: Double) throws(ConfigError) -> LearningRate {
        guard let value = value("learning_rate"), case .map(let entries) = value.kind else {
            return LearningRate(try rate("learning_rate", default: preset))
        }
        let names = learningRateSchedules.map { $0.kerasName }
        guard entries.count == 1,
            let kind = learningRateSchedules.first(where: { $0.kerasName == entries[0].name })
        else {
            let found = entries.count == 1 ? "'\(entries[0].name)'" : "a map of \(entries.count)"
            throw ConfigError(
                code: .outOfRange, path: "\(path).learning_rate", line: value.line,
                detail:
                    "found \(found), expected a number or one of \(names.joined(separator: ", "))"
                    + " with its fields")
        }
        var fields = try Fields(
            entries[0].value, path: "\(path).learning_rate.\(kind.kerasName)")
        let schedule = try kind.init(fields: &fields)
        try fields.finish()
        return LearningRate(schedule)
    }

    /// A rate by itself.
    mutating func rate(_ name: String, default preset: Double? = nil) throws(ConfigError) -> Double
    {
        try double(name, default: preset, in: 0...1e6)
    }

    /// Steps of a schedule.
    mutating func steps(_ name: String) throws(ConfigError) -> Int {
        try int(name, in: 1...1_000_000_000)
    }
}
