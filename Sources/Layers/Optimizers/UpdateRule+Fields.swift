// SPDX-License-Identifier: Apache-2.0
//
// How a job file says what becomes of gradients.

import Configuration

extension UpdateRule {
    /// Reads an optimizer, a bare name or a map with a name, its fields and those of all optimizers:
    ///
    ///     optimizer: adam
    ///     optimizer: {name: sgd, learning_rate: 0.1, momentum: 0.9, global_clipnorm: 1.0}
    public init(_ value: ConfigValue, path: String) throws(ConfigError) {
        var map = value
        if case .scalar = value.kind { map.kind = .map([.init("name", value)]) }
        var fields = try Fields(map, path: path)
        let name = try fields.string("name")
        guard let kind = optimizerKinds.first(where: { $0.kerasName == name.lowercased() }) else {
            let names = optimizerKinds.map { $0.kerasName }
            throw ConfigError(
                code: .outOfRange, path: path, line: value.line,
                detail: "'\(name)' is not an optimizer"
                    + (Fields.nearest(name, names).map { "; did you mean '\($0)'?" }
                        ?? "; expected one of \(names.joined(separator: ", "))"))
        }
        optimizer = try kind.init(fields: &fields)
        weightDecay = 0
        excludeFromWeightDecay = []
        if let preset = kind.defaultWeightDecay {
            weightDecay = try fields.double("weight_decay", default: preset, in: 0...1)
            excludeFromWeightDecay = try fields.names("exclude_from_weight_decay")
        }
        clipping = try Clipping(&fields)
        if try fields.bool("use_ema", default: false) {
            emaMomentum = try fields.double("ema_momentum", default: 0.99, in: 0...0.999_999)
        }
        try fields.finish()
    }

    /// The optimizer as it stands in a job file: `{name: adam, learning_rate: 0.001, ...}`.
    public func encoded() -> ConfigValue {
        var entries = [.init("name", .scalar(optimizer.kerasName))] + optimizer.fields
        if let preset = type(of: optimizer).defaultWeightDecay, max(preset, weightDecay) > 0 {
            entries.append(.init("weight_decay", .scalar(weightDecay)))
        }
        if !excludeFromWeightDecay.isEmpty {
            entries.append(
                .init(
                    "exclude_from_weight_decay",
                    .list(excludeFromWeightDecay.map { .scalar($0) })))
        }
        if let clipping { entries.append(clipping.encoded) }
        if let emaMomentum {
            entries += [
                .init("use_ema", .scalar(true)), .init("ema_momentum", .scalar(emaMomentum)),
            ]
        }
        return .map(entries)
    }
}

extension UpdateRule.Clipping {
    fileprivate init?(_ fields: inout Fields) throws(ConfigError) {
        var found: [(name: String, clipping: Self)] = []
        for (name, make) in [
            ("clipvalue", Self.value), ("clipnorm", Self.norm),
            ("global_clipnorm", Self.globalNorm),
        ] where fields.value(name) != nil {
            found.append((name, make(try fields.double(name, in: 1e-30...1e30))))
        }
        guard found.count < 2 else {
            throw ConfigError(
                code: .outOfRange, path: "\(fields.path).\(found[1].name)", line: fields.line,
                detail:
                    "stands beside \(found[0].name); a gradient is clipped in one way, keep one of them"
            )
        }
        guard let only = found.first else { return nil }
        self = only.clipping
    }

    fileprivate var encoded: ConfigValue.Entry {
        switch self {
        case .value(let limit): .init("clipvalue", .scalar(limit))
        case .norm(let limit): .init("clipnorm", .scalar(limit))
        case .globalNorm(let limit): .init("global_clipnorm", .scalar(limit))
        }
    }
}
