// SPDX-License-Identifier: Apache-2.0

import CZeroMQ

/// The coordinator's end: many peers, each known by a routing id.
public struct Router: ~Copyable {
    /// For a poller.
    public let socket: Socket

    /// A message from a peer.
    @frozen public struct Received: ~Copyable {
        public let peer: RoutingID
        public var header: Frame
        public var payload: Frame?
    }

    public init(_ context: Context, options: SocketOptions = .data) throws(ZeroMQError) {
        let socket = try Socket(context, type: ZMQ_ROUTER, options: options)
        try socket.handle.set(ZMQ_ROUTER_MANDATORY, to: Int32(1))  // say so when a peer is gone
        self.socket = socket
    }

    /// Listens on `endpoint`; `*` takes a free port. A stale ipc path is taken over.
    ///
    /// - Returns: The endpoint to connect to, with the port that was taken.
    @discardableResult
    public func bind(_ endpoint: String) throws(ZeroMQError) -> String {
        try socket.bind(endpoint)
    }

    /// The next message; nil if none is there. Never waits.
    ///
    /// - Throws: `isMalformedMessage` if a peer sent the wrong number of frames; the next call goes
    ///   on behind them.
    public func receive() throws(ZeroMQError) -> Received? {
        guard let id = try socket.receiveFrame() else { return nil }
        guard let peer = unsafe id.withBytes({ unsafe RoutingID($0) }) else {
            _ = try socket.drain()
            throw .malformed(
                "a peer has a routing id of \(id.count) bytes, expected at most "
                    + "\(RoutingID.capacity); the message was dropped",
                at: socket.endpoint)
        }
        guard let header = try socket.receiveFrame() else { return nil }
        let payload = try socket.receivePayload(behind: header, from: peer)
        return Received(peer: peer, header: header, payload: payload)
    }

    /// Sends a message. Never waits.
    ///
    /// - Returns: False if the peer is gone. True is no promise that it arrives.
    @discardableResult
    public func send(
        to peer: RoutingID, header: UnsafeRawBufferPointer, payload: Payload? = nil
    ) throws(ZeroMQError) -> Bool {
        try unsafe socket.send(to: peer, header: header, payload: payload)
    }
}
