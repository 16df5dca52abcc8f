// SPDX-License-Identifier: Apache-2.0
//
// How a thread that must not touch a socket wakes the one that owns them.

import CMachine
import Glibc

/// A counter in the kernel (eventfd) that the socket thread polls beside its sockets.
final class Doorbell: Sendable {
    let descriptor: CInt

    init() throws(RuntimeError) {
        descriptor = machine_event_descriptor()
        guard descriptor >= 0 else { throw RuntimeError(call: "eventfd", errno: errno) }
    }

    deinit { close(descriptor) }

    /// Any thread: wake the poller. Rings add up to one wake-up.
    func ring() {
        var one: UInt64 = 1
        _ = write(descriptor, &one, 8)
    }

    /// The poller: forget the rings so far.
    func answer() {
        var rings: UInt64 = 0
        _ = read(descriptor, &rings, 8)
    }
}
