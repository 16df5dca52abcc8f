// SPDX-License-Identifier: Apache-2.0

import CWire

extension Message {
    /// Writes the header frame of this message into `buffer`, in place of what it held.
    public func encode(into buffer: inout HeaderBuffer) {
        preconditionFailure("not yet")
    }
}
