// SPDX-License-Identifier: Apache-2.0
//
// A TCP client that writes whatever it likes, with as much of ZMTP (https://rfc.zeromq.org/spec/23) as its
// lies need.

import Foundation
import Glibc
import Wire

final class RawPeer {
    private let descriptor: Int32

    /// Nil if nobody listens, or the other side is full.
    init?(port: UInt16) {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var patience = timeval(tv_sec: 1, tv_usec: 0)
        for option in [SO_SNDTIMEO, SO_RCVTIMEO] {
            setsockopt(
                descriptor, SOL_SOCKET, option, &patience,
                socklen_t(MemoryLayout<timeval>.size))
        }
        let isConnected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        if !isConnected { return nil }
    }

    deinit { close(descriptor) }

    /// - Returns: False if the other side has hung up.
    @discardableResult
    func send(_ bytes: [UInt8]) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count <= 0 { return false }
            sent += count
        }
        return true
    }

    /// Whether the other side hangs up within a second, whatever it says before.
    func isHungUpOn() -> Bool {
        var bytes = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = recv(descriptor, &bytes, bytes.count, 0)
            if count == 0 || count < 0 && errno == ECONNRESET { return true }
            if count < 0 { return false }
        }
    }

    /// Says what a dealer without keys says.
    @discardableResult
    func greet() -> Bool { send(Self.greeting()) && send(Self.ready) }

    @discardableResult
    func send(_ message: Message, payload: [UInt8]? = nil) -> Bool {
        var header = HeaderBuffer()
        message.encode(into: &header)
        return send(Self.frame(Array(header.bytes), more: payload != nil))
            && (payload.map { send(Self.frame($0)) } ?? true)
    }

    static func greeting(_ mechanism: String = "NULL") -> [UInt8] {
        let name = Array(mechanism.utf8)
        return [0xff] + Array(repeating: 0, count: 8) + [0x7f, 3, 0] + name
            + Array(repeating: 0, count: 20 - name.count + 32)
    }

    static let ready: [UInt8] = {
        func property(_ name: String, _ value: String) -> [UInt8] {
            [UInt8(name.utf8.count)] + Array(name.utf8) + [0, 0, 0, UInt8(value.utf8.count)]
                + Array(value.utf8)
        }
        let body =
            [5] + Array("READY".utf8) + property("Socket-Type", "DEALER") + property("Identity", "")
        return [4, UInt8(body.count)] + body
    }()

    static func frame(_ bytes: [UInt8], more: Bool = false, claiming count: UInt64? = nil)
        -> [UInt8]
    {
        let size = withUnsafeBytes(of: (count ?? UInt64(bytes.count)).bigEndian) { Array($0) }
        return [more ? 3 : 2] + size + bytes
    }
}
