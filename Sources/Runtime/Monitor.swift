// SPDX-License-Identifier: Apache-2.0
//
// A lock one can wait on: what plain threads share state through.

import Glibc
import Synchronization

/// A mutex with a condition. State that belongs to it is touched between `lock` and `unlock` only.
final class Monitor: @unchecked Sendable {
    // POSIX allows both objects to be used from any thread; they never move, since they lie on the heap.
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>
    private let broadcasts = Atomic<UInt64>(0)

    init() {
        mutex = .allocate(capacity: 1)
        condition = .allocate(capacity: 1)
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(condition, nil)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    func lock() { pthread_mutex_lock(mutex) }
    func unlock() { pthread_mutex_unlock(mutex) }
    /// Releases the lock, sleeps until somebody broadcasts, takes the lock again. May wake for nothing.
    func wait() { pthread_cond_wait(condition, mutex) }
    /// Wakes everybody who waits. Call it with the lock held: `waitAwake` counts on it.
    func broadcast() {
        broadcasts.add(1, ordering: .releasing)
        pthread_cond_broadcast(condition)
    }

    /// As `wait`, but first stays awake for a moment, giving the core to whoever wants it: waking a core
    /// that has gone to sleep takes longer than what is waited for here.
    ///
    /// - Parameter isThere: Whether what is waited for is there without a broadcast. Asked without the lock.
    func waitAwake(until isThere: () -> Bool = { false }) {
        let seen = broadcasts.load(ordering: .relaxed)
        unlock()
        let start = Self.now
        while broadcasts.load(ordering: .acquiring) == seen, Self.now &- start < Self.patience {
            for _ in 0..<20 {
                if isThere() { return lock() }
                sched_yield()
            }
        }
        lock()
        if broadcasts.load(ordering: .relaxed) == seen { wait() }
    }

    /// Nanoseconds.
    private static let patience: Int64 = 2_000_000

    /// Nanoseconds since any moment.
    static var now: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
    }

    /// The same with another condition, for those who wait for something else.
    func wait(for condition: Condition) { pthread_cond_wait(condition.condition, mutex) }

    func withLock<R>(_ body: () throws -> R) rethrows -> R {
        lock()
        defer { unlock() }
        return try body()
    }
}

/// One more condition for a monitor.
final class Condition: @unchecked Sendable {
    // As the monitor's own.
    fileprivate let condition: UnsafeMutablePointer<pthread_cond_t>

    init() {
        condition = .allocate(capacity: 1)
        pthread_cond_init(condition, nil)
    }

    deinit {
        pthread_cond_destroy(condition)
        condition.deallocate()
    }

    func broadcast() { pthread_cond_broadcast(condition) }
}
