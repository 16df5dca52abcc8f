// SPDX-License-Identifier: Apache-2.0

import ZeroMQ

/// A payload frame that may not be there, as bytes that may be none.
extension Optional where Wrapped == Frame {
    /// Its byte count; nil for none.
    package var byteCount: Int? {
        switch self {
        case .some(let frame): frame.count
        case .none: nil
        }
    }

    package func withPayload<E: Error>(
        _ body: (UnsafeRawBufferPointer) throws(E) -> Void
    ) throws(E) {
        switch self {
        case .some(let frame): try frame.withBytes { bytes throws(E) in try body(bytes) }
        case .none: try body(UnsafeRawBufferPointer(start: nil, count: 0))
        }
    }
}
