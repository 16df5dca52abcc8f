// SPDX-License-Identifier: Apache-2.0

import CWire

extension Message {
    /// Reads a header frame.
    ///
    /// - Parameters:
    ///   - header: The frame.
    ///   - payload: Byte count of the payload frame that came with it; nil if none came.
    ///   - limits: What the connection may carry.
    public static func decode(
        header: UnsafeRawBufferPointer, payload: Int?, limits: WireLimits
    ) throws(WireError) -> Message {
        throw WireError(code: .malformed, detail: "not yet")
    }
}
