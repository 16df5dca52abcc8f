// SPDX-License-Identifier: Apache-2.0

/// A mistake in a configuration: where it is, what was found, what was expected.
public struct ConfigError: Error, Equatable, CustomStringConvertible {
    public enum Code: Sendable { case unknownField, missingField, wrongType, outOfRange, malformed }
    public let code: Code
    /// Path of the field: `training.optimizer.learning_rate`.
    public let path: String
    public let line: Int
    public let detail: String

    public init(code: Code, path: String, line: Int, detail: String) {
        self.code = code
        self.path = path
        self.line = line
        self.detail = detail
    }

    public var description: String {
        (line > 0 ? "line \(line): " : "") + (path.isEmpty ? "" : "\(path): ") + detail
    }
}
