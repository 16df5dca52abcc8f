// SPDX-License-Identifier: Apache-2.0

/// Memory for one encoded header, used again for each message.
@safe public struct HeaderBuffer: ~Copyable {
    /// Every header that `Message.encode` writes fits.
    public static let capacity = WireLimits.control.headerBytes

    private let storage: UnsafeMutableRawPointer
    public private(set) var count = 0

    public init() {
        unsafe storage = .allocate(byteCount: Self.capacity, alignment: 16)
    }

    deinit { unsafe storage.deallocate() }

    /// The header that was encoded last; until the next encode.
    public var bytes: UnsafeRawBufferPointer {
        unsafe UnsafeRawBufferPointer(start: storage, count: count)
    }
}
