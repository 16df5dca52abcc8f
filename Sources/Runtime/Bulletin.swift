// SPDX-License-Identifier: Apache-2.0
//
// What a process lets others of its machine see at a glance.

import Synchronization

/// A row of numbers at the front of a `SharedMemory`: its owner writes them, and whoever else knows the
/// memory may look at any time. Nobody is woken, nothing is sent, and so it takes no time. What is written first
/// is seen first.
package struct Bulletin: @unchecked Sendable {
    // The words are atomic, and lie in memory that whoever hands out the bulletin keeps.
    /// Of the shared memory, from its start; the first word is the memory's key.
    static let bytes = 1 << 16
    /// How many numbers there are.
    package static let count = bytes / MemoryLayout<UInt64>.stride - 1

    private let words: UnsafePointer<Atomic<UInt64>>

    /// - Parameter memory: `bytes` bytes.
    init(_ memory: UnsafeRawPointer) {
        words = (memory + MemoryLayout<UInt64>.stride).assumingMemoryBound(to: Atomic<UInt64>.self)
    }

    subscript(index: Int) -> UInt64 { words[index].load(ordering: .acquiring) }

    /// For the owner of the memory alone: others cannot write to it.
    func write(_ number: UInt64, at index: Int) {
        words[index].store(number, ordering: .releasing)
    }
}
