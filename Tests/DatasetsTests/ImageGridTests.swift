// SPDX-License-Identifier: Apache-2.0

import Datasets
import Testing

@Suite struct ImageGridTests {
    /// Writes the grid and decodes it again, to a known size.
    private func pixels(_ grid: ImageGrid, _ height: Int, _ width: Int) throws -> [UInt8] {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/grid.png"
        for _ in 0..<2 { try grid.write(to: path) }  // the second over the first
        return try fileDecoder([height, width, 3]).decode(contents(path))
    }

    @Test func imagesStandInRowsWithGaps() throws {
        var grid = ImageGrid(columns: 2, imageShape: [100, 100, 3])
        for i in 0..<3 {
            grid.append(
                (0..<100 * 100).flatMap { _ in [UInt8(i), UInt8(10 + i), UInt8(20 + i)] },
                caption: "")
        }
        let (height, width) = (224, 206)
        let pixels = try pixels(grid, height, width)
        func pixel(_ y: Int, _ x: Int) -> [UInt8] {
            Array(pixels[(y * width + x) * 3..<(y * width + x) * 3 + 3])
        }
        #expect(pixel(2, 2) == [0, 10, 20] && pixel(101, 101) == [0, 10, 20])
        #expect(pixel(2, 104) == [1, 11, 21] && pixel(212, 2) == [2, 12, 22])
        for (y, x) in [(0, 0), (102, 50), (50, 103), (150, 150), (223, 205)] {
            #expect(pixel(y, x) == [255, 255, 255])
        }
    }

    @Test func smallGreyImagesAreEnlarged() throws {
        var grid = ImageGrid(columns: 1, imageShape: [2, 3, 1])
        grid.append([0, 50, 100, 150, 200, 250], caption: "")
        // 96 / 3 = 32 times as large.
        let pixels = try pixels(grid, 77, 100)
        #expect(pixels[(2 * 100 + 2) * 3] == 0 && pixels[(33 * 100 + 65) * 3 + 1] == 50)
        #expect(pixels[(34 * 100 + 66) * 3 + 2] == 250)
    }

    @Test func captionsStandBelowAndAreCut() throws {
        var grid = ImageGrid(columns: 1, imageShape: [96, 96, 1])
        let white = [UInt8](repeating: 255, count: 96 * 96)
        grid.append(white, caption: "Hi \u{E9}" + String(repeating: "_", count: 40))
        let pixels = try pixels(grid, 109, 100)
        let rows = (98..<107).map { y in
            String((2..<26).map { pixels[(y * 100 + $0) * 3] == 0 ? "#" : "." })
        }
        #expect(
            rows == [
                "........................",
                "#...#...#..........###..",
                "#...#.............#...#.",
                "#...#..##.............#.",
                "#####...#............#..",
                "#...#...#...........#...",
                "#...#...#...............",
                "#...#..###..........#...",
                "........................",
            ])
        // Sixteen letters of six pixels.
        #expect(pixels[(105 * 100 + 2 + 94) * 3] == 0 && pixels[(105 * 100 + 99) * 3] == 255)
    }
}
