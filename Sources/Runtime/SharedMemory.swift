// SPDX-License-Identifier: Apache-2.0
//
// Tensors and samples between processes of one machine: written once, read where they lie.

import CMachine
import Glibc
import Wire

/// Memory of this process that others of this machine and user can read.
///
/// It is a memfd: it has no name that could be left behind, and goes when the last process that knows it
/// does. Samples are copied, and the copy is checked by the message's checksum: a reader that comes so late
/// that they have been written anew notices that, and nothing has to be locked. Gradients and weights are
/// read in place. A worker leaves gradients alone until weights show that their step is over; a coordinator
/// writes over weights when all steps with them are over: who still computes with them is not waited for.
package final class SharedMemory: @unchecked Sendable {
    // `end` is touched with `monitor` locked; everything else is immutable.
    /// How others find it.
    package let name: Message.Memory
    private let descriptor: CInt
    private let monitor = Monitor()
    /// What others see at a glance.
    package let bulletin: Bulletin
    private let front: UnsafeMutableRawPointer
    /// Bytes given away so far. The front holds the key and the bulletin, so no place is 0.
    private var end = Bulletin.bytes

    private static let page = 1 << 12

    /// A part of it, as long as this object lives.
    package final class Part {
        package let base: UnsafeMutableRawPointer
        /// Counted from the start of the memory.
        package let place: Int
        private let count: Int
        private let memory: SharedMemory

        fileprivate init(
            _ base: UnsafeMutableRawPointer, place: Int, count: Int, of memory: SharedMemory
        ) {
            self.base = base
            self.place = place
            self.count = count
            self.memory = memory
        }

        deinit {
            // Place and pages stay as they are until nobody knows the memory any more: a coordinator may
            // be adding a gradient that it has just checked.
            munmap(base, count)
        }
    }

    package init() throws(RuntimeError) {
        descriptor = machine_memory_descriptor("convoy")
        guard descriptor >= 0 else { throw RuntimeError(call: "memfd_create", errno: errno) }
        name = Message.Memory(
            pid: Int(getpid()), descriptor: Int(descriptor), key: UInt64.random(in: 1...UInt64.max))
        guard ftruncate(descriptor, Bulletin.bytes) == 0,
            let front = mmap(
                nil, Bulletin.bytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0),
            front != MAP_FAILED
        else {
            let code = errno
            close(descriptor)
            throw RuntimeError(call: "ftruncate of shared memory", errno: code)
        }
        front.storeBytes(of: name.key, as: UInt64.self)
        self.front = front
        bulletin = Bulletin(front)
    }

    deinit {
        munmap(front, Bulletin.bytes)
        close(descriptor)
    }

    /// Zeroed memory, or nil if the system gives none.
    package func take(bytes: Int) -> Part? {
        let count = (max(bytes, 1) + Self.page - 1) / Self.page * Self.page
        return monitor.withLock {
            guard ftruncate(descriptor, end + count) == 0,
                let base = mmap(
                    nil, count, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, end),
                base != MAP_FAILED
            else { return nil }
            defer { end += count }
            return Part(base, place: end, count: count, of: self)
        }
    }
}

/// Another process's `SharedMemory`, as this one sees it. `bytes(at:count:)` belongs to one thread.
package final class SharedView {
    private let descriptor: CInt
    /// What the other process lets everybody see; there as long as this object lives.
    package let bulletin: Bulletin
    private let front: UnsafeMutableRawPointer
    /// The newest one reaches furthest; what was found in earlier ones may still be in use.
    private var mappings: [UnsafeRawBufferPointer] = []

    /// - Returns: Nil where this process cannot read that memory: another machine, another user, another
    ///   process by that number, or none.
    package init?(_ memory: Message.Memory) {
        descriptor = open("/proc/\(memory.pid)/fd/\(memory.descriptor)", O_RDONLY | O_CLOEXEC)
        var key: UInt64 = 0
        var status = stat()
        guard descriptor >= 0, machine_never_shrinks(descriptor),
            pread(descriptor, &key, 8, 0) == 8, key == memory.key,
            fstat(descriptor, &status) == 0, status.st_size >= Bulletin.bytes,
            let front = mmap(nil, Bulletin.bytes, PROT_READ, MAP_SHARED, descriptor, 0),
            front != MAP_FAILED
        else {
            // Without all its parts an object has no `deinit`.
            if descriptor >= 0 { close(descriptor) }
            return nil
        }
        self.front = front
        bulletin = Bulletin(front)
    }

    deinit {
        munmap(front, Bulletin.bytes)
        for mapping in mappings {
            munmap(UnsafeMutableRawPointer(mutating: mapping.baseAddress), mapping.count)
        }
        if descriptor >= 0 { close(descriptor) }
    }

    /// What lies at `place`; nil if nothing can. There as long as this object lives.
    package func bytes(at place: Int, count: Int) -> UnsafeRawBufferPointer? {
        guard place >= 0, count >= 0, place <= Int.max - count else { return nil }
        let end = place + count
        if end > mappings.last?.count ?? 0 {
            var status = stat()
            guard fstat(descriptor, &status) == 0, end <= Int(status.st_size),
                let mapped = mmap(nil, Int(status.st_size), PROT_READ, MAP_SHARED, descriptor, 0),
                mapped != MAP_FAILED
            else { return nil }
            mappings.append(UnsafeRawBufferPointer(start: mapped, count: Int(status.st_size)))
        }
        return mappings.last.map { UnsafeRawBufferPointer(rebasing: $0[place..<end]) }
    }
}
