// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Writes all of `bytes` to a descriptor, waiting where it must.
///
/// - Returns: Whether it could: false for a closed pipe or a full disk.
func writeAll(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
    var start = 0
    while start < bytes.count {
        // The buffer lives for the length of the call.
        let count = unsafe bytes.withUnsafeBytes { buffer in
            unsafe write(descriptor, buffer.baseAddress! + start, buffer.count - start)
        }
        if count >= 0 {
            start += count
            continue
        }
        switch errno {
        case EINTR: continue
        case EAGAIN:
            var ready = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            _ = unsafe poll(&ready, 1, -1)
        default: return false
        }
    }
    return true
}
