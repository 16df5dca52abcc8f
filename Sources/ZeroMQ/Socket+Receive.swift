// SPDX-License-Identifier: Apache-2.0
//
// A message arrives whole: once its first frame is there, all are. Nothing here ever waits.

import CZeroMQ
import Glibc

extension Socket {
    /// What was wrong with the last message that `receive` had to drop since this was asked; nil if
    /// none was. A peer that sends the wrong number of frames is no reason to stop: others go on.
    public func takeMalformed() -> ZeroMQError? {
        defer { handle.malformed = nil }
        return handle.malformed
    }

    /// The next frame; nil if no message is there.
    ///
    /// The corresponding C function is `zmq_msg_recv`.
    func receiveFrame() throws(ZeroMQError) -> Frame? {
        var frame = Frame()
        let result = retryingInterrupts {
            // Fills an initialised message.
            unsafe zmq_msg_recv(&frame.message, handle.raw, ZMQ_DONTWAIT)
        }
        let code = errno
        if result < 0, code == EAGAIN {
            handle.wasFoundEmpty()
            return nil
        }
        handle.wasUsed()
        if result >= 0 { return frame }
        throw ZeroMQError(code, "zmq_msg_recv", handle.endpoint)
    }

    /// The rest of a message behind `header`.
    ///
    /// - Returns: False if that is more than one payload: the message was read off and noted.
    func receivePayload(
        behind header: borrowing Frame, from peer: RoutingID? = nil, into payload: inout Frame?
    ) throws(ZeroMQError) -> Bool {
        payload = nil
        guard header.hasMore, let frame = try receiveFrame() else { return true }
        if !frame.hasMore {
            payload = consume frame
            return true
        }
        let count = 2 + (try drain())
        drop(
            "\(peer.map { "peer \($0)" } ?? "the router") sent \(count) frames, expected a header "
                + "and at most one payload")
        return false
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

    func drop(_ detail: String) {
        handle.malformed = ZeroMQError(
            code: EBADMSG, call: "zmq_msg_recv", endpoint: handle.endpoint,
            cure: "\(detail); the message was dropped")
    }
}
