// SPDX-License-Identifier: Apache-2.0
//
// Real photographs, where the developers' data stand beside the checkout.

import Datasets
import Foundation
import Testing

@Suite struct PhotographTests {
    private static let data = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../../../shared/data").standardized.path

    /// Unpacks what the pattern matches; nil, with the reason printed, if the archive is not there.
    private func unpack(_ archive: String, _ pattern: String) throws -> TemporaryFolder? {
        let path = "\(Self.data)/\(archive)"
        guard FileManager.default.fileExists(atPath: path) else {
            print("skipped: no \(path)")
            return nil
        }
        let folder = try TemporaryFolder()
        let tar = Process()
        tar.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        tar.arguments = ["tar", "-xf", path, "-C", folder.path, "--wildcards", pattern]
        try tar.run()
        tar.waitUntilExit()
        try #require(tar.terminationStatus == 0)
        return folder
    }

    @Test(arguments: [
        ("flowers256.tar", "val/*", "flowers/", 736, 5),
        ("cifar10-jpeg.tar.xz", "test/*/000[0-9].jpg", "cifar10/", 100, 10),
    ])
    func photographsDecodeAsPillowDecodesThem(
        archive: String, pattern: String, prefix: String, count: Int, classes: Int
    ) throws {
        guard let folder = try unpack(archive, pattern) else { return }
        let part = pattern.prefix { $0 != "/" }
        let dataset = try #require(
            try openDatasets(
                DatasetConfiguration(
                    format: .folder, path: "\(folder.path)/\(part)",
                    validation: .disabled))[.train])
        #expect(dataset.summary == "Found \(count) images belonging to \(classes) classes.")
        var checked = 0
        for golden in try GoldenImage.list("photographs.txt") where golden.path.hasPrefix(prefix) {
            let path = "\(folder.path)/\(golden.path.dropFirst(prefix.count))"
            let index = try #require((0..<count).first { dataset.name($0) == path })
            try golden.check(dataset.stored(index))
            checked += 1
        }
        #expect(checked == 2 * classes)
    }
}
