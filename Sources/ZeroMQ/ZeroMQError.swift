// SPDX-License-Identifier: Apache-2.0

import CZeroMQ
import Glibc

/// A call of libzmq that failed, or a peer that broke the framing.
public struct ZeroMQError: Error, Equatable, CustomStringConvertible {
    /// The C `errno`; `EBADMSG` for a message that is not framed as Convoy frames them.
    public let code: Int32
    /// The C function.
    public let call: String
    /// The endpoint of the socket; empty where there is none yet.
    public let endpoint: String
    /// What to do about it; for a malformed message, what was seen and what was expected.
    public let cure: String

    public var description: String {
        let reason = unsafe String(cString: zmq_strerror(code))  // a constant string of libzmq
        return (endpoint.isEmpty ? call : "\(call) \(endpoint)") + ": \(reason); \(cure)"
    }
}

extension ZeroMQError {
    /// - Parameter code: `errno`, read on the line after the call.
    init(_ code: Int32, _ call: StaticString, _ endpoint: String = "") {
        self.init(
            code: code, call: "\(call)", endpoint: endpoint, cure: Self.cure(code))
    }

    private static func cure(_ code: Int32) -> String {
        switch code {
        case EADDRINUSE:
            "stop the program that listens there, or choose another port (* takes a free one)"
        case EADDRNOTAVAIL, ENODEV:
            "this machine has no such address; bind one of its own, or 0.0.0.0 for all of them"
        case EACCES:
            "choose a port above 1023, or a directory that this user may write to"
        case EINVAL:
            "expected tcp://HOST:PORT, ipc://PATH or inproc://NAME"
        case EPROTONOSUPPORT:
            "this libzmq knows tcp, ipc and inproc; choose one of them"
        case ENAMETOOLONG:
            "a socket's path holds at most 107 bytes; choose a shorter directory"
        case ENOENT, ENOTDIR:
            "make the directory first"
        case ECONNREFUSED:
            "bind this name before connecting to it"
        case EMFILE, ENFILE:
            "too many files or sockets are open; raise `ulimit -n`"
        case ENOMEM:
            "free some memory"
        default:
            "this should not happen; please report it with this line"
        }
    }
}

/// Calls again for as long as a signal interrupts the call: the one place for `EINTR`.
@inline(always)
func retryingInterrupts(_ call: () -> Int32) -> Int32 {
    while true {
        let result = call()
        if result >= 0 || errno != EINTR { return result }
    }
}
