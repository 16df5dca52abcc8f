// SPDX-License-Identifier: Apache-2.0
//
// A job as text again: with every default, for the run folder; and only what decides bits, for its
// identity.

import Configuration
import Datasets
import Digests
import Layers

extension Job {
    /// Every field with its value. Reads back as the same job.
    public var resolvedYAML: String { YAMLWriter.write(encoded()) }

    /// The job for a model file: neither where its data and its starting weights were nor how the work was
    /// spread, so that equal jobs make equal files. Reads back; where the data has no usual place, its path is empty.
    public var portableYAML: String {
        var job = self
        job.dataset = dataset.located(as: DatasetConfiguration(format: dataset.format))
        let tree = job.encoded().without("cluster").without("training", "checkpoint_every_steps")
            .without("training", "initial_weights")
        return YAMLWriter.write(tree)
    }

    /// What decides the bits of the result and nothing else: neither name nor paths, neither cache,
    /// checkpoints nor the cluster. Two jobs with one identity, the same data and the same starting weights
    /// give one result.
    public var identity: String { YAMLWriter.write(identifying()) }

    public var identityDigest: Digest {
        let bytes = Array(identity.utf8)
        // The bytes live for the length of the call.
        return unsafe bytes.withUnsafeBytes { unsafe sha256($0) }
    }

    /// The fields that make two jobs different results, as `training.epochs: 5, here 10`.
    public func differences(from other: Job) -> [String] {
        let mine = Self.leaves(identifying(), path: "")
        let theirs = Self.leaves(other.identifying(), path: "")
        var lines: [String] = []
        for (path, value) in theirs {
            let here = mine.first { $0.path == path }?.value
            if here != value { lines.append("\(path): \(value), here \(here ?? "absent")") }
        }
        for (path, value) in mine where !theirs.contains(where: { $0.path == path }) {
            lines.append("\(path): absent, here \(value)")
        }
        return lines
    }

    func encoded() -> ConfigValue {
        var entries: [ConfigValue.Entry] = [
            .init("name", .scalar(name)),
            .init("seed", .scalar(seed)),
            .init("dataset", dataset.encoded()),
            .init("model", encodeLayers(nodes)),
            .init("loss", loss.encoded()),
            .init("training", training.encoded()),
            .init("cluster", cluster.encoded()),
            .init("numerics", numerics.encoded()),
        ]
        if let resolution { entries.append(.init("resolved", resolution.encoded())) }
        return .map(entries)
    }

    private func identifying() -> ConfigValue {
        encoded().without("name").without("cluster").without("resolved")
            .without("dataset", "path").without("dataset", "directory")
            .without("dataset", "cache").without("dataset", "cache_limit_mb")
            .without("training", "checkpoint_every_steps")
            .without("training", "initial_weights")
    }

    /// Every scalar of a tree with its path, in order.
    private static func leaves(_ value: ConfigValue, path: String) -> [(
        path: String, value: String
    )] {
        switch value.kind {
        case .null: [(path, "nothing")]
        case .scalar(let text): [(path, text)]
        case .list(let items):
            items.enumerated().flatMap { leaves($0.element, path: "\(path)[\($0.offset)]") }
        case .map(let entries):
            entries.isEmpty
                ? [(path, "{}")]
                : entries.flatMap {
                    leaves($0.value, path: path.isEmpty ? $0.name : "\(path).\($0.name)")
                }
        }
    }
}

extension ConfigValue {
    /// The map without one field, found by its path.
    fileprivate func without(_ path: String...) -> ConfigValue { without(path[...]) }

    private func without(_ path: ArraySlice<String>) -> ConfigValue {
        guard let name = path.first, case .map(let entries) = kind else { return self }
        let rest = path.dropFirst()
        return .map(
            entries.compactMap { entry in
                guard entry.name == name else { return entry }
                return rest.isEmpty ? nil : .init(name, entry.value.without(rest))
            })
    }
}
