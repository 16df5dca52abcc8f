// SPDX-License-Identifier: Apache-2.0
//
// `--set training.epochs=3`: changes the tree that the file gave, before anything is made of it.

import Configuration

/// One `--set PATH=VALUE`.
struct Override {
    let path: [String]
    let value: ConfigValue

    /// - Parameter line: Carried by the value, so that a mistake in it can name the flag.
    init(_ text: String, line: Int) throws(ConfigError) {
        guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
            throw ConfigError(
                code: .malformed, path: "", line: line,
                detail: "expected FIELD=VALUE, for example training.epochs=3")
        }
        // `model[1].Conv2D.filters`, as messages write it, is `model.1.Conv2D.filters`.
        let path = text[..<equals].replacing("[", with: ".").replacing("]", with: "")
            .split(separator: ".", omittingEmptySubsequences: false)
        guard path.allSatisfy({ !$0.isEmpty }) else {
            throw ConfigError(
                code: .malformed, path: "", line: line,
                detail: "has an empty name in '\(text[..<equals])'")
        }
        self.path = path.map(String.init)
        let text = text[text.index(after: equals)...]
        // Text is meant as it stands, `name=a: b`; lists, maps and quotes are YAML.
        if let first = text.first, "[{\"'".contains(first) {
            value = try YAMLReader.read(String(text), line: line)
        } else {
            let isNull = YAMLReader.nulls.contains(String(text))
            value = ConfigValue(isNull ? .null : .scalar(String(text)), line: line)
        }
    }

    /// The tree with the value in its place; maps on the way are made where there are none.
    func applied(to tree: ConfigValue) throws(ConfigError) -> ConfigValue {
        try Self.set(path[...], of: tree, to: value, above: [])
    }

    private static func set(
        _ path: ArraySlice<String>, of tree: ConfigValue, to value: ConfigValue, above: [String]
    ) throws(ConfigError) -> ConfigValue {
        guard let name = path.first else { return value }
        let rest = path.dropFirst()
        let here = above + [name]
        // Made here, so the flag's: a mistake in it is the flag's too.
        let nothing = ConfigValue(.null, line: value.line)
        switch tree.kind {
        case .map(var entries):
            if let index = entries.firstIndex(where: { $0.name == name }) {
                entries[index] = .init(
                    name, try set(rest, of: entries[index].value, to: value, above: here))
            } else {
                entries.append(.init(name, try set(rest, of: nothing, to: value, above: here)))
            }
            return ConfigValue(.map(entries), line: tree.line)
        case .null:
            let inner = try set(rest, of: nothing, to: value, above: here)
            return ConfigValue(.map([.init(name, inner)]), line: value.line)
        case .scalar(name):
            // A bare name, `- MaxPooling2D`, is short for `- MaxPooling2D: {}`.
            let inner = try set(rest, of: nothing, to: value, above: here)
            return ConfigValue(.map([.init(name, inner)]), line: tree.line)
        case .scalar:
            throw ConfigError(
                code: .wrongType, path: above.joined(separator: "."), line: value.line,
                detail: "is \(tree.summary), which has no field '\(name)'")
        case .list(var items):
            guard let index = Int(name), items.indices.contains(index) else {
                throw ConfigError(
                    code: .wrongType, path: above.joined(separator: "."), line: value.line,
                    detail: "is \(tree.summary); expected a number from 0 to \(items.count - 1) "
                        + "after it, found '\(name)'")
            }
            items[index] = try set(rest, of: items[index], to: value, above: here)
            return ConfigValue(.list(items), line: tree.line)
        }
    }
}
