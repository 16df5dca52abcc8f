// SPDX-License-Identifier: Apache-2.0

import Datasets
import Foundation
import Testing

@Suite struct DatasetSplitTests {
    /// Ten images of a and six of b.
    private func source() throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        for i in 0..<10 { try folder.write("source/a/\(i).png", [UInt8(i)]) }
        for i in 0..<6 { try folder.write("source/b/deep/\(i).jpg", [UInt8(100 + i)]) }
        return folder
    }

    private func split(
        _ folder: TemporaryFolder, _ amounts: [Partition: DatasetSplit.Amount], seed: UInt64 = 0
    ) throws -> DatasetSplit {
        try DatasetSplit(source: "\(folder.path)/source", amounts: amounts, seed: seed)
    }

    @Test func everyClassGivesEachPartItsAmount() throws {
        let split = try split(
            source(), [.train: .images(3), .validation: .images(2), .test: .images(1)])
        #expect(split.leftOut == 4 && Set(split.files.map(\.path)).count == 12)
        for (part, count) in [(Partition.train, 3), (.validation, 2), (.test, 1)] {
            for name in ["a/", "b/"] {
                let own = split.files.filter { $0.part == part && $0.path.hasPrefix(name) }
                #expect(own.count == count)
            }
        }
        let shares = try self.split(source(), [.train: .share(0.5), .test: .share(0.5)])
        #expect(shares.leftOut == 0 && shares.files.count { $0.part == .test } == 8)
    }

    @Test func theSeedDecides() throws {
        let amounts: [Partition: DatasetSplit.Amount] = [.train: .images(4), .test: .images(2)]
        let files = try split(source(), amounts).files
        #expect(try split(source(), amounts).files == files)
        #expect(try split(source(), amounts, seed: 1).files != files)
    }

    @Test(arguments: [false, true]) func filesAppearWithTheirContents(copying: Bool) throws {
        let folder = try source()
        let split = try split(folder, [.train: .images(4), .validation: .images(2)])
        try split.write(to: "\(folder.path)/out", copying: copying)
        for file in split.files {
            let target = "\(folder.path)/out/\(file.part.rawValue)/\(file.path)"
            #expect(try contents(target) == contents("\(folder.path)/source/\(file.path)"))
            let links = try FileManager.default.attributesOfItem(atPath: target)[.referenceCount]
            #expect(links as? Int == (copying ? 1 : 2))
        }
        #expect(!FileManager.default.fileExists(atPath: "\(folder.path)/out/test"))
    }

    @Test func mistakesAreNamed() throws {
        let folder = try source()
        func complaint(_ body: () throws -> Void) -> String? {
            datasetError(body)?.description.replacing(folder.path, with: "PATH")
        }
        #expect(
            complaint { _ = try split(folder, [.train: .images(5), .test: .images(2)]) }
                == "dataset.mismatch: PATH/source/b: has 6 images, the parts take 7 of each class; ask"
                + " for fewer, or for shares as 0.8")
        let sound = try split(folder, [.train: .images(1)])
        try folder.write("out/x", [])
        #expect(
            complaint { try sound.write(to: "\(folder.path)/out", copying: false) }
                == "dataset.unreadable: mkdir PATH/out: File exists; name a folder that is not there"
                + " yet, in one that is")
        try folder.write("source/train/a/1.png", [])
        #expect(
            complaint { _ = try split(folder, [.train: .images(1)]) }
                == "dataset.mismatch: PATH/source: holds train/, so it is split already; name a folder"
                + " of class folders")
    }
}
