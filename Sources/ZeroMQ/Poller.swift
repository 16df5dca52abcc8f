// SPDX-License-Identifier: Apache-2.0

import CZeroMQ
import Glibc

/// Waits for messages on sockets and for input on file descriptors. Waiting allocates nothing.
@safe public struct Poller: ~Copyable {
    /// One of the things that a poller watches.
    public struct Source: Equatable, Sendable {
        fileprivate let index: Int
    }

    private let items: UnsafeMutablePointer<zmq_pollitem_t>
    private let capacity: Int
    private var count = 0
    /// Of the sockets: a closed one is left out, whoever closed it.
    private var handles: [Handle?] = []

    /// - Parameter capacity: Sockets and files together. Up to 16 libzmq allocates nothing either.
    public init(capacity: Int = 16) {
        precondition(capacity > 0, "Poller: capacity \(capacity)")
        self.capacity = capacity
        unsafe items = .allocate(capacity: capacity)  // freed in `deinit`
        handles.reserveCapacity(capacity)
    }

    deinit { unsafe items.deallocate() }  // allocated in `init`; C structs need no more

    /// Watches for messages from now on; a socket that closes is forgotten.
    public mutating func watch(_ socket: borrowing Socket) -> Source {
        add(socket.handle, fileDescriptor: -1)
    }

    /// Watches for input from now on, say on an eventfd. The descriptor must stay open.
    public mutating func watch(fileDescriptor: Int32) -> Source {
        add(nil, fileDescriptor: fileDescriptor)
    }

    /// Waits until something is ready or `timeout` is over; nil waits for ever.
    ///
    /// May return early with nothing ready, when a signal comes: ask the clock, not the result.
    /// Time is counted in milliseconds, rounded up.
    ///
    /// - Returns: True if something is ready.
    ///
    /// The corresponding C function is `zmq_poll`.
    @discardableResult
    public mutating func wait(timeout: Duration?) throws(ZeroMQError) -> Bool {
        for index in 0..<count {
            guard let handle = handles[index] else { continue }
            unsafe items[index].socket = handle.raw  // nil once closed; then fd -1, never ready
        }
        let milliseconds = timeout.map { Int($0.milliseconds) } ?? -1
        // `count` items are initialised.
        let ready = unsafe zmq_poll(items, Int32(count), milliseconds)
        if ready >= 0 { return ready > 0 }
        let code = errno
        guard code == EINTR else { throw ZeroMQError(code, "zmq_poll") }
        for index in 0..<count { unsafe items[index].revents = 0 }  // those of the last wait
        return false
    }

    /// Whether the last wait found something there.
    public func isReady(_ source: Source) -> Bool {
        precondition(source.index < count, "Poller: source \(source.index) of \(count)")
        return unsafe items[source.index].revents != 0  // initialised: below `count`
    }

    private mutating func add(_ handle: Handle?, fileDescriptor: Int32) -> Source {
        precondition(count < capacity, "Poller: \(capacity) sources are watched already")
        // The precondition leaves room for one.
        unsafe (items + count).initialize(
            to: zmq_pollitem_t(
                socket: handle?.raw, fd: fileDescriptor, events: Int16(ZMQ_POLLIN), revents: 0))
        handles.append(handle)
        defer { count += 1 }
        return Source(index: count)
    }
}
