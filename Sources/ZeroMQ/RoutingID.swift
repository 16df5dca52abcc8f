// SPDX-License-Identifier: Apache-2.0

/// The name that a router has for one connection: at most 16 bytes, held inline.
///
/// libzmq makes a new one (five bytes) for every connection, so a worker that reconnects is a new peer.
public struct RoutingID: Hashable, Sendable, CustomStringConvertible {
    public static let capacity = 16

    public let count: Int
    private var low: UInt64 = 0
    private var high: UInt64 = 0

    /// Nil if `bytes` is empty or too long.
    public init?(_ bytes: UnsafeRawBufferPointer) {
        guard 1...Self.capacity ~= bytes.count else { return nil }
        count = bytes.count
        for index in 0..<count {
            let byte = UInt64(unsafe bytes[index]) << UInt64(index % 8 * 8)  // index < count
            if index < 8 { low |= byte } else { high |= byte }
        }
    }

    /// In lowercase hex.
    public var description: String {
        (0..<count).map { index in
            let byte = (index < 8 ? low : high) >> UInt64(index % 8 * 8) & 0xff
            return (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }.joined()
    }

    func withBytes<Result, Failure>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let words = (low.littleEndian, high.littleEndian)
        return try unsafe withUnsafeBytes(of: words) { words throws(Failure) in
            try unsafe body(.init(rebasing: words.prefix(count)))  // count <= 16
        }
    }
}
