// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import Runtime
import Testing

@Suite struct AtomicFileTests {
    private let folder: TemporaryFolder
    private var path: String { folder.path + "/file" }

    init() throws { folder = try TemporaryFolder() }

    @Test func aFileIsReplaced() throws {
        try AtomicFile.write(text: "before", to: path)
        try AtomicFile.write(text: "after", to: path)
        #expect(try contents(path) == Data("after".utf8))
        #expect(try folder.files() == ["file"])
    }

    /// The file beside the place is one of the full device: every write to it ends with ENOSPC.
    @Test func onAFullDiskTheFileBeforeStaysWhole() throws {
        try AtomicFile.write(text: "before", to: path)
        #expect(symlink("/dev/full", path + ".partial") == 0)
        let error = runtimeError { try AtomicFile.write(text: "after", to: path) }
        #expect(
            error?.sentence(in: folder) == "write file.partial: No space left on device; free some "
                + "space on that disk; the file that was there before is untouched")
        #expect(try contents(path) == Data("before".utf8))
        #expect(try folder.files() == ["file"])
    }

    /// The file may grow to a page and no further, so that a part of it is written.
    @Test func aFileThatIsCutOffLeavesTheOneBeforeWhole() async {
        await #expect(processExitsWith: .success) {
            let folder = try TemporaryFolder()
            let path = folder.path + "/file"
            try AtomicFile.write(text: "before", to: path)
            signal(SIGXFSZ, SIG_IGN)
            var limit = rlimit(rlim_cur: 4096, rlim_max: rlim_t.max)
            precondition(setrlimit(__rlimit_resource_t(1), &limit) == 0)  // RLIMIT_FSIZE
            let long = String(repeating: "after", count: 10_000)
            let error = runtimeError { try AtomicFile.write(text: long, to: path) }
            precondition(error?.detail.contains("File too large") == true, "\(error as Any)")
            let kept = try contents(path), files = try folder.files()
            precondition(kept == Data("before".utf8) && files == ["file"], "\(files)")
        }
    }

    @Test func aPlaceThatCannotBeWrittenIsNamed() throws {
        let missing = runtimeError { try AtomicFile.write(text: "x", to: path + "/none/file") }
        #expect(
            missing?.sentence(in: folder)
                == "open file/none/file.partial: No such file or directory")
        try FileManager.default.createDirectory(
            atPath: path + "/inside", withIntermediateDirectories: true)
        let directory = runtimeError { try AtomicFile.write(text: "x", to: path) }
        #expect(
            directory?.sentence(in: folder) == "rename file.partial to file: Is a directory")
        #expect(try folder.files() == ["file"])
    }
}
