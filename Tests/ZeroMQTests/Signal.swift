// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing
import ZeroMQ

/// A pipe: written to by any thread, waited for with a poller.
final class Signal: Sendable {
    let reading: Int32
    private let writing: Int32

    init() throws {
        var ends: [Int32] = [-1, -1]
        try #require(pipe(&ends) == 0)
        (reading, writing) = (ends[0], ends[1])
    }

    deinit {
        close(reading)
        close(writing)
    }

    func send() { _ = write(writing, [1], 1) }

    /// Takes one signal back; there must be one.
    func clear() {
        var byte: UInt8 = 0
        _ = read(reading, &byte, 1)
    }

    /// Until there is one; takes it back.
    func wait() throws {
        var poller = Poller()
        _ = poller.watch(fileDescriptor: reading)
        try #require(try poller.wait(timeout: patience), "no signal within \(patience)")
        clear()
    }
}
