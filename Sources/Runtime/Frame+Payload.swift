// SPDX-License-Identifier: Apache-2.0

import ZeroMQ

/// A payload frame that may not be there, as bytes that may be none.
extension Optional where Wrapped == Frame {
    /// Its byte count; nil for none.
    var byteCount: Int? {
        switch self {
        case .some(let frame): frame.count
        case .none: nil
        }
    }

    func withPayload(_ body: (UnsafeRawBufferPointer) -> Void) {
        switch self {
        case .some(let frame): frame.withBytes { body($0) }
        case .none: body(UnsafeRawBufferPointer(start: nil, count: 0))
        }
    }
}
