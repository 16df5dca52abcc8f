// SPDX-License-Identifier: Apache-2.0
//
// What callbacks look at when an epoch is over.

import Configuration

/// A number at the end of an epoch, by Keras's name.
public enum MonitoredMetric: String, CaseIterable, Sendable {
    case loss, accuracy
    case validationLoss = "val_loss"
    case validationAccuracy = "val_accuracy"

    /// Whether more of it is better.
    var grows: Bool { self == .accuracy || self == .validationAccuracy }
    public var isAccuracy: Bool { grows }
    public var needsValidation: Bool { self == .validationLoss || self == .validationAccuracy }

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

    public init(
        loss: Double, accuracy: Double, validationLoss: Double? = nil,
        validationAccuracy: Double? = nil
    ) {
        self.loss = loss
        self.accuracy = accuracy
        self.validationLoss = validationLoss
        self.validationAccuracy = validationAccuracy
    }

    subscript(metric: MonitoredMetric) -> Double {
        switch metric {
        case .loss: loss
        case .accuracy: accuracy
        case .validationLoss: validationLoss ?? .nan
        case .validationAccuracy: validationAccuracy ?? .nan
        }
    }
}

/// The best value of a metric so far, and for how many epochs there has been no better one.
struct Watch: Hashable, Sendable {
    var best: Double?
    var wait = 0
}
