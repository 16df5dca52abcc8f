// SPDX-License-Identifier: Apache-2.0
//
// Weights of another model, layer by layer: what two models have in common has one name.

import Tensors

/// A layer that another model has otherwise, or only one of the two has.
public struct LayerMismatch: Hashable, Sendable, CustomStringConvertible {
    /// `dense_1`
    public let layer: String
    /// What the file has, and what this model has.
    public let detail: String
    /// Whether it is a layer of the model: one that keeps the weights it had.
    public let isInModel: Bool
    public var description: String { "\(layer) \(detail)" }
}

extension Model {
    /// Puts the layers that `given` has by the same names into the flat buffer, and leaves those of the others
    /// there as they are. A layer comes as a whole or not at all.
    ///
    /// - Returns: What did not fit: layers of this model in their order, then those that only `given` has.
    public func importLayers(
        _ given: [NamedTensor], into weights: MutableFloats
    ) -> [LayerMismatch] {
        expectFlat(weights.count)
        var mismatches: [LayerMismatch] = []
        for (index, name) in names.enumerated() {
            let own = tensors.filter { $0.entry.layer == index }
            guard !own.isEmpty else { continue }
            let theirs = given.filter { Self.layer(of: $0.name) == name }
            if let difference = Self.difference(own, theirs) {
                mismatches.append(LayerMismatch(layer: name, detail: difference, isInModel: true))
                continue
            }
            for parameter in own {
                let tensor = theirs.first { $0.name == parameter.entry.name }
                if let tensor { parameter.put(tensor.values, into: weights) }
            }
        }
        let owners = Set(tensors.map { names[$0.entry.layer] })
        var others: [String] = []
        for layer in given.map({ Self.layer(of: $0.name) })
        where !owners.contains(layer) && !others.contains(layer) {
            others.append(layer)
            mismatches.append(
                LayerMismatch(layer: layer, detail: "is not in this model", isInModel: false))
        }
        return mismatches
    }

    /// Layers that have weights.
    public var weightedLayers: Int { Set(tensors.map(\.entry.layer)).count }

    /// In what the tensors of one layer differ; nil if in nothing but their values.
    private static func difference(_ own: [Parameter], _ theirs: [NamedTensor]) -> String? {
        if theirs.isEmpty { return "is not in the file" }
        for entry in own.map(\.entry) {
            let kind = entry.name.split(separator: "/").last ?? ""
            guard let tensor = theirs.first(where: { $0.name == entry.name }) else {
                return "has no \(kind) in the file"
            }
            if tensor.shape != entry.shape || tensor.values.count != entry.shape.count {
                return "has a \(kind) of \(tensor.shape) in the file and of \(entry.shape) here"
            }
        }
        let others = theirs.first { tensor in !own.contains { $0.entry.name == tensor.name } }
        return others.map { "has '\($0.name)' in the file, and not here" }
    }

    /// `conv2d` of `conv2d/kernel`.
    private static func layer(of tensor: String) -> String {
        tensor.lastIndex(of: "/").map { String(tensor[..<$0]) } ?? tensor
    }
}
