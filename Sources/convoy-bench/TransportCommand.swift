// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Digests
import Foundation
import Runtime
import Synchronization
import Wire
import ZeroMQ

/// `convoy-bench transport`
struct TransportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "transport",
        abstract: "A chunk there and back: what a step pays for its journey.",
        discussion: """
            A gradient goes to the coordinator's side and weights come back, with the messages and \
            checksums of a run, through TCP on this machine, with keys and without, a Unix socket, and \
            shared memory. Nothing is computed. The ways take turns.

            Example:
              convoy-bench transport --bytes 1048576
            """)

    @OptionGroup var options: BenchOptions

    @Option(help: "Bytes of the chunk; a whole number of floats, at most 1048576.")
    var bytes: [Int] = [4, 65_536, 1_048_576]

    @Option(help: "Round trips in a repeat.")
    var trips = 500

    func validate() throws {
        for bytes in bytes where bytes % 4 != 0 || !(4...WireLimits.chunkBytes ~= bytes) {
            throw ValidationError(
                "--bytes \(bytes): expected a multiple of 4 from 4 to \(WireLimits.chunkBytes)")
        }
        guard 1...1_000_000 ~= trips else {
            throw ValidationError("--trips \(trips) is out of range; expected 1 to 1000000")
        }
    }

    func run() throws {
        let folder = FileManager.default.temporaryDirectory.path + "/convoy-bench-\(UUID())"
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700])
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let ways = [
            Way(name: "tcp with keys", endpoint: "tcp://127.0.0.1:*", hasKeys: true),
            Way(name: "tcp", endpoint: "tcp://127.0.0.1:*"),
            Way(name: "ipc", endpoint: "ipc://\(folder)/ipc"),
            Way(name: "memory", endpoint: "ipc://\(folder)/memory", isShared: true),
        ]
        for bytes in bytes {
            var results = ways.map { _ in [Double]() }
            for _ in 0..<options.repeats {
                for (index, way) in ways.enumerated() {
                    let journey = try Journey(way, bytes: bytes)
                    results[index].append(try journey.seconds(trips: trips) / Double(trips))
                }
            }
            for (way, seconds) in zip(ways, results) {
                var row = Row()
                row.add("transport", "\(way.name), \(bytes) bytes")
                row.add("microseconds", seconds.median * 1e6, digits: 1)
                row.add("GBps", 2 * Double(bytes) / seconds.median / 1e9, digits: 2)
                row.add("lowest", (seconds.min() ?? .nan) * 1e6, digits: 1)
                row.add("highest", (seconds.max() ?? .nan) * 1e6, digits: 1)
                row.show(json: options.json)
            }
        }
    }
}

/// By which a chunk goes.
private struct Way {
    let name: String
    let endpoint: String
    /// It stays where it is.
    var isShared = false
    /// As between machines, unless they are trusted.
    var hasKeys = false
}

/// One side's memory for one chunk.
private struct Chunk: @unchecked Sendable {
    // Written by its own side's thread only; the other reads it while that one waits for the answer.
    let memory: UnsafeMutableRawBufferPointer
    let place: Int?
    let shared: SharedMemory?
    /// Of sends through sockets, which read the memory in their own time.
    let loan = Loan()
    private let part: SharedMemory.Part?

    init(bytes: Int, isShared: Bool, seed: UInt8) throws {
        shared = isShared ? try SharedMemory() : nil
        part = shared?.take(bytes: bytes)
        place = part?.place
        memory =
            part.map { UnsafeMutableRawBufferPointer(start: $0.base, count: bytes) }
            ?? .allocate(byteCount: bytes, alignment: 64)
        for index in memory.indices { memory[index] = UInt8(truncatingIfNeeded: index) &+ seed }
    }

    func free() {
        while loan.inFlight > 0 { usleep(100) }
        if part == nil { memory.deallocate() }
    }

    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(memory) }
}

/// A dealer and a router, each on a thread and in a context of its own.
private final class Journey: Sendable {
    private let endpoint: String
    private let up: Chunk
    private let down: Chunk
    /// Of the router and of the dealer.
    private let encryption: (Encryption, Encryption)

    init(_ way: Way, bytes: Int) throws {
        endpoint = way.endpoint
        up = try Chunk(bytes: bytes, isShared: way.isShared, seed: 1)
        down = try Chunk(bytes: bytes, isShared: way.isShared, seed: 2)
        guard way.hasKeys else {
            encryption = (.none, .none)
            return
        }
        let secret = try CurveSecret.generate()
        encryption = (
            .server(secret), .client(try CurveSecret.generate(), server: secret.publicKey)
        )
    }

    deinit {
        up.free()
        down.free()
    }

    func seconds(trips: Int) throws -> Double {
        let context = try Context()
        let gate = try Gate(context)
        let router = try Router(context, options: .data(encryption.0))
        let address = try router.bind(endpoint)
        let failure = Mutex<String?>(nil)
        let worker = Thread { [self] in
            do { try travel(to: address, trips: trips + 1) } catch {
                failure.withLock { $0 = "\(error)" }
            }
        }
        worker.start()
        let view = up.shared.flatMap { SharedView($0.name) }
        var header = HeaderBuffer(), poller = Poller(capacity: 2), begin = ContinuousClock.now
        _ = poller.watch(router.socket)
        let visitors = poller.watch(gate.socket)
        for trip in 0...trips {
            // The first trip connects, and is looked at byte by byte.
            if trip == 1 { begin = .now }
            var isAnswered = false
            while !isAnswered {
                if let error = failure.withLock({ $0 }) { throw Broken(description: error) }
                _ = try poller.wait(timeout: .milliseconds(100))
                if poller.isReady(visitors) { try gate.answer { _ in true } }
                guard let message = try router.receive() else { continue }
                let decoded = try message.header.withBytes {
                    try Message.decode(
                        header: $0, payload: message.payload.byteCount, limits: .data)
                }
                guard case .contribution(let contribution) = decoded else { continue }
                try message.payload.withPayload { payload in
                    let bytes = contribution.place.map {
                        view?.bytes(at: $0, count: up.memory.count)
                    }
                    try check(bytes ?? payload, contribution.checksum, up, trip)
                }
                Message.weights(
                    .init(
                        session: 1, version: UInt64(trip), chunk: 0,
                        checksum: checksum64(down.bytes), place: down.place)
                ).encode(into: &header)
                try router.send(
                    to: message.peer, header: header.bytes,
                    payload: down.place == nil ? .lent(down.bytes, down.loan) : nil)
                isAnswered = true
            }
        }
        let time = (ContinuousClock.now - begin) / .seconds(1)
        while !worker.isFinished { usleep(100) }
        return time
    }

    private func travel(to address: String, trips: Int) throws {
        let dealer = try Dealer(Context(), options: .data(encryption.1))
        try dealer.connect(address)
        let view = down.shared.flatMap { SharedView($0.name) }
        let copy = UnsafeMutableRawBufferPointer.allocate(
            byteCount: down.memory.count, alignment: 64)
        defer { copy.deallocate() }
        var header = HeaderBuffer(), poller = Poller(capacity: 1)
        _ = poller.watch(dealer.socket)
        for trip in 0..<trips {
            Message.contribution(
                .init(
                    session: 1, lease: 1, step: UInt64(trip), chunk: 0, level: 0, index: 0,
                    checksum: checksum64(up.bytes), lossSum: 0, correct: 0, samples: 0,
                    place: up.place)
            ).encode(into: &header)
            while try !dealer.send(
                header: header.bytes, payload: up.place == nil ? .lent(up.bytes, up.loan) : nil)
            { usleep(100) }
            var isBack = false
            while !isBack {
                _ = try poller.wait(timeout: .milliseconds(100))
                guard let message = try dealer.receive() else { continue }
                let decoded = try message.header.withBytes {
                    try Message.decode(
                        header: $0, payload: message.payload.byteCount, limits: .data)
                }
                guard case .weights(let weights) = decoded else { continue }
                try message.payload.withPayload { payload in
                    let bytes = weights.place.map { view?.bytes(at: $0, count: down.memory.count) }
                    // As a worker does: it keeps a copy, and that is what it checks.
                    copy.copyMemory(from: bytes.flatMap { $0 } ?? payload)
                    try check(UnsafeRawBufferPointer(copy), weights.checksum, down, trip)
                }
                isBack = true
            }
        }
    }

    private func check(
        _ bytes: UnsafeRawBufferPointer?, _ checksum: UInt64, _ sent: Chunk, _ trip: Int
    ) throws {
        guard let bytes, checksum64(bytes) == checksum,
            trip > 0 || bytes.elementsEqual(sent.bytes)
        else { throw Broken(description: "what arrived is not what was sent") }
    }

    private struct Broken: Error, CustomStringConvertible {
        let description: String
    }
}

extension SocketOptions {
    fileprivate static func data(_ encryption: Encryption) -> SocketOptions {
        var options = SocketOptions.data
        options.encryption = encryption
        return options
    }
}
