// SPDX-License-Identifier: Apache-2.0

import CZeroMQ
import Glibc

/// The payload frame of a message to send.
@safe public enum Payload {
    /// libzmq takes a copy.
    case copied(UnsafeRawBufferPointer)
    /// libzmq reads the memory in its own time; the loan tells when it is done.
    case lent(UnsafeRawBufferPointer, Loan)
    /// One frame for many peers.
    case shared(SharedFrame)
}

/// A payload that goes to many peers: the bytes exist once. Belongs to one thread, like a socket.
///
/// Meant to be kept and filled again: what is still in flight keeps the old bytes.
public final class SharedFrame {
    private var frame = Frame()

    public init() {}

    public func fill(copying bytes: UnsafeRawBufferPointer) throws(ZeroMQError) {
        frame = try unsafe Frame(copying: bytes)  // which are not needed any more
    }

    /// The frame itself counts as one message in flight until it is filled again or emptied.
    public func fill(lending bytes: UnsafeRawBufferPointer, _ loan: Loan) throws(ZeroMQError) {
        frame = try unsafe Frame(lending: bytes, loan)  // which says how long they are
    }

    public func empty() { frame = Frame() }

    /// The corresponding C function is `zmq_msg_copy`.
    fileprivate func share() throws(ZeroMQError) -> Frame {
        var copy = Frame()
        // Marks both messages as sharing their bytes, which libzmq counts.
        let result = unsafe zmq_msg_copy(&copy.message, &frame.message)
        guard result == 0 else { throw ZeroMQError(errno, "zmq_msg_copy") }
        return copy
    }
}

extension Frame {
    init(_ payload: Payload) throws(ZeroMQError) {
        // The caller answers for the bytes: `copied` until this returns, `lent` until `loan` is back.
        switch payload {
        case .copied(let bytes): self = try unsafe Frame(copying: bytes)
        case .lent(let bytes, let loan): self = try unsafe Frame(lending: bytes, loan)
        case .shared(let shared): self = try shared.share()
        }
    }

    /// The corresponding C function is `zmq_msg_init_size`.
    init(copying bytes: UnsafeRawBufferPointer) throws(ZeroMQError) {
        var message = zmq_msg_t()
        let result = unsafe zmq_msg_init_size(&message, bytes.count)
        guard result == 0 else { throw ZeroMQError(errno, "zmq_msg_init_size") }
        // Room for exactly these bytes was just made.
        unsafe UnsafeMutableRawBufferPointer(start: zmq_msg_data(&message), count: bytes.count)
            .copyMemory(from: bytes)
        self.init(adopting: message)
    }

    /// The corresponding C function is `zmq_msg_init_data`.
    init(lending bytes: UnsafeRawBufferPointer, _ loan: Loan) throws(ZeroMQError) {
        var message = zmq_msg_t()
        let hint = unsafe loan.takeOff()
        // libzmq does not write to what it sends, and calls `land` exactly once if this succeeds.
        let result = unsafe zmq_msg_init_data(
            &message, UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count, Loan.land,
            hint)
        guard result == 0 else {
            let code = errno
            unsafe Loan.land(nil, hint)  // balances `takeOff`, since libzmq will not
            throw ZeroMQError(code, "zmq_msg_init_data")
        }
        self.init(adopting: message)
    }
}
