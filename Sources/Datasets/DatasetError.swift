// SPDX-License-Identifier: Apache-2.0

/// A fault of the data: what was found and where, what was expected, and how to mend it.
public struct DatasetError: Error, Equatable, CustomStringConvertible {
    public enum Code: Sendable {
        /// The data set, or a file that it must have, is not there.
        case notFound
        /// The operating system refused: the detail ends with its words.
        case unreadable
        /// A file ends before what it promises.
        case truncated
        /// A file holds what its format forbids.
        case corrupt
        /// A file is sound, but of a kind that is not read here.
        case unsupported
        /// Parts that belong together disagree.
        case mismatch
        /// More than any sane file of the kind: refused before memory is taken for it.
        case tooLarge
        /// Nothing to train on.
        case empty
    }

    public let code: Code
    public let detail: String

    public init(code: Code, detail: String) {
        self.code = code
        self.detail = detail
    }

    public var description: String { "dataset.\(code): \(detail)" }

    /// The same fault with the sample's name before it, for callers that know it: a decoder sees only
    /// bytes.
    public func named(_ name: String) -> DatasetError {
        DatasetError(code: code, detail: "\(name): \(detail)")
    }
}
