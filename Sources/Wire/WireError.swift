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

/// What no build of this protocol sends. The cure is the same for all.
extension WireError {
    static func malformed(_ detail: String) -> WireError { broken(.malformed, detail) }
    static func unknownBody(_ detail: String) -> WireError { broken(.unknownBody, detail) }
    static func tooLarge(_ detail: String) -> WireError { broken(.tooLarge, detail) }
    static func outOfRange(_ detail: String) -> WireError { broken(.outOfRange, detail) }
    static func badPayload(_ detail: String) -> WireError { broken(.badPayload, detail) }

    private static func broken(_ code: Code, _ detail: String) -> WireError {
        WireError(code: code, detail: "\(detail); drop this peer, and report a bug in it")
    }
}
