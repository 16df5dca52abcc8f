// SPDX-License-Identifier: Apache-2.0

/// What a receiver is ready to take; checked before anything is allocated.
public struct WireLimits: Equatable, Sendable {
    /// Of a header frame.
    public var headerBytes: Int
    /// Of a payload frame.
    public var payloadBytes: Int
    /// The largest number that any count, index, position or size may have. Sums of a few such
    /// numbers cannot overflow.
    public var count: Int
    public var threads: Int

    public init(
        headerBytes: Int, payloadBytes: Int, count: Int = 1 << 40, threads: Int = 1 << 12
    ) {
        self.headerBytes = headerBytes
        self.payloadBytes = payloadBytes
        self.count = count
        self.threads = threads
    }

    /// For the control connection: a welcome carries the job, nothing carries a payload.
    public static let control = WireLimits(headerBytes: 64 << 10, payloadBytes: 0)
    /// For the data connections: small headers, payloads of one chunk.
    public static let data = WireLimits(headerBytes: 8 << 10, payloadBytes: chunkBytes)

    /// The largest payload: weights, gradients and samples are cut into chunks of this size.
    public static let chunkBytes = 1 << 20
    /// The largest job that fits a welcome beside its other fields.
    public static let jobBytes = 62 << 10
    /// That one trace tells of: its header stays below the 16 KiB that a coordinator takes.
    public static let spans = 256
    /// Chunks that one renewal may be about: their checksums fit its header.
    public static let renewedChunks = 512
    /// Of names and other identifiers.
    static let nameBytes = 255
    /// Of sentences: reasons and failure messages. A longer one is cut when it is sent.
    static let proseBytes = 4 << 10
    /// Of every digest.
    static let digestBytes = 32
}
