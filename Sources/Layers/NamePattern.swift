// SPDX-License-Identifier: Apache-2.0
//
// Layers by their names, as a shell names files.

/// A name in which `*` stands for any characters, and `?` for one: `block1_*`.
struct NamePattern {
    private let pattern: [Character]

    init(_ text: String) { pattern = Array(text) }

    func matches(_ name: String) -> Bool {
        let name = Array(name)
        var (p, n) = (0, 0)
        // The last star, and how far it reaches.
        var star: (p: Int, n: Int)?
        while n < name.count {
            if p < pattern.count, pattern[p] == "*" {
                star = (p, n)
                p += 1
            } else if p < pattern.count, pattern[p] == "?" || pattern[p] == name[n] {
                (p, n) = (p + 1, n + 1)
            } else if let last = star {
                star = (last.p, last.n + 1)
                (p, n) = (last.p + 1, last.n + 1)
            } else {
                return false
            }
        }
        return pattern[p...].allSatisfy { $0 == "*" }
    }
}

extension [Node] {
    /// The same layers, those not trained whose names match one of the patterns.
    ///
    /// - Throws: If a pattern matches none.
    public func freezing(_ patterns: [String]) throws(LayerError) -> [Node] {
        guard !patterns.isEmpty else { return self }
        let names = try Wiring.names(of: self)
        var nodes = self
        for text in patterns {
            let pattern = NamePattern(text)
            let found = names.indices.filter { pattern.matches(names[$0]) }
            guard !found.isEmpty else {
                throw LayerError(
                    code: .wiring,
                    detail: "no layer is called '\(text)'; the layers are"
                        + " \(names.joined(separator: ", "))")
            }
            for index in found { nodes[index].isTrainable = false }
        }
        return nodes
    }
}
