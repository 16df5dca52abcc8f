// SPDX-License-Identifier: Apache-2.0

import Configuration

/// A mistake in a job: where it is, what was found, what was expected, and the line itself.
public struct JobError: Error, Equatable, CustomStringConvertible {
    public enum Origin: Sendable, Equatable {
        /// A line of the job file, from 1; 0 where the file as a whole is meant.
        case line(Int)
        /// `--set` and its text.
        case flag(String)
    }

    public let file: String
    public let origin: Origin
    /// Path of the field: `training.optimizer.Adam.learning_rate`; may be empty.
    public let path: String
    public let detail: String
    /// The text of the line, if there is one.
    public let excerpt: String?

    public init(
        file: String, origin: Origin, path: String = "", detail: String, excerpt: String? = nil
    ) {
        self.file = file
        self.origin = origin
        self.path = path
        self.detail = detail
        self.excerpt = excerpt
    }

    /// `job.yaml:12: training.epoch: is not a field of training; did you mean 'epochs'?`, then the line.
    public var description: String {
        let place =
            switch origin {
            case .line(0): file
            case .line(let line): "\(file):\(line)"
            case .flag(let text): "--set \(text)"
            }
        let sentence = "\(place): " + (path.isEmpty ? "" : "\(path): ") + detail
        guard let excerpt, case .line(let line) = origin, line > 0 else { return sentence }
        return sentence + "\n    \(line) | \(excerpt)"
    }
}

extension JobError {
    /// Gives a mistake its place: the values that a flag set carry the negated number of the flag.
    init(_ error: ConfigError, file: String, text: String, overrides: [String]) {
        if error.line < 0, overrides.indices.contains(-error.line - 1) {
            self.init(
                file: file, origin: .flag(overrides[-error.line - 1]), path: error.path,
                detail: error.detail)
        } else {
            self.init(
                file: file, origin: .line(max(error.line, 0)), path: error.path,
                detail: error.detail, excerpt: Self.line(error.line, of: text))
        }
    }

    /// The text of a line, from 1, cut to a length that fits a terminal.
    static func line(_ number: Int, of text: String) -> String? {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.indices.contains(number - 1) else { return nil }
        let line = lines[number - 1].filter { $0 == "\t" || ($0 >= " " && $0 != "\u{7f}") }
        return line.count > 90 ? line.prefix(89) + "…" : String(line)
    }
}
