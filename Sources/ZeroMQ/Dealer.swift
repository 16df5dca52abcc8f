// SPDX-License-Identifier: Apache-2.0

import CZeroMQ
import Glibc

/// The worker's end: one router, connected again whenever it is lost.
public struct Dealer: ~Copyable {
    /// For a poller.
    public let socket: Socket

    /// A message from the router. Frozen, so that other modules can take the payload out.
    @frozen public struct Received: ~Copyable {
        public var header: Frame
        public var payload: Frame?
    }

    public init(_ context: Context, options: SocketOptions = .data) throws(ZeroMQError) {
        let socket = try Socket(context, type: ZMQ_DEALER, options: options)
        // Messages belong to a connection: none waits for a router that comes later.
        try socket.handle.set(ZMQ_IMMEDIATE, to: Int32(1))
        self.socket = socket
    }

    /// Goes on trying in the background until the router is there, and again when it is lost.
    public func connect(_ endpoint: String) throws(ZeroMQError) {
        try socket.connect(endpoint)
    }

    /// Waits until a router is connected, at most for `timeout`; may return early when a signal comes.
    ///
    /// - Returns: True if `send` would reach one.
    public func waitForRouter(timeout: Duration) throws(ZeroMQError) -> Bool {
        socket.handle.wasUsed()
        var item = unsafe zmq_pollitem_t(
            socket: socket.handle.raw, fd: -1, events: Int16(ZMQ_POLLOUT), revents: 0)
        // One item, of a socket that is open.
        let ready = unsafe zmq_poll(&item, 1, Int(timeout.milliseconds))
        if ready >= 0 { return ready > 0 }
        let code = errno
        guard code == EINTR else { throw ZeroMQError(code, "zmq_poll", socket.endpoint) }
        return false
    }

    /// The next message; nil if none is there. Never waits.
    ///
    /// A message of the wrong number of frames is skipped; see `socket.takeMalformed()`.
    public func receive() throws(ZeroMQError) -> Received? {
        while let header = try socket.receiveFrame() {
            var payload: Frame?
            if try socket.receivePayload(behind: header, into: &payload) {
                return Received(header: header, payload: payload)
            }
        }
        return nil
    }

    /// Sends a message. Never waits.
    ///
    /// - Returns: False if no router is connected. True is no promise that it arrives.
    @discardableResult
    public func send(
        header: UnsafeRawBufferPointer, payload: Payload? = nil
    ) throws(ZeroMQError) -> Bool {
        // libzmq has copied the header when this returns; for the payload see `Payload`.
        try unsafe socket.send(to: nil, header: header, payload: payload)
    }
}
