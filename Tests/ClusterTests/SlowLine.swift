// SPDX-License-Identifier: Apache-2.0
//
// A long way between two network namespaces, where the kernel has no netem to make one.

import Foundation
import Glibc

/// Hands the packets of a TUN device in one namespace to one in another, after a while, and back. Both
/// devices are gone when the object is.
final class SlowLine {
    private let ends: [Int32]
    private let wake: [Int32]
    private let thread: Thread

    /// Why there are no such devices here; nil if there are.
    static let obstacle: String? =
        access("/dev/net/tun", R_OK | W_OK) == 0
        ? nil : "packets cannot be delayed: no /dev/net/tun here"

    /// - Parameters:
    ///   - device: Its name, in both namespaces.
    ///   - delay: Seconds in each direction.
    init(_ device: String, between namespaces: (String, String), delay: Double) throws {
        let ends = try [namespaces.0, namespaces.1].map {
            try Self.open(device, in: $0)
        }
        var wake: [Int32] = [-1, -1]
        guard pipe(&wake) == 0 else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
        (self.ends, self.wake) = (ends, wake)
        let bell = wake[0]
        thread = Thread { Self.carry(between: ends, delay: delay, until: bell) }
        thread.start()
    }

    deinit {
        close(wake[1])
        while !thread.isFinished { usleep(1000) }
        for descriptor in ends + [wake[0]] { close(descriptor) }
    }

    /// A thread of its own enters the namespace, for it cannot be sure to come back.
    private static func open(_ device: String, in namespace: String) throws -> Int32 {
        nonisolated(unsafe) var result: (descriptor: Int32, errno: Int32) = (-1, 0)
        let thread = Thread {
            let place = Glibc.open("/run/netns/\(namespace)", O_RDONLY | O_CLOEXEC)
            defer { close(place) }
            guard place >= 0, let setns = Self.setns, setns(place, CLONE_NEWNET) == 0 else {
                result.errno = errno
                return
            }
            let tun = Glibc.open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC)
            // struct ifreq: a name of 16 bytes, then flags.
            var request = [UInt8](repeating: 0, count: 40)
            request.replaceSubrange(0..<device.utf8.count, with: device.utf8)
            let flags = IFF_TUN | IFF_NO_PI
            (request[16], request[17]) = (UInt8(flags & 0xff), UInt8(flags >> 8))
            guard tun >= 0, ioctl(tun, TUNSETIFF, &request) == 0 else {
                result.errno = errno
                return
            }
            result.descriptor = tun
        }
        thread.start()
        while !thread.isFinished { usleep(1000) }
        guard result.descriptor >= 0 else {
            throw POSIXError(.init(rawValue: result.errno) ?? .EIO)
        }
        return result.descriptor
    }

    /// glibc's, which Swift is not shown.
    private static let setns = dlsym(nil, "setns").map {
        unsafeBitCast($0, to: (@convention(c) (Int32, Int32) -> Int32).self)
    }

    // Of <sched.h> and <linux/if_tun.h>.
    private static let CLONE_NEWNET: Int32 = 0x4000_0000
    private static let IFF_TUN = 0x0001
    private static let IFF_NO_PI = 0x1000
    private static let TUNSETIFF: UInt = 0x4004_54ca

    private struct Packet {
        let due: Double
        let end: Int
        let bytes: [UInt8]
    }

    private static func carry(between ends: [Int32], delay: Double, until bell: Int32) {
        // All wait equally long, so they leave in the order in which they came.
        var waiting: [Packet] = []
        var first = 0
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let pause = first < waiting.count ? max(0, waiting[first].due - now) : 1
            var items = (ends + [bell]).map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
            poll(&items, 3, Int32((pause * 1000).rounded(.up)))
            if items[2].revents != 0 { return }
            for end in 0..<2 where items[end].revents != 0 {
                while case let count = read(ends[end], &buffer, buffer.count), count > 0 {
                    waiting.append(
                        Packet(due: now + delay, end: 1 - end, bytes: Array(buffer[..<count])))
                }
            }
            while first < waiting.count, waiting[first].due <= now {
                let packet = waiting[first]
                _ = write(ends[packet.end], packet.bytes, packet.bytes.count)
                first += 1
            }
            if first > 1000 || first == waiting.count {
                waiting.removeFirst(first)
                first = 0
            }
        }
    }

    private static var now: Double { (ContinuousClock.now - origin) / .seconds(1) }
    private static let origin = ContinuousClock.now
}
