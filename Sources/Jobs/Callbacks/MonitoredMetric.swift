// SPDX-License-Identifier: Apache-2.0
//
// What callbacks look at when an epoch is over.

import Configuration
import Layers

/// A number at the end of an epoch, by Keras's name.
public struct MonitoredMetric: Hashable, Sendable {
    /// `val_` goes before the name of what is seen on the validation data.
    private static let validation = "val_"

    public static let loss = MonitoredMetric(rawValue: "loss")
    public static let accuracy = MonitoredMetric(rawValue: "accuracy")
    public static let validationLoss = MonitoredMetric(rawValue: validation + "loss")
    public static let validationAccuracy = MonitoredMetric(rawValue: validation + "accuracy")

    public let rawValue: String

    private init(rawValue: String) { self.rawValue = rawValue }

    /// `monitor`, one of the names that there are.
    init(_ fields: inout Fields, _ names: [String]) throws(ConfigError) {
        rawValue = try fields.choice(
            "monitor", default: Self.validationLoss.rawValue, of: names)
    }

    /// Of a job with these metrics, which are there for the validation data alone.
    static func names(_ metrics: [NamedMetric]) -> [String] {
        [loss, accuracy, validationLoss, validationAccuracy].map(\.rawValue)
            + metrics.filter { type(of: $0.metric).isNumber }.map { validation + $0.name }
    }

    /// Whether more of it is better.
    var grows: Bool { self != .loss && self != .validationLoss }
    public var isAccuracy: Bool { self == .accuracy || self == .validationAccuracy }
    public var needsValidation: Bool { rawValue.hasPrefix(Self.validation) }

    /// The name of a job's metric.
    fileprivate var name: Substring { rawValue.dropFirst(Self.validation.count) }

    /// Whether `value` is better than `other` by more than `margin`. Nothing is better than NaN, nor NaN than anything.
    func isBetter(_ value: Double, than other: Double?, by margin: Double) -> Bool {
        guard let other else { return !value.isNaN }
        return grows ? value > other + margin : value < other - margin
    }
}

/// The numbers of an epoch.
public struct EpochMetrics: Hashable, Sendable {
    public var loss: Double
    /// NaN of a regression.
    public var accuracy: Double
    /// Nil without validation data.
    public var validationLoss: Double?
    public var validationAccuracy: Double?
    /// By the job's metrics.
    public var validationMetrics: [MetricResults.Value]

    public init(
        loss: Double, accuracy: Double, validationLoss: Double? = nil,
        validationAccuracy: Double? = nil, validationMetrics: [MetricResults.Value] = []
    ) {
        self.loss = loss
        self.accuracy = accuracy
        self.validationLoss = validationLoss
        self.validationAccuracy = validationAccuracy
        self.validationMetrics = validationMetrics
    }

    subscript(metric: MonitoredMetric) -> Double {
        switch metric {
        case .loss: loss
        case .accuracy: accuracy
        case .validationLoss: validationLoss ?? .nan
        case .validationAccuracy: validationAccuracy ?? .nan
        default: validationMetrics.first { $0.name == metric.name }?.value ?? .nan
        }
    }
}

/// The best value of a metric so far, and for how many epochs there has been no better one.
struct Watch: Hashable, Sendable {
    var best: Double?
    var wait = 0
}
