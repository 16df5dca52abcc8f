// SPDX-License-Identifier: Apache-2.0
//
// A thread of our own: compute and data preparation never run on Swift's cooperative pool.

import CMachine
import Engines
import Glibc

/// The calling thread and those that libraries start from it take short turns on their cores: whoever
/// passes bytes on and sleeps again comes before a thread that computes. A `PlainThread` takes usual ones.
func takeShortTurns() { machine_take_turns(100_000) }

/// The calling thread and those that are started from it stay on these cores, counted among those of this
/// process.
func stay(on cores: Range<Int>) { machine_pin_thread(Int32(cores.lowerBound), Int32(cores.count)) }

/// A named POSIX thread with denormals flushed to zero, joined before it is forgotten.
final class PlainThread {
    private var handle = pthread_t()
    private var isJoined = false

    private final class Start {
        let name: String
        let core: Int?
        let body: @Sendable () -> Void
        init(name: String, core: Int?, body: @escaping @Sendable () -> Void) {
            self.name = name
            self.core = core
            self.body = body
        }
    }

    /// - Parameters:
    ///   - name: At most 15 bytes are shown by the system.
    ///   - core: Where it has to stay, counted among the cores of this process; nil for anywhere.
    init(_ name: String, core: Int? = nil, _ body: @escaping @Sendable () -> Void) {
        let start = Unmanaged.passRetained(Start(name: name, core: core, body: body))
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        pthread_attr_setstacksize(&attributes, 8 << 20)
        let code = pthread_create(
            &handle, &attributes,
            { raw in
                let start = Unmanaged<Start>.fromOpaque(raw!).takeRetainedValue()
                machine_name_thread(String(start.name.prefix(15)))
                machine_take_turns(0)
                if let core = start.core { machine_pin_thread(Int32(core), 1) }
                Engine.enableFlushToZero()
                start.body()
                return nil
            }, start.toOpaque())
        pthread_attr_destroy(&attributes)
        precondition(code == 0, "pthread_create for \(name) returned \(code)")
    }

    func join() {
        guard !isJoined else { return }
        isJoined = true
        pthread_join(handle, nil)
    }
}
