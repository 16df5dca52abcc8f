// SPDX-License-Identifier: Apache-2.0
//
// A layer's place in the network: what it is called, and what it reads.

import Configuration

/// One entry of a job's list of layers.
///
/// A layer reads the one before it, unless it names others; only what is named can be read twice:
///
///     - Conv2D: {filters: 64, kernel_size: 3, padding: same, name: main}
///     - Conv2D: {filters: 64, kernel_size: 1, inputs: start, name: shortcut}
///     - Add: {inputs: [main, shortcut]}
///
/// Layers without a name have Keras's: `conv2d`, `conv2d_1`. They can be read by it, too. The weights of one with
/// `trainable: false` stay what they are.
public struct Node: Sendable {
    public var layer: any Layer
    public var name: String?
    /// Names of layers before this one; empty for the one just before.
    public var inputs: [String]
    /// Whether its weights change in training; `trainable: false` where they do not.
    public var isTrainable: Bool

    public init(
        _ layer: any Layer, name: String? = nil, inputs: [String] = [], isTrainable: Bool = true
    ) {
        self.layer = layer
        self.name = name
        self.inputs = inputs
        self.isTrainable = isTrainable
    }

    /// The entry as it stands in a job file: `{Conv2D: {filters: 32, ...}}`, or a bare name.
    public func encoded() -> ConfigValue {
        var fields = layer.fields
        if !isTrainable { fields.append(.init("trainable", .scalar(false))) }
        if let name { fields.append(.init("name", .scalar(name))) }
        if !inputs.isEmpty { fields.append(.init("inputs", .list(inputs.map { .scalar($0) }))) }
        let kind = layer.kerasName
        return fields.isEmpty ? .scalar(kind) : .map([.init(kind, .map(fields))])
    }
}

/// Which layers read which: the lines of the network.
struct Wiring {
    /// As Keras names them: `conv2d`, `conv2d_1`, or as the job does.
    let names: [String]
    /// For each layer those that it reads; empty for the first, which reads the images.
    let inputs: [[Int]]
    /// How many layers read each.
    let readers: [Int]

    init(_ nodes: [Node]) throws(LayerError) {
        names = try Self.names(of: nodes)
        var inputs: [[Int]] = []
        for (index, node) in nodes.enumerated() {
            do throws(LayerError) {
                inputs.append(try Self.inputs(of: node, names[..<index]))
            } catch {
                throw error.named(names[index])
            }
        }
        var readers = [Int](repeating: 0, count: nodes.count)
        for input in inputs.joined() { readers[input] += 1 }
        if let unread = readers.dropLast().firstIndex(of: 0) {
            throw LayerError(
                code: .wiring, layer: names[unread],
                detail:
                    "no layer reads its output; remove it, or name it in the 'inputs' of another"
            )
        }
        self.inputs = inputs
        self.readers = readers
    }

    static func names(of nodes: [Node]) throws(LayerError) -> [String] {
        var names: [String] = []
        var automatic: [String: Int] = [:]
        for node in nodes {
            let stem = type(of: node.layer).stem, earlier = automatic[stem, default: 0]
            let name = node.name ?? (earlier == 0 ? stem : "\(stem)_\(earlier)")
            if node.name == nil { automatic[stem] = earlier + 1 }
            guard !names.contains(name) else {
                throw LayerError(
                    code: .wiring, layer: name,
                    detail: "two layers have this name; choose another for one of them")
            }
            names.append(name)
        }
        return names
    }

    private static func inputs(
        of node: Node, _ earlier: ArraySlice<String>
    ) throws(LayerError) -> [Int] {
        let expected = type(of: node.layer).inputCount
        if node.inputs.isEmpty, expected.contains(1) {
            return earlier.isEmpty ? [] : [earlier.count - 1]
        }
        guard expected.contains(node.inputs.count), Set(node.inputs).count == node.inputs.count
        else {
            throw LayerError(
                code: .wiring,
                detail:
                    "reads \(node.inputs.isEmpty ? "no named layer" : node.inputs.joined(separator: ", "))"
                    + ", but \(node.layer.kerasName) takes "
                    + (expected == 1...1 ? "one layer" : "two or more different ones")
                    + "; say which with inputs: ["
                    + ["a", "b"].prefix(expected.upperBound).joined(separator: ", ") + "]")
        }
        var inputs: [Int] = []
        for name in node.inputs {
            guard let index = earlier.firstIndex(of: name) else {
                throw LayerError(
                    code: .wiring,
                    detail: "no layer before it is called '\(name)'"
                        + (Fields.nearest(name, Array(earlier)).map { "; did you mean '\($0)'?" }
                            ?? "; name one with name: \(name)"))
            }
            inputs.append(index)
        }
        return inputs
    }
}

extension Fields {
    /// A layer's name, which becomes part of its parameters' names.
    mutating func name(_ field: String) throws(ConfigError) -> String? {
        guard let value = value(field) else { return nil }
        let name = try string(field)
        guard !name.isEmpty, !name.contains(where: { $0 == "/" || $0.isWhitespace }) else {
            throw ConfigError(
                code: .malformed, path: "\(path).\(field)", line: value.line,
                detail: "found '\(name)', expected a name without '/' and blanks")
        }
        return name
    }

    /// One name, or a list of them.
    mutating func names(_ field: String) throws(ConfigError) -> [String] {
        guard let value = value(field) else { return [] }
        guard case .list(let items) = value.kind else { return [try string(field)] }
        var names: [String] = []
        for item in items {
            guard case .scalar(let name) = item.kind else {
                throw ConfigError(
                    code: .wrongType, path: "\(path).\(field)", line: item.line,
                    detail: "found \(item.summary), expected the name of a layer")
            }
            names.append(name)
        }
        return names
    }
}
