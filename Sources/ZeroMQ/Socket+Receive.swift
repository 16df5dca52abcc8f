// SPDX-License-Identifier: Apache-2.0
//
// A message arrives whole: once its first frame is there, all are. Nothing here ever waits.

import CZeroMQ
import Glibc

extension Socket {
    /// The next frame; nil if no message is there.
    ///
    /// The corresponding C function is `zmq_msg_recv`.
    func receiveFrame() throws(ZeroMQError) -> Frame? {
        var frame = Frame()
        let result = retryingInterrupts {
            // Fills an initialised message.
            unsafe zmq_msg_recv(&frame.message, handle.raw, ZMQ_DONTWAIT)
        }
        if result >= 0 { return frame }
        let code = errno
        if code == EAGAIN { return nil }
        throw ZeroMQError(code, "zmq_msg_recv", handle.endpoint)
    }

    /// The payload behind `header`; nil if it is the last frame.
    func receivePayload(
        behind header: borrowing Frame, from peer: RoutingID? = nil
    ) throws(ZeroMQError) -> Frame? {
        guard header.hasMore else { return nil }
        guard let payload = try receiveFrame() else { return nil }
        guard payload.hasMore else { return payload }
        let count = 2 + (try drain())
        throw .malformed(
            "\(peer.map { "peer \($0)" } ?? "the peer") sent \(count) frames, expected a header "
                + "and at most one payload; the message was dropped",
            at: handle.endpoint)
    }

    /// Reads off the rest of a message.
    ///
    /// - Returns: How many frames that were.
    func drain() throws(ZeroMQError) -> Int {
        var count = 0
        while let frame = try receiveFrame() {
            count += 1
            if !frame.hasMore { break }
        }
        return count
    }
}
