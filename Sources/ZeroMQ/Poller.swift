// SPDX-License-Identifier: Apache-2.0

import CZeroMQ
import Glibc

/// Waits for messages on sockets and for input on file descriptors. Waiting allocates nothing.
///
/// One `poll` waits for all of them. `zmq_poll` would make a dozen system calls of it, since it asks each
/// socket twice; here only those are asked whose descriptor has stirred, or that were used since they were
/// found empty: only to the others does libzmq promise a signal for a new message.
@safe public struct Poller: ~Copyable {
    /// One of the things that a poller watches.
    public struct Source: Equatable, Sendable {
        fileprivate let index: Int
    }

    private let items: UnsafeMutablePointer<pollfd>
    private let capacity: Int
    private var count = 0
    /// Of the sockets: a closed one is left out, whoever closed it.
    private var handles: [Handle?] = []

    /// - Parameter capacity: Sockets and files together.
    public init(capacity: Int = 16) {
        precondition(capacity > 0, "Poller: capacity \(capacity)")
        self.capacity = capacity
        unsafe items = .allocate(capacity: capacity)  // freed in `deinit`
        handles.reserveCapacity(capacity)
    }

    deinit { unsafe items.deallocate() }  // allocated in `init`; C structs need no more

    /// Watches for messages from now on; a socket that closes is forgotten.
    public mutating func watch(_ socket: borrowing Socket) -> Source {
        add(socket.handle, fileDescriptor: socket.handle.descriptor)
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
    /// The corresponding C function is `poll`.
    @discardableResult
    public mutating func wait(timeout: Duration?) throws(ZeroMQError) -> Bool {
        let start = ContinuousClock.now
        while true {
            let hasMessages = try askUsedSockets()
            let left = timeout.map { $0 - (ContinuousClock.now - start) }
            let milliseconds = hasMessages ? 0 : left?.milliseconds ?? -1
            // `count` items are initialised.
            let stirred = unsafe poll(items, nfds_t(count), milliseconds)
            if stirred < 0 {
                let code = errno
                // Initialised: below `count`.
                for index in 0..<count { unsafe items[index].revents = 0 }
                guard code == EINTR else { throw ZeroMQError(code, "poll") }
                return hasMessages
            }
            if stirred == 0 { return hasMessages }
            // A socket may have stirred for something else than a message: then the wait goes on.
            if try askStirred() || hasMessages { return true }
        }
    }

    /// Whether the last wait found something there.
    public func isReady(_ source: Source) -> Bool {
        precondition(source.index < count, "Poller: source \(source.index) of \(count)")
        if let handle = handles[source.index] { return handle.hasMessages }
        return unsafe items[source.index].revents != 0  // initialised: below `count`
    }

    private mutating func askUsedSockets() throws(ZeroMQError) -> Bool {
        var hasMessages = false
        for index in 0..<count {
            guard let handle = handles[index] else { continue }
            // Initialised, as are all below `count`. A closed socket never stirs.
            if unsafe handle.raw == nil { unsafe items[index].fd = -1 }
            if !handle.isQuiet { try handle.askForMessages() }
            hasMessages = hasMessages || handle.hasMessages
        }
        return hasMessages
    }

    /// - Returns: True if a socket among those that stirred has messages, or a file has.
    private func askStirred() throws(ZeroMQError) -> Bool {
        var isReady = false
        // Initialised: below `count`.
        for index in 0..<count where unsafe items[index].revents != 0 {
            if let handle = handles[index] {
                try handle.askForMessages()
                isReady = isReady || handle.hasMessages
            } else {
                isReady = true
            }
        }
        return isReady
    }

    private mutating func add(_ handle: Handle?, fileDescriptor: Int32) -> Source {
        precondition(count < capacity, "Poller: \(capacity) sources are watched already")
        // The precondition leaves room for one.
        unsafe (items + count).initialize(
            to: pollfd(fd: fileDescriptor, events: Int16(POLLIN), revents: 0))
        handles.append(handle)
        defer { count += 1 }
        return Source(index: count)
    }
}
