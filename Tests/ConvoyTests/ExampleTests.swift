// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// The program of Tests/Example, and what the README shows of it.
@Suite struct ExampleTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    private static func text(_ path: String) throws -> String {
        try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }

    @Test func theReadmeShowsWhatIsCompiled() throws {
        let readme = try Self.text("README.md")
        let start = try #require(readme.range(of: "```swift\n"))
        let end = try #require(readme[start.upperBound...].range(of: "```"))
        let shown = readme[start.upperBound..<end.lowerBound]
        let program = try Self.text("Tests/Example/Sources/example/main.swift")
        #expect(shown.hasPrefix("import Convoy\n"))
        #expect(program.hasSuffix(shown))
    }

    @Test func itTrains() throws {
        let program = Self.root.appending(path: ".build/release/example")
        let process = Process(), output = Pipe()
        process.executableURL = program
        process.standardOutput = output
        try process.run()
        let text = String(
            decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        let lines = text.split(separator: "\n")
        #expect(lines.count == 9 && lines[7].hasPrefix("epoch 8: loss "))
        let accuracy = try #require(lines.last?.split(separator: " ").last.flatMap { Double($0) })
        #expect(accuracy > 0.7)
    }
}
