// SPDX-License-Identifier: Apache-2.0
//
// What libzmq knows of the connection by which a frame came.

import CZeroMQ

extension Frame {
    /// The key of the peer, where a `Gate` has let it in. To be asked of a header: libzmq 4.3.4 loses it on
    /// the routing id before it.
    public var sender: CurveKey? { property("User-Id").flatMap { CurveKey(hex: $0) } }

    /// The descriptor of the connection, while that is open; nil for one within the process.
    ///
    /// The corresponding C function is `zmq_msg_get`, of `ZMQ_SRCFD`.
    public var connection: Int32? { property("__fd").flatMap { Int32($0) } }

    /// The corresponding C function is `zmq_msg_gets`.
    private func property(_ name: String) -> String? {
        unsafe withUnsafePointer(to: message) { message in
            // The text lives as long as the message, an initialised one.
            unsafe zmq_msg_gets(message, name).map { unsafe String(cString: $0) }
        }
    }
}
