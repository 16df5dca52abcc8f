// SPDX-License-Identifier: Apache-2.0

import Datasets
import Digests
import Foundation
import Tensors
import Testing

@Suite struct SampleManifestTests {
    private let folder: TemporaryFolder
    private var cache: String { "\(folder.path)/cache/deep" }
    private var images: String { "\(folder.path)/images" }

    init() throws {
        folder = try TemporaryFolder()
        for number in 0..<3 {
            let file = try png(width: 1, height: 1, color: 0, rows: [0, UInt8(number)])
            try folder.write("images/a/\(number).png", file)
            try age("a/\(number).png")
        }
    }

    /// So that it does not tell when the file was written.
    private func age(_ name: String, to time: Double = 1e9) throws {
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSince1970: time)],
            ofItemAtPath: "\(images)/\(name)")
    }

    private func open() throws -> any Dataset {
        let configuration = DatasetConfiguration(
            format: .folder, path: images, validation: .disabled)
        return try #require(try openDatasets(configuration)[.train])
    }

    private func manifest(_ dataset: any Dataset) -> SampleManifest {
        SampleManifest(dataset, at: images, in: cache)
    }

    /// Other contents of the same size and time of change, as a failing disk has it.
    private func rot(_ name: String) throws {
        var bytes = try contents("\(images)/\(name)")
        bytes[bytes.count / 2] ^= 1
        try folder.write("images/\(name)", bytes)
        try age(name)
    }

    @Test func checksumsAreOfTheStoredForm() throws {
        let dataset = try open()
        var manifest = manifest(dataset)
        for index in [2, 0, 1, 2] {
            let expected = try dataset.stored(index).withUnsafeBytes(checksum64)
            #expect(try manifest.checksum(index) == expected)
        }
    }

    @Test func whatHasRottedIsToldFromWhatWasKept() throws {
        let sound = try open()
        var first = manifest(sound)
        for index in 0..<3 { _ = try first.checksum(index) }
        first.save()
        try rot("a/1.png")
        let dataset = try open()
        var second = manifest(dataset)
        for index in 0..<3 {
            let stored = try dataset.stored(index), name = dataset.name(index)
            let expected = try second.checksum(index)
            let error = datasetError {
                try stored.withUnsafeBytes { try SampleManifest.check($0, name, is: expected) }
            }
            guard index == 1 else {
                #expect(error == nil)
                continue
            }
            let found = stored.withUnsafeBytes(checksum64)
            #expect(
                error?.detail
                    == "\(images)/a/1.png: has checksum \(String(found, radix: 16)) here, the"
                    + " coordinator's copy \(String(expected, radix: 16)): one of them is damaged or"
                    + " another file; copy it anew, or set cluster.data to ship")
        }
    }

    @Test func aFileThatWasChangedIsReadAgain() throws {
        var first = manifest(try open())
        let before = try first.checksum(0)
        first.save()
        try folder.write("images/a/0.png", png(width: 1, height: 1, color: 0, rows: [0, 99]))
        try age("a/0.png", to: 2e9)
        var second = manifest(try open())
        #expect(try second.checksum(0) != before)
    }

    /// What is wrong with the kept file costs time and nothing else.
    @Test func aDamagedManifestIsMadeAnew() throws {
        let dataset = try open()
        var first = manifest(dataset)
        let checksum = try first.checksum(0)
        first.save()
        let name = try #require(try FileManager.default.contentsOfDirectory(atPath: cache).first)
        for bytes in [[], [1, 2, 3], [UInt8](repeating: 7, count: 80)] as [[UInt8]] {
            try folder.write("cache/deep/\(name)", bytes)
            var again = manifest(dataset)
            #expect(try again.checksum(0) == checksum)
        }
        var nowhere = SampleManifest(dataset, at: images, in: "/proc/none")
        #expect(try nowhere.checksum(0) == checksum)
        nowhere.save()
    }
}
