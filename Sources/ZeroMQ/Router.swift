// SPDX-License-Identifier: Apache-2.0

import CZeroMQ

/// The coordinator's end: many peers, each known by a routing id.
public struct Router: ~Copyable {
    /// For a poller.
    public let socket: Socket

    /// A message from a peer. Frozen, so that other modules can take the payload out and keep it.
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
    /// A message of the wrong number of frames is skipped; see `socket.takeMalformed()`.
    public func receive() throws(ZeroMQError) -> Received? {
        while let id = try socket.receiveFrame() {
            // The id is read within the closure.
            guard let peer = unsafe id.withBytes({ unsafe RoutingID($0) }) else {
                _ = try socket.drain()
                socket.drop(
                    "a peer has a routing id of \(id.count) bytes, expected at most "
                        + "\(RoutingID.capacity)")
                continue
            }
            guard let header = try socket.receiveFrame() else { return nil }
            var payload: Frame?
            if try socket.receivePayload(behind: header, from: peer, into: &payload) {
                return Received(peer: peer, header: header, payload: payload)
            }
        }
        return nil
    }

    /// Sends a message. Never waits.
    ///
    /// - Returns: False if the peer is gone. True is no promise that it arrives.
    @discardableResult
    public func send(
        to peer: RoutingID, header: UnsafeRawBufferPointer, payload: Payload? = nil
    ) throws(ZeroMQError) -> Bool {
        // libzmq has copied the header when this returns; for the payload see `Payload`.
        try unsafe socket.send(to: peer, header: header, payload: payload)
    }
}
