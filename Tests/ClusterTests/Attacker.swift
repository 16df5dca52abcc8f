// SPDX-License-Identifier: Apache-2.0
//
// Somebody who reaches a coordinator's port, and means ill.

import Foundation
import Synchronization
import Wire

/// Attacks a port in turns, on threads of its own, until it is told to stop.
final class Attacker: Sendable {
    enum Attack: String, CaseIterable {
        case silence, garbage, halfAGreeting, halfAHandshake, hugeLengths, garbledFrames
        case endlessParts, manyHellos, forgedMessages, stolenIdentities, replays
    }

    private let port: UInt16
    /// What workers have sent before, connection by connection.
    private let recorded: @Sendable () -> [[UInt8]]
    private let isOver = Atomic(false)
    private let counts = Mutex([Attack: Int]())
    private let threads = Atomic(0)

    init(port: UInt16, recorded: @escaping @Sendable () -> [[UInt8]]) {
        self.port = port
        self.recorded = recorded
    }

    /// How often each attack was made.
    var attacks: [Attack: Int] { counts.withLock { $0 } }

    func start(threads count: Int, seed: UInt64) {
        for number in 0..<count {
            threads.add(1, ordering: .relaxed)
            Thread { [self] in
                var random = SeededChance(state: seed &+ UInt64(number))
                var kept: [RawPeer] = []
                var turn = number
                while !isOver.load(ordering: .relaxed) {
                    let attack = Attack.allCases[turn % Attack.allCases.count]
                    turn += 1
                    if let peer = RawPeer(port: port) {
                        make(attack, peer, &random)
                        counts.withLock { $0[attack, default: 0] += 1 }
                        // Connections stay open until they are too many, or end when they like.
                        if Bool.random(using: &random) { kept.append(peer) }
                    }
                    if kept.count > 100 { kept.removeFirst(50) }
                    usleep(2000)
                }
                kept = []
                threads.subtract(1, ordering: .releasing)
            }.start()
        }
    }

    func stop() {
        isOver.store(true, ordering: .relaxed)
        while threads.load(ordering: .acquiring) > 0 { usleep(1000) }
    }

    private func make(_ attack: Attack, _ peer: RawPeer, _ random: inout SeededChance) {
        func noise(_ count: Int) -> [UInt8] {
            (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
        }
        switch attack {
        case .silence: break
        case .garbage: peer.send(noise(.random(in: 1...4096, using: &random)))
        case .halfAGreeting:
            let mechanism = ["NULL", "CURVE", "PLAIN"].randomElement(using: &random) ?? "NULL"
            peer.send(
                Array(RawPeer.greeting(mechanism).prefix(.random(in: 1...64, using: &random))))
        case .halfAHandshake:
            let mechanism = ["NULL", "CURVE"].randomElement(using: &random) ?? "NULL"
            peer.send(RawPeer.greeting(mechanism))
            // HELLO of CURVE is a command of 200 bytes.
            peer.send(
                [4, 200, 5] + Array("HELLO".utf8) + noise(.random(in: 0...194, using: &random)))
        case .hugeLengths:
            peer.greet()
            let lie = UInt64.random(in: (1 << 21)...(.max), using: &random)
            peer.send(RawPeer.frame(noise(100), claiming: lie))
        case .garbledFrames:
            peer.greet()
            for _ in 0..<20 {
                var header = encoded(.heartbeat) + noise(.random(in: 0...40, using: &random))
                header[.random(in: header.indices, using: &random)] ^= 1
                if !peer.send(RawPeer.frame(header)) { break }
            }
        case .endlessParts:
            peer.greet()
            let part = RawPeer.frame(noise(1 << 16), more: true)
            for _ in 0..<2000 where !isOver.load(ordering: .relaxed) {
                if !peer.send(part) { break }
            }
        case .manyHellos:
            peer.greet()
            for _ in 0..<200 where !peer.send(.hello(hello(&random))) { break }
        case .forgedMessages:
            peer.greet()
            for _ in 0..<20 where !forge(peer, &random) { break }
        case .stolenIdentities:
            peer.send(RawPeer.greeting())
            // libzmq's own names have five bytes, the first of them 0.
            let identity = [0] + noise(.random(in: 3...30, using: &random))
            var ready = RawPeer.ready
            ready[1] += UInt8(identity.count)
            ready[ready.count - 1] = UInt8(identity.count)
            peer.send(ready + identity)
            peer.send(.hello(hello(&random)))
        case .replays:
            guard let bytes = recorded().randomElement(using: &random) else { return }
            peer.send(bytes)
        }
    }

    private func hello(_ random: inout SeededChance) -> Message.Hello {
        .init(
            name: "worker-\(Int.random(in: 0...3, using: &random))",
            host: ProcessInfo.processInfo.hostName, pid: .random(in: 1...99_999, using: &random),
            build: "1", numerics: Bool.random(using: &random) ? "convoy-2" : "convoy-0",
            memory: .init(pid: Int(getpid()), descriptor: 3, key: 1))
    }

    private func forge(_ peer: RawPeer, _ random: inout SeededChance) -> Bool {
        let session = UInt64.random(in: 0...(.max), using: &random)
        let worker = UInt64.random(in: 0...5, using: &random)
        let step = UInt64.random(in: 0...200, using: &random)
        switch Int.random(in: 0...7, using: &random) {
        case 0: return peer.send(.attach(.init(worker: worker, session: session)))
        case 1:
            return peer.send(
                .failure(.init(step: step, shard: 0, layer: "dense", message: "not finite")))
        case 2: return peer.send(.goodbye(reason: "told to stop"))
        case 3: return peer.send(.leaving)
        case 4: return peer.send(.shutdown(reason: "the run is finished"))
        case 5: return peer.send(.ready(.init(digest: Array(repeating: 1, count: 32), threads: 4)))
        default:
            return peer.send(
                .contribution(
                    .init(
                        session: session, lease: step, step: step,
                        chunk: .random(in: 0...3, using: &random), level: 0, index: 0,
                        checksum: session, lossSum: 1e300, correct: 0, samples: 1 << 39,
                        waitedForSamples: .max)),
                payload: [UInt8](repeating: 7, count: 1 << 20))
        }
    }
}

private func encoded(_ message: Message) -> [UInt8] {
    var buffer = HeaderBuffer()
    message.encode(into: &buffer)
    return Array(buffer.bytes)
}

/// SplitMix64.
struct SeededChance: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
        return z ^ z >> 31
    }
}
