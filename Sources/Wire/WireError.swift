// SPDX-License-Identifier: Apache-2.0

/// A message that this build cannot take: what was seen, what was expected, what to do.
public struct WireError: Error, Equatable, CustomStringConvertible {
    public enum Code: Sendable {
        /// The header is no envelope, or is cut off, or holds what no build writes.
        case malformed
        case versionMismatch
        case unknownBody
        /// Header or payload is larger than the limits allow.
        case tooLarge
        case outOfRange
        /// Payload missing, unexpected, or not whole floats.
        case badPayload
    }
    public let code: Code
    public let detail: String

    public init(code: Code, detail: String) {
        self.code = code
        self.detail = detail
    }

    public var description: String { "wire.\(code): \(detail)" }
}
