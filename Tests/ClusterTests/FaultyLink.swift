// SPDX-License-Identifier: Apache-2.0
//
// A network between coordinator and workers that can be cut, in any process and without privileges.

import Foundation
import Glibc
import Synchronization

/// Passes on the bytes of TCP connections, unless it is told not to.
final class FaultyLink: Sendable {
    private struct State {
        var connections: Set<Int32> = []
        var heldUntil = Date.distantPast
        var isClosed = false
        /// What workers have sent at the beginning of each connection.
        var recorded: [Int32: [UInt8]] = [:]
        var finished: [[UInt8]] = []
    }

    /// Where workers connect to.
    let port: UInt16
    private let target: UInt16
    private let listener: Int32
    private let state = Mutex(State())

    /// - Parameter target: Port of this machine on which the coordinator listens, sooner or later.
    init(to target: UInt16) throws {
        self.target = target
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = Self.address(port: 0)
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, size) == 0 && listen(listener, 64) == 0
                    && getsockname(listener, $0, &size) == 0
            }
        }
        self.listener = listener
        guard isBound else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
        port = UInt16(bigEndian: address.sin_port)
        Thread { [self] in accept() }.start()
    }

    /// Bytes that are kept of each connection.
    private static let recordedCount = 1 << 18

    /// The bytes that workers have sent, as they were on the wire, connection by connection.
    var recorded: [[UInt8]] { state.withLock { $0.finished + $0.recorded.values } }

    /// Breaks all connections where they are, in the middle of a message or not.
    func cut() {
        state.withLock {
            for connection in $0.connections { shutdown(connection, Int32(SHUT_RDWR)) }
        }
    }

    /// Passes nothing on for a while, and loses nothing.
    func hold(seconds: Double) {
        state.withLock { $0.heldUntil = Date().addingTimeInterval(seconds) }
    }

    func close() {
        state.withLock { $0.isClosed = true }
        shutdown(listener, Int32(SHUT_RDWR))
        cut()
    }

    private func accept() {
        while true {
            let near = Glibc.accept(listener, nil, nil)
            if state.withLock({ $0.isClosed }) || near < 0 {
                if near >= 0 { Glibc.close(near) }
                Glibc.close(listener)
                return
            }
            let far = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            var address = Self.address(port: target)
            let isConnected = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(far, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
                }
            }
            guard isConnected else {
                Glibc.close(near)
                Glibc.close(far)
                continue
            }
            state.withLock { $0.connections.formUnion([near, far]) }
            let isOver = Counter(2)
            for (from, to) in [(near, far), (far, near)] {
                Thread { [self] in
                    pump(from, to, isRecorded: from == near)
                    // The second of the two closes both.
                    guard isOver.countDown() else { return }
                    state.withLock { state in
                        state.connections.subtract([near, far])
                        if let bytes = state.recorded.removeValue(forKey: near) {
                            state.finished.append(bytes)
                        }
                    }
                    Glibc.close(near)
                    Glibc.close(far)
                }.start()
            }
        }
    }

    private func pump(_ from: Int32, _ to: Int32, isRecorded: Bool) {
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            let count = read(from, &buffer, buffer.count)
            if count <= 0 { break }
            if isRecorded { record(buffer.prefix(count), of: from) }
            while state.withLock({ $0.heldUntil > Date() && !$0.isClosed }) { usleep(2000) }
            var sent = 0
            while sent < count {
                let part = buffer[sent..<count].withUnsafeBytes {
                    send(to, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                }
                if part <= 0 { break }
                sent += part
            }
            if sent < count { break }
        }
        shutdown(from, Int32(SHUT_RDWR))
        shutdown(to, Int32(SHUT_RDWR))
    }

    private func record(_ bytes: ArraySlice<UInt8>, of connection: Int32) {
        state.withLock { state in
            let room = Self.recordedCount - (state.recorded[connection]?.count ?? 0)
            if room > 0 { state.recorded[connection, default: []] += bytes.prefix(room) }
        }
    }

    private static func address(port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        return address
    }
}

/// Tells the last of some threads that it is the last.
private final class Counter: Sendable {
    private let left: Atomic<Int>
    init(_ count: Int) { left = Atomic(count) }
    func countDown() -> Bool { left.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 }
}
