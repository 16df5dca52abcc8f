// SPDX-License-Identifier: Apache-2.0
//
// A message leaves as [routing id] header [payload]. Nothing here ever waits.

import CZeroMQ
import Glibc

extension Socket {
    /// - Returns: False if nobody is there to send to. True is no promise: the peer may be lost
    ///   before the message reaches it.
    func send(
        to peer: RoutingID?, header: UnsafeRawBufferPointer, payload: Payload?
    ) throws(ZeroMQError) -> Bool {
        handle.wasUsed()
        // Made first, since a message must not stop halfway.
        let frame: Frame? = if let payload { try Frame(payload) } else { nil }
        if let peer {
            guard try send(peer) else { return false }
        }
        guard try unsafe send(header, more: payload != nil) else { return false }  // copies
        guard let frame else { return true }
        return try send(frame)
    }

    private func send(_ peer: RoutingID) throws(ZeroMQError) -> Bool {
        try unsafe peer.withBytes { id throws(ZeroMQError) in
            try unsafe send(id, more: true)  // copies
        }
    }

    /// The corresponding C function is `zmq_send`.
    private func send(_ bytes: UnsafeRawBufferPointer, more: Bool) throws(ZeroMQError) -> Bool {
        let flags = more ? ZMQ_DONTWAIT | ZMQ_SNDMORE : ZMQ_DONTWAIT
        let result = retryingInterrupts {
            unsafe zmq_send(handle.raw, bytes.baseAddress, bytes.count, flags)  // copies
        }
        return try wasSent(result, errno, "zmq_send")
    }

    /// The corresponding C function is `zmq_msg_send`.
    private func send(_ frame: consuming Frame) throws(ZeroMQError) -> Bool {
        let result = retryingInterrupts {
            // Empties the message; where it fails the bytes are still there, and end with `frame`.
            unsafe zmq_msg_send(&frame.message, handle.raw, ZMQ_DONTWAIT)
        }
        return try wasSent(result, errno, "zmq_msg_send")
    }

    private func wasSent(
        _ result: Int32, _ code: Int32, _ call: StaticString
    ) throws(ZeroMQError) -> Bool {
        if result >= 0 { return true }
        // A router has no such peer; a dealer has no connection, or lost it between two frames.
        if code == EHOSTUNREACH || code == EAGAIN { return false }
        throw ZeroMQError(code, call, handle.endpoint)
    }
}
