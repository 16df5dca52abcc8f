// SPDX-License-Identifier: Apache-2.0
//
// SIGTERM and SIGINT as something that a poller can wait for.

import Glibc
import Synchronization

/// Counts requests to stop. The signal handler only writes to a descriptor and adds one.
public final class StopSignal: Sendable {
    private let doorbell: Doorbell
    private let count = Atomic<Int>(0)

    public init() throws(RuntimeError) { doorbell = try Doorbell() }

    var descriptor: CInt { doorbell.descriptor }
    public var isRung: Bool { count.load(ordering: .relaxed) > 0 }

    /// The poller has seen it; `isRung` stays.
    func answer() { doorbell.answer() }

    public func ring() {
        count.add(1, ordering: .relaxed)
        doorbell.ring()
    }

    /// Routes SIGTERM and SIGINT of this process here. A second SIGINT ends it at once, unless it comes with the
    /// first: launchers and terminals both send one. Whoever started the process may have blocked the
    /// signals, and a blocked signal is inherited: they are let through.
    public func install() {
        installed.store(
            UInt(bitPattern: Unmanaged.passRetained(self).toOpaque()), ordering: .releasing)
        var action = sigaction()
        action.__sigaction_handler.sa_handler = { signal in
            guard let raw = UnsafeRawPointer(bitPattern: installed.load(ordering: .acquiring))
            else {
                return
            }
            Unmanaged<StopSignal>.fromOpaque(raw).takeUnretainedValue().ring()
            if signal == SIGINT { interrupted() }
        }
        var signals = sigset_t()
        sigemptyset(&signals)
        for signal in [SIGTERM, SIGINT] {
            sigaction(signal, &action, nil)
            sigaddset(&signals, signal)
        }
        pthread_sigmask(SIG_UNBLOCK, &signals, nil)
    }
}

private let installed = Atomic<UInt>(0)
/// Nanoseconds; 0 for never.
private let firstInterrupt = Atomic<UInt64>(0)

/// Ctrl-C. Only what a signal handler may do.
private func interrupted() {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    let now = UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    let first = firstInterrupt.compareExchange(expected: 0, desired: now, ordering: .relaxed)
    if first.exchanged {
        say("\nstopping after the work in hand; Ctrl-C again stops at once\n")
    } else if now > first.original + 200_000_000 {
        say("\nstopped at once: what came after the last checkpoint is done again\n")
        _exit(130)
    }
}

private func say(_ text: StaticString) { _ = write(2, text.utf8Start, text.utf8CodeUnitCount) }
