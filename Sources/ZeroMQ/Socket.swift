// SPDX-License-Identifier: Apache-2.0
//
// What routers and dealers share: life time and endpoints. Options: Handle.swift. Messages:
// Socket+Send.swift, Socket+Receive.swift.

import CZeroMQ
import Glibc

/// A libzmq socket. It belongs to one thread at a time, and closes when it goes out of scope.
public struct Socket: ~Copyable {
    let handle: Handle

    init(_ context: Context, type: Int32, options: SocketOptions) throws(ZeroMQError) {
        handle = try Handle(context, type: type, options: options)
    }

    deinit { handle.close() }

    /// Where the socket was bound or connected last; empty before that.
    public var endpoint: String { handle.endpoint }

    /// The corresponding C function is `zmq_bind`.
    func bind(_ endpoint: String) throws(ZeroMQError) -> String {
        try allowIPv6(endpoint)
        let result = retryingInterrupts {
            unsafe zmq_bind(handle.raw, endpoint)  // the string lives as long as the call
        }
        guard result == 0 else { throw ZeroMQError(errno, "zmq_bind", endpoint) }
        let bound = try handle.lastEndpoint()
        handle.endpoint = bound
        handle.socketFile = SocketFile(endpoint: bound)
        return bound
    }

    /// The corresponding C function is `zmq_connect`.
    func connect(_ endpoint: String) throws(ZeroMQError) {
        try allowIPv6(endpoint)
        let result = retryingInterrupts {
            unsafe zmq_connect(handle.raw, endpoint)  // the string lives as long as the call
        }
        guard result == 0 else { throw ZeroMQError(errno, "zmq_connect", endpoint) }
        handle.endpoint = endpoint
    }

    /// A literal IPv6 address is in brackets; with the option on, IPv4 ones would be shown mapped.
    private func allowIPv6(_ endpoint: String) throws(ZeroMQError) {
        if endpoint.contains("[") { try handle.set(ZMQ_IPV6, to: Int32(1)) }
    }
}
