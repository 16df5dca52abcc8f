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

    /// Chooses a name, before connecting, instead of taking the one that the router gives.
    package func name(_ name: [UInt8]) throws(ZeroMQError) {
        let result = unsafe zmq_setsockopt(
            socket.handle.raw, ZMQ_ROUTING_ID, name, name.count)  // copies
        precondition(result == 0, "name: \(name.count) bytes")
    }
}
