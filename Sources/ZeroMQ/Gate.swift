// SPDX-License-Identifier: Apache-2.0
//
// ZAP, by which libzmq asks who may come in: https://rfc.zeromq.org/spec/27.

import CZeroMQ
import Glibc

/// Lets peers in to the servers of a context, or not. It must be there before they listen; what nobody
/// answers for stays outside.
public struct Gate: ~Copyable {
    /// For a poller.
    public let socket: Socket

    /// A peer that has shown to hold the secret of its key.
    public struct Visitor: Equatable, Sendable {
        public let key: CurveKey
        /// Without port.
        public let address: String

        public init(key: CurveKey, address: String) {
            self.key = key
            self.address = address
        }
    }

    public init(_ context: Context) throws(ZeroMQError) {
        let socket = try Socket(context, type: ZMQ_REP, options: .data)
        _ = try socket.bind("inproc://zeromq.zap.01")
        self.socket = socket
    }

    /// Answers everybody who waits. Never waits itself.
    ///
    /// - Parameter admits: Messages of those that come in bear their key: `Frame.sender`.
    public func answer(_ admits: (Visitor) -> Bool) throws(ZeroMQError) {
        while let request = try receive() {
            // version, request id, domain, address, routing id, mechanism, credentials
            guard request.count == 7, request[0] == Self.version else {
                try send(request.count > 1 ? request[1] : [], status: "500", user: "")
                continue
            }
            guard request[2] == Array(Handle.zapDomain.utf8), request[5] == Array("CURVE".utf8),
                let key = CurveKey(credentials: request[6])
            else {
                try send(request[1], status: "400", user: "")
                continue
            }
            let visitor = Visitor(key: key, address: String(decoding: request[3], as: UTF8.self))
            let isAdmitted = admits(visitor)
            try send(
                request[1], status: isAdmitted ? "200" : "400",
                user: isAdmitted ? key.description : "")
        }
    }

    private static let version = Array("1.0".utf8)

    private func receive() throws(ZeroMQError) -> [[UInt8]]? {
        var request: [[UInt8]] = []
        while let frame = try socket.receiveFrame() {
            unsafe request.append(frame.withBytes { unsafe Array($0) })  // copied
            if !frame.hasMore { return request }
        }
        return nil
    }

    private func send(
        _ request: [UInt8], status: String, user: String
    ) throws(ZeroMQError) {
        // version, request id, status code, status text, user id, metadata
        let frames = [Self.version, request, Array(status.utf8), [], Array(user.utf8), []]
        for (index, frame) in frames.enumerated() {
            let flags = index < frames.count - 1 ? ZMQ_DONTWAIT | ZMQ_SNDMORE : ZMQ_DONTWAIT
            let result = retryingInterrupts {
                unsafe zmq_send(socket.handle.raw, frame, frame.count, flags)  // copies
            }
            let code = errno
            // Who asked may be gone.
            if result < 0, code != EAGAIN { throw ZeroMQError(code, "zmq_send", socket.endpoint) }
        }
    }
}
