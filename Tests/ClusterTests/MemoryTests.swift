// SPDX-License-Identifier: Apache-2.0
//
// A long run in which workers come and go, and one over many images: nothing grows.

import Foundation
import Testing

@Suite struct MemoryTests {
    /// 200 steps an epoch, 10,200 in all: it must not end before it is looked at for the last time.
    private static let job = """
        seed: 5
        dataset: {format: shapes, augmentation: {horizontal_flip: true}}
        model:
          - Rescaling: {scale: 1/255}
          - Conv2D: {filters: 16, kernel_size: 5, strides: 3, activation: relu}
          - MaxPooling2D
          - Flatten
          - Dense: {units: 64, activation: relu}
          - Dense: {units: 10}
        training: {epochs: 51, batch_size: 50, shard_size: 5, optimizer: adam}
        """
    /// Over the 8,000 steps that are watched; a leak of half a kilobyte a step would be seen.
    private static let allowance = 4096

    /// Every 1,000 steps one of two workers leaves and another joins. What coordinator and the worker that
    /// stays hold just before that is compared with what they held after 2,000 steps.
    @Test(.enabled(if: LongRuns.areWanted, LongRuns.hint))
    func nothingGrowsInTenThousandSteps() throws {
        let folder = try ScratchFolder()
        let log = EventFile(path: folder.path + "/log.jsonl")
        let endpoint = "ipc://\(folder.path)/socket"
        try Self.job.write(toFile: folder.path + "/job.yaml", atomically: true, encoding: .utf8)
        let coordinator = try ConvoyProgram(
            [
                "coordinator", folder.path + "/job.yaml", "--quiet", "--bind", endpoint,
                "--output", folder.path + "/run", "--log-json", log.path,
            ], in: folder.path)
        func worker(_ name: String) throws -> ConvoyProgram {
            try ConvoyProgram(
                ["worker", "--connect", endpoint, "--name", name, "--threads", "1"],
                in: folder.path)
        }
        let resident = try worker("resident")
        // Alone at first: it has held the largest leases there are, of training and of validation.
        #expect(wait(within: 60) { log.lastTrainingStep >= 450 })
        var guest = try worker("guest-0")
        var held: [[Footprint]] = []
        for round in 1...10 {
            #expect(
                wait(within: 20) { log.events("worker_joined").count == round + 1 },
                "round \(round): the guest is not there")
            let goal = 1000 * round - 100
            #expect(
                wait(within: 120) { log.lastTrainingStep >= goal || !coordinator.isRunning },
                "step \(log.lastTrainingStep): \(coordinator.text)")
            held.append(try [coordinator, resident].map { try Footprint(of: $0.identifier) })
            print("after \(goal) steps: \(held[round - 1])")
            if round < 10 {
                guest.end(SIGTERM)
                guest = try worker("guest-\(round)")
            }
        }
        #expect(coordinator.status() == 0, "\(coordinator.text)")
        #expect(log.contributions.count == 11)
        for (process, before) in held[1].enumerated() {
            for after in held[2...].map({ $0[process] }) {
                #expect(after.memory <= before.memory + Self.allowance)
                #expect(after.descriptors <= before.descriptors)
                #expect(after.threads <= before.threads)
            }
        }
    }

    /// The peaks of coordinator and worker, in KiB, in one epoch over a folder of images.
    ///
    /// - Parameter data: Of the cluster: `ship` or `local`.
    private func peaks(images: Int, data: String) throws -> [Int] {
        let folder = try ScratchFolder()
        for number in 0..<images {
            let path = "\(folder.path)/images/\(number % 2)"
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true)
            try Self.image(number).write(to: URL(fileURLWithPath: "\(path)/\(number).bmp"))
        }
        let job = """
            dataset: {format: folder, path: "\(folder.path)/images", target_size: [32, 32], validation: none}
            model:
              - Flatten
              - Dense: {units: 2}
            training: {epochs: 1, batch_size: 8, shard_size: 4, optimizer: sgd}
            cluster: {data: \(data)}
            """
        try job.write(toFile: folder.path + "/job.yaml", atomically: true, encoding: .utf8)
        let endpoint = "ipc://\(folder.path)/socket"
        let variables: [String: String?] = ["XDG_CACHE_HOME": folder.path + "/cache"]
        let coordinator = try ConvoyProgram(
            [
                "coordinator", folder.path + "/job.yaml", "--quiet", "--bind", endpoint,
                "--output", folder.path + "/run",
            ], in: folder.path, variables: variables)
        let worker = try ConvoyProgram(
            ["worker", "--connect", endpoint, "--threads", "1"], in: folder.path,
            variables: variables)
        var peaks = [0, 0]
        #expect(
            wait(within: 60) {
                for (place, process) in [coordinator, worker].enumerated() {
                    let peak = try? Footprint(of: process.identifier).peak
                    peaks[place] = max(peaks[place], peak ?? 0)
                }
                return !coordinator.isRunning
            }, "\(coordinator.text)")
        #expect(coordinator.status() == 0, "\(coordinator.text) \(worker.text)")
        return peaks
    }

    /// A BMP file of 256 x 256 pixels: 192 KiB.
    private static func image(_ number: Int) -> Data {
        func word(_ value: UInt32) -> [UInt8] {
            [0, 8, 16, 24].map { UInt8(truncatingIfNeeded: value >> $0) }
        }
        let count = 256 * 256 * 3
        let header: [UInt32] = [
            UInt32(54 + count), 0, 54, 40, 256, 256, 24 << 16 | 1, 0, UInt32(count), 0, 0, 0, 0,
        ]
        let pixels = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* (number + 3) >> 3) }
        return Data(Array("BM".utf8) + header.flatMap(word) + pixels)
    }

    /// 200 images more would be 38 MiB.
    @Test(arguments: ["ship", "local"])
    func aDatasetIsNotHeldInMemory(_ data: String) throws {
        let few = try peaks(images: 100, data: data)
        let many = try peaks(images: 300, data: data)
        print("\(data): coordinator and worker \(few) KiB with 100 images, \(many) with 300")
        for (few, many) in zip(few, many) {
            #expect(few > 0 && many <= few + (12 << 10), "\(few) KiB, then \(many)")
        }
    }
}

extension EventFile {
    /// The last training step that was committed, from the end of the file alone; 0 for none.
    var lastTrainingStep: Int {
        guard let file = FileHandle(forReadingAtPath: path) else { return 0 }
        defer { try? file.close() }
        let size = (try? file.seekToEnd()) ?? 0
        try? file.seek(toOffset: size > 4096 ? size - 4096 : 0)
        let text = String(decoding: (try? file.readToEnd()) ?? Data(), as: UTF8.self)
        guard let key = text.range(of: "\"step\":", options: .backwards) else { return 0 }
        let digits = text[key.upperBound...].drop { $0 == " " }.prefix(while: \.isNumber)
        return Int(digits) ?? 0
    }
}
