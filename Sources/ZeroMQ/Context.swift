// SPDX-License-Identifier: Apache-2.0

import CZeroMQ
import Glibc

/// The I/O threads of libzmq in this process; one context is enough.
///
/// Sockets hold their context, so it ends after the last of them, and then waits at most for their
/// linger.
@safe public final class Context: Sendable {
    // libzmq promises that contexts are thread-safe (zmq_ctx_new), and the pointer never changes.
    nonisolated(unsafe) let raw: UnsafeMutableRawPointer

    /// - Parameter ioThreads: One moves about 3 GB/s.
    public init(ioThreads: Int = 1) throws(ZeroMQError) {
        precondition(1...64 ~= ioThreads, "Context: \(ioThreads) I/O threads, expected 1...64")
        guard let raw = unsafe zmq_ctx_new() else { throw ZeroMQError(errno, "zmq_ctx_new") }
        unsafe self.raw = raw
        // Cannot fail: the context is new and the number positive.
        _ = unsafe zmq_ctx_set(raw, ZMQ_IO_THREADS, Int32(ioThreads))
    }

    deinit {
        // Every socket held `self`, so all are closed.
        _ = retryingInterrupts { unsafe zmq_ctx_term(raw) }
    }
}
