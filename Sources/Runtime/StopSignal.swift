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

    /// Routes SIGTERM and SIGINT of this process here; a third one ends it at once. Whoever started the
    /// process may have blocked them, and a blocked signal is inherited: they are let through.
    public func install() {
        installed.store(
            UInt(bitPattern: Unmanaged.passRetained(self).toOpaque()), ordering: .releasing)
        var action = sigaction()
        action.__sigaction_handler.sa_handler = { _ in
            guard let raw = UnsafeRawPointer(bitPattern: installed.load(ordering: .acquiring))
            else {
                return
            }
            let stop = Unmanaged<StopSignal>.fromOpaque(raw).takeUnretainedValue()
            stop.ring()
            if stop.count.load(ordering: .relaxed) > 2 { _exit(130) }
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
