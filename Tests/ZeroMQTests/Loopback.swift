// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing
import ZeroMQ

/// The ways that two sockets of one machine can meet.
enum Transport: String, CaseIterable, Sendable {
    case inproc, ipc, tcp

    /// A fresh place to bind to.
    var endpoint: String {
        switch self {
        case .inproc: "inproc://\(UUID())"
        case .ipc: "ipc://\(FileManager.default.temporaryDirectory.path)/convoy-\(UUID())"
        case .tcp: "tcp://127.0.0.1:*"
        }
    }
}

/// Longer than anything takes; only a failure waits for it.
let patience = Duration.seconds(5)

extension Router {
    /// The next message, waited for.
    func next() throws -> Received {
        while try hasMessage(within: patience) {
            if let received = try receive() { return received }
        }
        throw Missing()
    }

    /// Whether a message comes within `timeout`.
    func hasMessage(within timeout: Duration) throws -> Bool {
        var poller = Poller()
        _ = poller.watch(socket)
        return try poller.wait(timeout: timeout)
    }

    @discardableResult
    func send(to peer: RoutingID, _ text: String, payload: Payload? = nil) throws -> Bool {
        try Array(text.utf8).withUnsafeBytes { try send(to: peer, header: $0, payload: payload) }
    }
}

extension Dealer {
    /// A dealer that is connected when the call returns.
    static func connected(
        _ context: Context, to endpoint: String, options: SocketOptions = .data
    ) throws -> Dealer {
        let dealer = try Dealer(context, options: options)
        try dealer.connect(endpoint)
        let found = try dealer.waitForRouter(timeout: patience)
        try #require(found, "no router within \(patience)")
        return dealer
    }

    func next() throws -> Received {
        var poller = Poller()
        _ = poller.watch(socket)
        while try poller.wait(timeout: patience) {
            if let received = try receive() { return received }
        }
        throw Missing()
    }

    @discardableResult
    func send(_ text: String, payload: Payload? = nil) throws -> Bool {
        try Array(text.utf8).withUnsafeBytes { try send(header: $0, payload: payload) }
    }
}

extension Frame {
    var text: String { withBytes { String(decoding: $0, as: UTF8.self) } }
}

/// Optional chaining would consume the frame.
extension Frame? {
    /// Nil if there is no frame.
    var contents: Contents? {
        switch self {
        case .some(let frame): frame.withBytes { Contents(bytes: Array($0)) }
        case .none: nil
        }
    }

    var address: UInt? {
        switch self {
        case .some(let frame): frame.withBytes { UInt(bitPattern: $0.baseAddress) }
        case .none: nil
        }
    }
}

/// Nothing came within `patience`.
struct Missing: Error {}

/// Asks again and again, for at most `patience`, until something in the background has happened.
func eventually(_ happened: () throws -> Bool) throws {
    let clock = ContinuousClock()
    let end = clock.now + patience
    var pause = Poller()
    while try !happened() {
        if clock.now > end { throw Missing() }
        try pause.wait(timeout: .milliseconds(1))
    }
}

/// Bytes that are not printed when they are not those expected.
struct Contents: Equatable, CustomTestStringConvertible {
    let bytes: [UInt8]
    var testDescription: String { "\(bytes.count) bytes from \(bytes.prefix(8))" }
}

/// Memory for payloads, filled with a pattern; freed with the object.
final class Memory: Sendable {
    nonisolated(unsafe) let bytes: UnsafeMutableRawBufferPointer  // written in `init` only

    init(count: Int) {
        bytes = .allocate(byteCount: count, alignment: 64)
        for index in 0..<count { bytes[index] = UInt8(truncatingIfNeeded: index &* 31) }
    }

    deinit { bytes.deallocate() }

    var contents: Contents { Contents(bytes: Array(bytes)) }
    var readOnly: UnsafeRawBufferPointer { UnsafeRawBufferPointer(bytes) }
}
