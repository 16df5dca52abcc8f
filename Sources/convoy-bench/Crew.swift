// SPDX-License-Identifier: Apache-2.0
//
// Threads that work in step: for timing what a worker's threads do, without a cluster around them.

import Engines
import Foundation
import Tensors

/// A fixed number of threads that all run one closure at a time.
final class Crew: @unchecked Sendable {
    // `work` is written while all threads wait at `gate`, which orders it with their reads.
    let count: Int
    private let gate: Barrier
    private let inner: Barrier
    private var work: (@Sendable (Int) -> Void)?

    init(_ count: Int) {
        self.count = count
        gate = Barrier(count + 1)
        inner = Barrier(count)
        for number in 0..<count {
            let thread = Thread { [self] in
                Engine.enableFlushToZero()
                while true {
                    gate.wait()
                    guard let work else { return }
                    work(number)
                    gate.wait()
                }
            }
            thread.stackSize = 8 << 20
            thread.start()
        }
    }

    /// Runs `work` on every thread, with the thread's number, and waits for all of them.
    func perform(_ work: @escaping @Sendable (Int) -> Void) {
        self.work = work
        gate.wait()
        gate.wait()
    }

    /// Within `work`: waits until all threads are here.
    func meet() { inner.wait() }

    /// Ends the threads; nothing can be performed after it.
    func dismiss() {
        work = nil
        gate.wait()
    }

    /// FLOP/s of the register tile on all threads at once.
    func peak(_ kernels: KernelSet) -> Double {
        let peaks = AlignedBuffer<Double>(count: count)
        perform { number in peaks.base[number] = kernels.peak() }
        return peaks.elements.reduce(0, +)
    }
}

/// Where threads wait for each other.
private final class Barrier: @unchecked Sendable {
    // A POSIX barrier may be waited at from any thread; it never moves, since it lies on the heap.
    private let barrier = UnsafeMutablePointer<pthread_barrier_t>.allocate(capacity: 1)

    init(_ count: Int) { pthread_barrier_init(barrier, nil, UInt32(count)) }

    deinit {
        pthread_barrier_destroy(barrier)
        barrier.deallocate()
    }

    func wait() { pthread_barrier_wait(barrier) }
}
