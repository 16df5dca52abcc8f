// SPDX-License-Identifier: Apache-2.0
//
// What no Convoy peer does, for the tests of those who must bear it.

import CZeroMQ

extension Dealer {
    /// Sends a message of any number of frames.
    package func send(frames: [[UInt8]]) throws(ZeroMQError) {
        for (index, frame) in frames.enumerated() {
            let flags = index < frames.count - 1 ? ZMQ_SNDMORE | ZMQ_DONTWAIT : ZMQ_DONTWAIT
            let result = unsafe zmq_send(socket.handle.raw, frame, frame.count, flags)  // copies
            precondition(result >= 0, "send(frames:): no router is connected")
        }
    }

    /// Sends a message of a header and very many parts.
    package func send(header: [UInt8], endless part: SharedFrame, parts: Int) throws(ZeroMQError) {
        var result = unsafe zmq_send(
            socket.handle.raw, header, header.count, ZMQ_SNDMORE | ZMQ_DONTWAIT)  // copies
        for number in 1...parts where result >= 0 {
            var frame = try Frame(.shared(part))
            let flags = number < parts ? ZMQ_SNDMORE | ZMQ_DONTWAIT : ZMQ_DONTWAIT
            // Takes the bytes.
            result = unsafe zmq_msg_send(&frame.message, socket.handle.raw, flags)
        }
        precondition(result >= 0, "send(header:endless:parts:): no router is connected")
    }

    /// Chooses a name, before connecting, instead of taking the one that the router gives.
    package func name(_ name: [UInt8]) throws(ZeroMQError) {
        let result = unsafe zmq_setsockopt(
            socket.handle.raw, ZMQ_ROUTING_ID, name, name.count)  // copies
        precondition(result == 0, "name: \(name.count) bytes")
    }
}
