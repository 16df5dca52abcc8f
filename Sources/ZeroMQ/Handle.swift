// SPDX-License-Identifier: Apache-2.0

import CZeroMQ
import Glibc

/// The C socket behind a `Socket`. A poller may hold it longer than the socket lives.
@safe final class Handle {
    /// Nil once closed.
    private(set) var raw: UnsafeMutableRawPointer?
    var endpoint = ""
    var malformed: ZeroMQError?
    /// A poller has seen messages, and they were not all received since.
    private(set) var hasMessages = false
    /// It was found empty, and not used since: its descriptor will stir when a message comes. Whoever uses
    /// a socket may swallow that signal.
    private(set) var isQuiet = false
    /// Where a socket of this machine's file system listens.
    var socketFile: SocketFile?
    private var context: Context?  // let go after `zmq_close`: close, then terminate

    init(_ context: Context, type: Int32, options: SocketOptions) throws(ZeroMQError) {
        self.context = context
        unsafe raw = zmq_socket(context.raw, type)  // the context is alive: `self` holds it
        if unsafe raw == nil { throw ZeroMQError(errno, "zmq_socket") }
        try apply(options)
    }

    deinit { close() }

    func close() {
        guard let socket = unsafe raw else { return }  // closed before
        unsafe raw = nil
        hasMessages = false
        socketFile?.remove()
        _ = unsafe zmq_close(socket)  // open until now
        context = nil
    }

    /// The corresponding C function is `zmq_setsockopt`.
    func set<Value: BitwiseCopyable>(_ option: Int32, to value: Value) throws(ZeroMQError) {
        let result = unsafe withUnsafeBytes(of: value) { value in
            unsafe zmq_setsockopt(raw, option, value.baseAddress, value.count)  // copies the value
        }
        guard result == 0 else { throw ZeroMQError(errno, "zmq_setsockopt", endpoint) }
    }

    /// What stirs when a message may have come; -1 once closed.
    var descriptor: Int32 { (try? option(ZMQ_FD)) ?? -1 }

    /// Learns whether there are messages; takes note of what has stirred.
    func askForMessages() throws(ZeroMQError) {
        // A closed one gets none any more.
        let events = unsafe raw == nil ? 0 : try option(ZMQ_EVENTS)
        hasMessages = events & ZMQ_POLLIN != 0
        isQuiet = !hasMessages
    }

    func wasUsed() { isQuiet = false }

    func wasFoundEmpty() {
        hasMessages = false
        isQuiet = true
    }

    /// The corresponding C function is `zmq_getsockopt`.
    private func option(_ option: Int32) throws(ZeroMQError) -> Int32 {
        var value: Int32 = 0
        var count = MemoryLayout<Int32>.size
        let result = retryingInterrupts {
            unsafe zmq_getsockopt(raw, option, &value, &count)  // fills the four bytes
        }
        guard result == 0 else { throw ZeroMQError(errno, "zmq_getsockopt", endpoint) }
        return value
    }

    /// The corresponding C function is `zmq_getsockopt`.
    func lastEndpoint() throws(ZeroMQError) -> String {
        var text = [UInt8](repeating: 0, count: 1024)
        var count = text.count
        // libzmq writes at most `count` bytes, the closing zero among them.
        let result = unsafe zmq_getsockopt(raw, ZMQ_LAST_ENDPOINT, &text, &count)
        guard result == 0 else { throw ZeroMQError(errno, "zmq_getsockopt", endpoint) }
        return String(decoding: text.prefix(count - 1), as: UTF8.self)
    }

    private func apply(_ options: SocketOptions) throws(ZeroMQError) {
        precondition(
            options.maximumFrame > 0, "SocketOptions: maximumFrame \(options.maximumFrame) <= 0")
        // Credits bound what is under way, so the queues need no mark of their own where peers keep to them.
        try set(ZMQ_SNDHWM, to: Int32(0))
        try set(ZMQ_RCVHWM, to: Int32(options.waitingMessages ?? 0))
        try set(ZMQ_MAXMSGSIZE, to: Int64(options.maximumFrame))
        try set(ZMQ_LINGER, to: options.linger.milliseconds)
        try set(ZMQ_TCP_KEEPALIVE, to: Int32(1))
        // In seconds: a question every third of the time.
        let question = max(1, options.silence.milliseconds / 3000)
        try set(ZMQ_TCP_KEEPALIVE_IDLE, to: question)
        try set(ZMQ_TCP_KEEPALIVE_INTVL, to: question)
        try set(ZMQ_TCP_KEEPALIVE_CNT, to: Int32(3))
        try set(ZMQ_TCP_MAXRT, to: options.silence.milliseconds)
        try set(ZMQ_HANDSHAKE_IVL, to: options.greetingTimeout.milliseconds)
        try set(ZMQ_CONNECT_TIMEOUT, to: options.connectTimeout.milliseconds)
        try set(ZMQ_RECONNECT_IVL, to: options.reconnectPause.milliseconds)
        try set(ZMQ_RECONNECT_IVL_MAX, to: options.longestReconnectPause.milliseconds)
        try apply(options.encryption)
    }
}

extension Duration {
    /// Rounded up, so that a wait never ends early; within 0 and what C takes.
    package var milliseconds: Int32 {
        guard self > .zero else { return 0 }
        guard self < .milliseconds(Int32.max) else { return Int32.max }
        let (seconds, attoseconds) = components
        return Int32(seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
    }
}
