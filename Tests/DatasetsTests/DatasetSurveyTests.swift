// SPDX-License-Identifier: Apache-2.0

import Datasets
import Engines
import Testing

@Suite struct DatasetSurveyTests {
    /// A grey PNG, all of one value.
    private func grey(_ width: Int, _ height: Int, _ value: UInt8) throws -> [UInt8] {
        let row = [0] + [UInt8](repeating: value, count: width)
        return try png(
            width: UInt32(width), height: UInt32(height), color: 0,
            rows: (0..<height).flatMap { _ in row })
    }

    private func survey(_ folder: TemporaryFolder) throws -> DatasetSurvey {
        let configuration = DatasetConfiguration(
            format: .folder, path: folder.path, targetSize: [2, 2], validation: .disabled)
        let datasets = try openDatasets(configuration, tolerant: true)
        return DatasetSurvey(try #require(datasets[.train]), configuration, Engine.best())
    }

    @Test func countsSizesAndColoursAreThoseOfTheImages() throws {
        let folder = try TemporaryFolder()
        for i in 0..<3 { try folder.write("a/\(i).png", grey(4, 2, 100)) }
        try folder.write("b/0.png", grey(5, 7, 200))
        let survey = try survey(folder)
        #expect(survey.counts == [3, 1] && survey.unreadable.isEmpty)
        #expect(survey.sizes.values.sorted() == [1, 3])
        #expect(
            survey.sizes.first { $0.value == 1 }.map { [$0.key.height, $0.key.width] } == [7, 5])
        #expect(survey.mean == [125, 125, 125])
        // The square root of (3 * 25^2 + 75^2) / 4.
        for value in survey.deviation { #expect(abs(value - 43.301_270_189) < 1e-6) }
    }

    @Test func damagedFilesAreListedInOrder() throws {
        let folder = try TemporaryFolder()
        let sound = try grey(4, 2, 100)
        for i in 0..<200 {
            try folder.write(
                "a/\(1000 + i).png", i == 7 ? Array("GIF89a".utf8) : i == 150 ? [] : sound)
        }
        try folder.write("a/1100.png", Array(sound[..<40]))
        let survey = try survey(folder)
        #expect(survey.counts == [197])
        let expected = [
            "1007.png: the file is a GIF", "1100.png: the PNG file", "1150.png: the file is",
        ]
        #expect(survey.unreadable.count == 3)
        for (text, start) in zip(survey.unreadable, expected) {
            #expect(text.hasPrefix("\(folder.path)/a/\(start)"), "\(text)")
        }
    }

    @Test func aSetWithADamagedFileHasNoStatistics() throws {
        let folder = try TemporaryFolder()
        for i in 0..<3 { try folder.write("a/\(i).png", grey(4, 2, UInt8(100 + i))) }
        let configuration = DatasetConfiguration(
            format: .folder, path: folder.path, targetSize: [2, 2], validation: .disabled)
        let dataset = try #require(try openDatasets(configuration)[.train])
        let sound = try ChannelStatistics(of: dataset, configuration, Engine.best())
        #expect(sound.mean == [101, 101, 101])
        for value in sound.deviation { #expect(abs(value - (2.0 / 3).squareRoot()) < 1e-12) }
        try folder.write("a/1.png", Array(grey(4, 2, 101)[..<40]))
        let torn = try #require(try openDatasets(configuration, tolerant: true)[.train])
        #expect {
            _ = try ChannelStatistics(of: torn, configuration, Engine.best())
        } throws: {
            "\($0)".contains("\(folder.path)/a/1.png: the PNG file ends too early")
                && "\($0)".hasSuffix(", so the set has no mean and deviation")
        }
    }

    @Test func threadsChangeNothing() throws {
        let configuration = DatasetConfiguration(format: .shapes)
        let test = try #require(try openDatasets(configuration)[.test])
        let first = DatasetSurvey(test, configuration, Engine.best())
        #expect(first == DatasetSurvey(test, configuration, Engine.best()))
        #expect(first.counts == Array(repeating: 200, count: 10))
        #expect(first.sizes.count == 1 && first.mean.allSatisfy { $0 > 50 && $0 < 200 })
    }
}
