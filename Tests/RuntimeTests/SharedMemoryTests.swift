// SPDX-License-Identifier: Apache-2.0

import Foundation
import Runtime
import Synchronization
import Testing
import Wire

@Suite struct SharedMemoryTests {
    @Test func whatOneWritesTheOtherReads() throws {
        let memory = try SharedMemory()
        let first = try #require(memory.take(bytes: 100))
        let view = try #require(SharedView(memory.name))
        first.base.storeBytes(of: 7, toByteOffset: 96, as: Int32.self)
        let seen = try #require(view.bytes(at: first.place + 96, count: 4))
        #expect(seen.load(as: Int32.self) == 7)
        // The memory has grown since the view was opened; what is new is zero.
        let second = try #require(memory.take(bytes: 1 << 20))
        let more = try #require(view.bytes(at: second.place, count: 1 << 20))
        #expect(more.allSatisfy { $0 == 0 })
        #expect(seen.load(as: Int32.self) == 7)
        second.base.storeBytes(of: 9, as: UInt8.self)
        #expect(more[0] == 9)
        #expect(first.place > 0 && second.place >= first.place + 100)
        withExtendedLifetime((first, second)) {}
    }

    @Test func whatLiesOutsideIsNotRead() throws {
        let memory = try SharedMemory()
        let part = try #require(memory.take(bytes: 1))
        let view = try #require(SharedView(memory.name))
        #expect(view.bytes(at: 1 << 40, count: 1) == nil)
        #expect(view.bytes(at: part.place, count: .max) == nil)
        #expect(view.bytes(at: -1, count: 1) == nil)
        withExtendedLifetime(part) {}
    }

    @Test func anotherMemoryIsNotTakenForTheOneThatWasNamed() throws {
        let memory = try SharedMemory()
        var name = memory.name
        name.key ^= 1
        #expect(SharedView(name) == nil)
        name = memory.name
        name.pid = 0
        #expect(SharedView(name) == nil)
        // A file that may shrink under its reader.
        let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: "/proc/self/exe"))
        name = memory.name
        name.descriptor = Int(file.fileDescriptor)
        #expect(SharedView(name) == nil)
        withExtendedLifetime((memory, file)) {}
    }

    /// The number of a file that is closed belongs to whoever opens the next one.
    @Test func whatIsRefusedIsClosedOnce() throws {
        let memory = try SharedMemory()
        var name = memory.name
        name.key ^= 1
        let isOver = Atomic(false)
        let stolen = Atomic(0)
        let other = thread {
            while !isOver.load(ordering: .relaxed) {
                let own = open("/dev/null", O_RDONLY)
                sched_yield()
                if fcntl(own, F_GETFD) < 0 { stolen.add(1, ordering: .relaxed) }
                close(own)
            }
        }
        for _ in 0..<20_000 { #expect(SharedView(name) == nil) }
        isOver.store(true, ordering: .relaxed)
        while !other.isFinished { usleep(100) }
        #expect(stolen.load(ordering: .relaxed) == 0)
        withExtendedLifetime(memory) {}
    }

    /// A worker may leave while the coordinator still adds what it has sent.
    @Test func aReaderKeepsWhatItReadsWhenTheOwnerIsGone() throws {
        var memory: SharedMemory? = try SharedMemory()
        var part = memory?.take(bytes: 4)
        part?.base.storeBytes(of: 7, as: Int32.self)
        let (name, place) = try (#require(memory).name, #require(part).place)
        let view = try #require(SharedView(name))
        let seen = try #require(view.bytes(at: place, count: 4))
        (part, memory) = (nil, nil)
        #expect(seen.load(as: Int32.self) == 7)
    }

    @Test func nothingIsLeftBehind() throws {
        let before = try openFiles()
        for _ in 0..<10 {
            let memory = try SharedMemory()
            let part = try #require(memory.take(bytes: 5000))
            let view = try #require(SharedView(memory.name))
            _ = view.bytes(at: part.place, count: 5000)
        }
        // Tests run side by side, and others open files too.
        #expect(try openFiles() - before < 10)
    }

    private func openFiles() throws -> Int {
        try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").filter {
            let path = "/proc/self/fd/\($0)"
            return (try? FileManager.default.destinationOfSymbolicLink(atPath: path))?
                .hasPrefix("/memfd:convoy") == true
        }.count
    }
}
