// SPDX-License-Identifier: Apache-2.0

import Configuration
import Tensors

/// What a parameter starts from, by Keras's names and formulas.
///
/// In a job it is a bare name, or a map with a name and fields:
///
///     kernel_initializer: he_normal
///     kernel_initializer: {name: random_normal, stddev: 0.02}
public enum Initializer: Hashable, Sendable {
    case constant(Double)
    /// All numbers between two are equally likely.
    case randomUniform(from: Double = -0.05, to: Double = 0.05)
    case randomNormal(mean: Double = 0, deviation: Double = 0.05)
    /// Normal numbers, of which those are drawn again that lie beyond two deviations.
    case truncatedNormal(mean: Double = 0, deviation: Double = 0.05)
    /// With the variance `scale / n`, where n is what the mode counts of the shape.
    case varianceScaling(scale: Double = 1, mode: Mode = .fanIn, Distribution = .truncatedNormal)

    /// What a number of connections is counted of: inputs of an output, outputs of an input, or their mean.
    public enum Mode: String, Hashable, Sendable, CaseIterable {
        case fanIn = "fan_in"
        case fanOut = "fan_out"
        case fanAverage = "fan_avg"
    }

    public enum Distribution: String, Hashable, Sendable, CaseIterable {
        /// Of such a deviation that it is the right one after the cut at two of them.
        case truncatedNormal = "truncated_normal"
        case untruncatedNormal = "untruncated_normal"
        case uniform
    }

    public static let zeros = Initializer.constant(0)
    public static let ones = Initializer.constant(1)
    /// - Source: Glorot and Bengio (2010), "Understanding the difficulty of training deep feedforward
    ///   neural networks".
    public static let glorotUniform = varianceScaling(mode: .fanAverage, .uniform)
    public static let glorotNormal = varianceScaling(mode: .fanAverage)
    /// - Source: He et al. (2015), "Delving Deep into Rectifiers".
    public static let heUniform = varianceScaling(scale: 2, .uniform)
    public static let heNormal = varianceScaling(scale: 2)
    /// - Source: LeCun et al. (1998), "Efficient BackProp".
    public static let lecunUniform = varianceScaling(.uniform)
    public static let lecunNormal = varianceScaling()

    /// Those that have a name of their own, in the order in which messages list them.
    private static let named: [(name: String, initializer: Initializer)] = [
        ("glorot_uniform", glorotUniform), ("glorot_normal", glorotNormal),
        ("he_uniform", heUniform), ("he_normal", heNormal), ("lecun_uniform", lecunUniform),
        ("lecun_normal", lecunNormal), ("zeros", zeros), ("ones", ones),
    ]
    private static let families = [
        "constant", "random_uniform", "random_normal", "truncated_normal", "variance_scaling",
    ]

    /// - Parameter value: A name, or a map with a name and fields.
    init(_ value: ConfigValue, path: String) throws(ConfigError) {
        var map = value
        if case .scalar = value.kind { map.kind = .map([.init("name", value)]) }
        var fields = try Fields(map, path: path)
        let name = try fields.string("name")
        switch name {
        case "constant":
            self = .constant(try fields.double("value", default: 0, in: Self.finite))
        case "random_uniform":
            let lower = try fields.double("minval", default: -0.05, in: Self.finite)
            self = .randomUniform(
                from: lower, to: try fields.double("maxval", default: 0.05, in: lower...1e30))
        case "random_normal":
            self = .randomNormal(
                mean: try fields.double("mean", default: 0, in: Self.finite),
                deviation: try fields.double("stddev", default: 0.05, in: 0...1e30))
        case "truncated_normal":
            self = .truncatedNormal(
                mean: try fields.double("mean", default: 0, in: Self.finite),
                deviation: try fields.double("stddev", default: 0.05, in: 0...1e30))
        case "variance_scaling":
            self = .varianceScaling(
                scale: try fields.double("scale", default: 1, in: 1e-30...1e30),
                mode: try fields.choice("mode", default: .fanIn),
                try fields.choice("distribution", default: .truncatedNormal))
        default:
            let names = Self.named.map(\.name) + Self.families
            guard let own = Self.named.first(where: { $0.name == name }) else {
                throw ConfigError(
                    code: .outOfRange, path: path, line: value.line,
                    detail: "'\(name)' is not an initializer"
                        + (Fields.nearest(name, names).map { "; did you mean '\($0)'?" }
                            ?? "; expected one of \(names.joined(separator: ", "))"))
            }
            self = own.initializer
        }
        try fields.finish()
    }

    private static let finite = -1e30...1e30

    /// The name, if it has one of its own; else a map that tells all.
    var encoded: ConfigValue {
        if let own = Self.named.first(where: { $0.initializer == self }) {
            return .scalar(own.name)
        }
        switch self {
        case .constant(let value): return map("constant", ("value", .scalar(value)))
        case .randomUniform(let lower, let upper):
            return map("random_uniform", ("minval", .scalar(lower)), ("maxval", .scalar(upper)))
        case .randomNormal(let mean, let deviation):
            return map("random_normal", ("mean", .scalar(mean)), ("stddev", .scalar(deviation)))
        case .truncatedNormal(let mean, let deviation):
            return map("truncated_normal", ("mean", .scalar(mean)), ("stddev", .scalar(deviation)))
        case .varianceScaling(let scale, let mode, let distribution):
            return map(
                "variance_scaling", ("scale", .scalar(scale)), ("mode", .scalar(mode.rawValue)),
                ("distribution", .scalar(distribution.rawValue)))
        }
    }

    private func map(_ name: String, _ fields: (String, ConfigValue)...) -> ConfigValue {
        .map([.init("name", .scalar(name))] + fields.map { ConfigValue.Entry($0.0, $0.1) })
    }
}
