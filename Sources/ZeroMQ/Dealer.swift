// SPDX-License-Identifier: Apache-2.0

import CZeroMQ

/// The worker's end: one router, connected again whenever it is lost.
public struct Dealer: ~Copyable {
    /// For a poller.
    public let socket: Socket

    /// A message from the router.
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

    /// The next message; nil if none is there. Never waits.
    ///
    /// - Throws: `isMalformedMessage` if the router sent the wrong number of frames; the next call
    ///   goes on behind them.
    public func receive() throws(ZeroMQError) -> Received? {
        guard let header = try socket.receiveFrame() else { return nil }
        let payload = try socket.receivePayload(behind: header)
        return Received(header: header, payload: payload)
    }

    /// Sends a message. Never waits.
    ///
    /// - Returns: False if no router is connected. True is no promise that it arrives.
    @discardableResult
    public func send(
        header: UnsafeRawBufferPointer, payload: Payload? = nil
    ) throws(ZeroMQError) -> Bool {
        try unsafe socket.send(to: nil, header: header, payload: payload)
    }
}
