// SPDX-License-Identifier: Apache-2.0

import CZeroMQ
import Glibc

/// Who may connect, and who can read what travels.
public enum Encryption: Sendable {
    /// Anyone, and anyone.
    case none
    /// Peers show that they hold the secret of their key, and the context's `Gate` says which keys come
    /// in. Where there is no gate, or none that answers, nobody does.
    case server(CurveSecret)
    /// The peer has to be the one whose key this is.
    case client(CurveSecret, server: CurveKey)
}

extension Handle {
    /// A server's domain, which a gate is told with each request.
    static let zapDomain = "convoy"

    func apply(_ encryption: Encryption) throws(ZeroMQError) {
        switch encryption {
        case .none: return
        case .server(let secret):
            try set(ZMQ_CURVE_SERVER, to: Int32(1))
            try set(ZMQ_CURVE_SECRETKEY, toBytes: secret.bytes)
            try set(ZMQ_ZAP_DOMAIN, toBytes: Array(Self.zapDomain.utf8))
            // Without it libzmq lets everyone in when no gate is there.
            try set(ZMQ_ZAP_ENFORCE_DOMAIN, to: Int32(1))
        case .client(let secret, let server):
            try set(ZMQ_CURVE_SERVERKEY, toBytes: server.bytes)
            try set(ZMQ_CURVE_PUBLICKEY, toBytes: secret.publicKey.bytes)
            try set(ZMQ_CURVE_SECRETKEY, toBytes: secret.bytes)
        }
    }

    /// The corresponding C function is `zmq_setsockopt`.
    private func set(_ option: Int32, toBytes bytes: [UInt8]) throws(ZeroMQError) {
        let result = unsafe zmq_setsockopt(raw, option, bytes, bytes.count)  // copies the bytes
        let code = errno
        guard result != 0 else { return }
        guard zeroMQHasCurve() else {
            throw ZeroMQError(
                code: code, call: "zmq_setsockopt", endpoint: endpoint,
                cure:
                    "this libzmq \(zeroMQVersion()) was built without CURVE; install one that has "
                    + "it, as Debian's libzmq5 does")
        }
        throw ZeroMQError(code, "zmq_setsockopt", endpoint)
    }
}
