// SPDX-License-Identifier: Apache-2.0

import Runtime
import Testing

/// What a coordinator writes, and what a worker of its machine sees of it.
@Suite struct WeightBulletinTests {
    let memory: SharedMemory
    let view: SharedView
    let coordinator: WeightBulletin
    let worker: WeightBulletin

    init() throws {
        memory = try SharedMemory()
        view = try #require(SharedView(memory.name))
        coordinator = try #require(WeightBulletin(memory.bulletin, chunks: 3))
        worker = try #require(WeightBulletin(view.bulletin, chunks: 3))
    }

    @Test func nothingIsThereAtFirst() {
        #expect(worker.changes == 0)
        for version in [0, 1, UInt64.max - 1] {
            for chunk in 0..<3 { #expect(!worker.has(chunk, version)) }
        }
    }

    @Test func aChunkIsSeenAsSoonAsItIsAnnounced() {
        coordinator.begin(0, place: 1 << 20)
        #expect(!worker.has(1, 0))
        let before = worker.changes
        coordinator.announce(1, 0)
        #expect(worker.changes != before)
        #expect(worker.place(of: 0) == 1 << 20)
        #expect([0, 1, 2].map { worker.has($0, 0) } == [false, true, false])
        #expect(!worker.has(1, 2), "another version of the same parity")
        #expect(!worker.has(1, 1))
    }

    @Test func twoVersionsAreThereSideBySide() {
        for version: UInt64 in 4...5 {
            coordinator.begin(version, place: 4096 * Int(version))
            for chunk in 0..<3 { coordinator.announce(chunk, version) }
        }
        for version: UInt64 in 4...5 {
            #expect(worker.place(of: version) == 4096 * Int(version))
            for chunk in 0..<3 { #expect(worker.has(chunk, version)) }
        }
    }

    /// Whoever is so late that it still wants the weights of two steps ago must not take new ones for them.
    @Test func aVersionIsGoneBeforeItsPlaceIsThatOfAnother() {
        coordinator.begin(0, place: 4096)
        for chunk in 0..<3 { coordinator.announce(chunk, 0) }
        coordinator.begin(2, place: 8192)
        for chunk in 0..<3 {
            #expect(!worker.has(chunk, 0))
            #expect(!worker.has(chunk, 2))
        }
        coordinator.announce(2, 2)
        #expect(worker.place(of: 2) == 8192)
        #expect([0, 1, 2].map { worker.has($0, 2) } == [false, false, true])
    }

    @Test func hasRoomForGigabytesAndNoMore() {
        let most = (Bulletin.count - 3) / 2
        #expect(most == 4094)
        #expect(WeightBulletin(memory.bulletin, chunks: most) != nil)
        #expect(WeightBulletin(memory.bulletin, chunks: most + 1) == nil)
    }
}
