// SPDX-License-Identifier: Apache-2.0
//
// What a configuration file says, with the lines it says it on. The file format is not this module's
// business: `Jobs` makes these values from YAML.

/// A scalar, a list or a map of a configuration file.
public struct ConfigValue: Sendable {
    public indirect enum Kind: Sendable, Equatable {
        case null
        case scalar(String)
        case list([ConfigValue])
        case map([Entry])
    }

    public struct Entry: Sendable, Equatable {
        public let name: String
        public let value: ConfigValue
        public init(_ name: String, _ value: ConfigValue) {
            self.name = name
            self.value = value
        }
    }

    public var kind: Kind
    /// The line of the file, from 1; 0 for a value that no file holds.
    public let line: Int

    public init(_ kind: Kind, line: Int = 0) {
        self.kind = kind
        self.line = line
    }

    public static func scalar(_ text: some CustomStringConvertible) -> Self {
        .init(.scalar(text.description))
    }
    public static func list(_ values: [ConfigValue]) -> Self { .init(.list(values)) }
    public static func map(_ entries: [Entry]) -> Self { .init(.map(entries)) }

    /// "a number list", "a map", ... for messages.
    public var summary: String {
        switch kind {
        case .null: "nothing"
        case .scalar(let text): "'\(text)'"
        case .list(let values): "a list of \(values.count)"
        case .map: "a map"
        }
    }
}

extension ConfigValue: Equatable {
    /// Equal in what is said, whatever the line.
    public static func == (a: Self, b: Self) -> Bool { a.kind == b.kind }
}
