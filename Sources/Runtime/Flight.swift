// SPDX-License-Identifier: Apache-2.0
//
// Memory that others may still be reading: libzmq, or a process of this machine.

import Synchronization
import Tensors
import ZeroMQ

/// A buffer that knows whether anybody still needs its contents: owners in this process, or messages on
/// their way (`loan`). Whoever wants to write to it again asks `isFree` first.
package final class FlightBuffer<Element: BitwiseCopyable>: @unchecked Sendable {
    // The counts are atomic, and the memory is written only by an owner that found it free.
    package let memory: AlignedBuffer<Element>
    /// Goes with every message that points into the memory.
    let loan: Loan
    /// Where processes of this machine find the memory; nil if they cannot.
    let place: Int?
    private let owners = Atomic<Int>(0)

    package convenience init(count: Int) { self.init(count: count, in: nil) }

    init(count: Int, in shared: SharedMemory?) {
        let part = shared?.take(bytes: count * MemoryLayout<Element>.stride)
        memory =
            part.map { AlignedBuffer(count: count, memory: $0.base, owner: $0) }
            ?? AlignedBuffer(count: count)
        place = part?.place
        loan = Loan(owner: memory)
    }

    var isFree: Bool { owners.load(ordering: .acquiring) == 0 && loan.inFlight == 0 }
    func retain(_ owners: Int = 1) { self.owners.add(owners, ordering: .relaxed) }
    func release() { owners.subtract(1, ordering: .acquiringAndReleasing) }
}

/// Buffers of one size: a free one if there is any, else a new one.
struct FlightPool<Element: BitwiseCopyable> {
    let count: Int
    private let shared: SharedMemory?
    private var buffers: [FlightBuffer<Element>] = []

    init(count: Int, in shared: SharedMemory?) {
        self.count = count
        self.shared = shared
    }

    /// Makes buffers until there are that many, so that `take` need not.
    mutating func reserve(_ buffers: Int) {
        while self.buffers.count < buffers {
            self.buffers.append(FlightBuffer(count: count, in: shared))
        }
    }

    /// A buffer nobody else uses, retained for `owners` owners.
    mutating func take(owners: Int = 1) -> FlightBuffer<Element> {
        let buffer = buffers.first(where: \.isFree) ?? FlightBuffer(count: count, in: shared)
        if !buffers.contains(where: { $0 === buffer }) { buffers.append(buffer) }
        buffer.retain(owners)
        return buffer
    }
}
