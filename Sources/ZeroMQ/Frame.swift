// SPDX-License-Identifier: Apache-2.0

import CZeroMQ
import Glibc

/// One received frame. It owns its bytes, which libzmq holds; none are copied.
///
/// The message struct is kept inline, although small bytes live inside it: libzmq moves messages
/// through its own queues by plain assignment, so they hold no pointer to themselves.
@safe public struct Frame: ~Copyable, @unchecked Sendable {
    // Sendable: a message has one owner, and libzmq counts shared memory atomically, so that any
    // thread may close it.
    var message = zmq_msg_t()

    /// The corresponding C function is `zmq_msg_init`.
    init() {
        _ = unsafe zmq_msg_init(&message)  // cannot fail
    }

    /// Takes over an initialised message.
    init(adopting message: zmq_msg_t) { self.message = message }

    deinit {
        var message = message  // the only copy that is still used
        _ = unsafe zmq_msg_close(&message)
    }

    /// The corresponding C function is `zmq_msg_size`.
    public var count: Int {
        unsafe withUnsafePointer(to: message) { message in
            unsafe zmq_msg_size(message)  // an initialised message
        }
    }

    /// Lends the bytes to `body`. They may start at any address: load unaligned.
    ///
    /// The corresponding C function is `zmq_msg_data`.
    public func withBytes<Result: ~Copyable, Failure>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try unsafe withUnsafePointer(to: message) { message throws(Failure) in
            // Nothing is written: the C signature just knows no const.
            let message = unsafe UnsafeMutablePointer(mutating: message)
            return try unsafe body(
                UnsafeRawBufferPointer(start: zmq_msg_data(message), count: zmq_msg_size(message)))
        }
    }

    /// The corresponding C function is `zmq_msg_more`.
    var hasMore: Bool {
        unsafe withUnsafePointer(to: message) { message in
            unsafe zmq_msg_more(message) != 0  // an initialised message
        }
    }
}
