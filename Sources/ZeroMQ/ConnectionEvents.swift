// SPDX-License-Identifier: Apache-2.0

import CZeroMQ
import Glibc
import Synchronization

/// Something that happened to a connection, as libzmq saw it in the background.
public enum ConnectionEvent: Equatable, Sendable {
    /// Somebody has connected, and said nothing yet.
    case accepted(descriptor: Int32)
    /// The two have greeted each other, and messages can travel.
    case greeted
    case failed(GreetingFailure)
    case disconnected(descriptor: Int32)
}

/// Why two peers could not greet each other.
public enum GreetingFailure: Equatable, Sendable {
    /// The connection broke.
    case broken
    /// The other side's gate does not let this key in.
    case denied
    /// One side uses keys, the other does not.
    case otherMechanism
    /// What the other side sent cannot be opened: it is not the one whose key is known here.
    case otherKey
    /// No ZeroMQ, or none that works.
    case garbled
}

/// What happens to the connections of one socket.
public struct ConnectionEvents: ~Copyable {
    /// For a poller.
    public let socket: Socket
    private let observed: Handle

    private static let count = Atomic<Int>(0)

    /// Begins to watch; to be made before the socket binds or connects.
    ///
    /// The corresponding C function is `zmq_socket_monitor`.
    public init(of observed: borrowing Socket, _ context: Context) throws(ZeroMQError) {
        let number = Self.count.wrappingAdd(1, ordering: .relaxed).newValue
        let endpoint = "inproc://connection-events-\(number)"
        // The string lives as long as the call.
        let result = unsafe zmq_socket_monitor(
            observed.handle.raw, endpoint, ZMQ_EVENT_ALL)
        guard result == 0 else { throw ZeroMQError(errno, "zmq_socket_monitor") }
        let socket = try Socket(context, type: ZMQ_PAIR, options: .data)
        try socket.connect(endpoint)
        self.observed = observed.handle
        self.socket = socket
    }

    deinit {
        // Else libzmq would wait for a reader of its events. Nil ends the watching.
        if unsafe observed.raw != nil { _ = unsafe zmq_socket_monitor(observed.raw, nil, 0) }
    }

    /// The next event; nil if there is none. Never waits.
    public func next() throws(ZeroMQError) -> ConnectionEvent? {
        while let frame = try socket.receiveFrame() {
            // A 16-bit event and a 32-bit value, then the endpoint. Six bytes are there when they are read.
            let (event, value) = unsafe frame.withBytes { bytes -> (UInt16, UInt32) in
                guard bytes.count == 6 else { return (0, 0) }
                return unsafe (
                    bytes.loadUnaligned(as: UInt16.self),
                    bytes.loadUnaligned(fromByteOffset: 2, as: UInt32.self)
                )
            }
            if frame.hasMore { _ = try socket.drain() }
            if let event = ConnectionEvent(Int32(event), value) { return event }
        }
        return nil
    }
}

extension ConnectionEvent {
    fileprivate init?(_ event: Int32, _ value: UInt32) {
        switch event {
        case ZMQ_EVENT_ACCEPTED: self = .accepted(descriptor: Int32(bitPattern: value))
        case ZMQ_EVENT_DISCONNECTED: self = .disconnected(descriptor: Int32(bitPattern: value))
        case ZMQ_EVENT_HANDSHAKE_SUCCEEDED: self = .greeted
        case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL: self = .failed(.broken)
        case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH: self = .failed(.denied)
        case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
            switch Int32(bitPattern: value) {
            case ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH: self = .failed(.otherMechanism)
            case ZMQ_PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC: self = .failed(.otherKey)
            default: self = .failed(.garbled)
            }
        default: return nil
        }
    }
}
