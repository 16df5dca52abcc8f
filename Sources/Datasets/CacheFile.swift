// SPDX-License-Identifier: Apache-2.0
//
// What was found out about a data set, kept from run to run.

import Digests

#if canImport(Glibc)
    import Glibc
#endif

/// A file of 64-bit words in the user's cache directory, one for each data set and purpose. Whatever is wrong
/// with it, or with the directory, costs the time to find things out again, and nothing else.
///
/// Several processes may write at a time: each makes a file of its own and gives it the name. The last one
/// stays, and what only others knew is found out again.
struct CacheFile {
    private let path: String?
    private let version: UInt64

    private static let mostBytes = 1 << 28

    /// - Parameters:
    ///   - purpose: "headers", a part of the file's name.
    ///   - dataset: Where the images are.
    ///   - folder: Where the file is; nil keeps nothing.
    ///   - version: What was written as another version is not read.
    init(_ purpose: String, of dataset: String, in folder: String?, version: String) {
        let name = String(Self.checksum(Self.absolute(dataset)), radix: 16)
        path = folder.map { "\($0)/\(purpose)-\(name)" }
        self.version = Self.checksum(version)
    }

    /// "$XDG_CACHE_HOME/convoy", or "~/.cache/convoy".
    static var folder: String? {
        if let cache = environment("XDG_CACHE_HOME") { return "\(cache)/convoy" }
        return environment("HOME").map { "\($0)/.cache/convoy" }
    }

    /// Makes it, if it is not there and can be.
    static func makeFolder() {
        if let folder { make(folder[...]) }
    }

    /// Makes a folder and those above it.
    private static func make(_ folder: Substring) {
        for end in folder.indices.dropFirst() where folder[end] == "/" {
            try? Datasets.makeFolder(String(folder[..<end]), mayExist: true)
        }
        try? Datasets.makeFolder(String(folder), mayExist: true)
    }

    /// Names a file as it is now.
    static func key(_ location: String, size: Int, changed: Int) -> UInt64 {
        checksum("\(absolute(location))\n\(size)\n\(changed)")
    }

    /// What was written last; nothing if that cannot be read.
    func read() -> [UInt64] {
        guard let path, let bytes = try? readFile(path, most: Self.mostBytes) else { return [] }
        let words = stride(from: 0, to: bytes.count - 7, by: 8).map { place in
            bytes[place..<place + 8].reversed().reduce(0) { $0 << 8 | UInt64($1) }
        }
        return words.first == version ? Array(words.dropFirst()) : []
    }

    func write(_ words: [UInt64]) {
        guard let path else { return }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(8 * words.count + 8)
        for word in [version] + words {
            for shift: UInt64 in [0, 8, 16, 24, 32, 40, 48, 56] {
                bytes.append(UInt8(truncatingIfNeeded: word >> shift))
            }
        }
        // Without the directory, or room in it, the next run finds out again.
        Self.make(path.prefix(upTo: path.lastIndex(of: "/") ?? path.startIndex))
        let own = "\(path).\(getpid())-\(UInt64.random(in: 0...UInt64.max))"
        guard let file = try? NewFile(own) else { return }
        do throws(DatasetError) {
            try file.append(bytes)
            try file.finish(as: path)
        } catch {}
    }

    /// An absolute path.
    private static func environment(_ name: String) -> String? {
        // A C string of the environment, copied at once; nothing here changes the environment.
        let value = unsafe getenv(name).map { unsafe String(cString: $0) }
        return value?.hasPrefix("/") == true ? value : nil
    }

    private static func absolute(_ path: String) -> String {
        guard !path.hasPrefix("/"), let here = unsafe getcwd(nil, 0) else { return path }
        // A C string made by malloc for this call.
        defer { unsafe free(here) }
        return unsafe "\(String(cString: here))/\(path)"
    }

    private static func checksum(_ text: String) -> UInt64 {
        var text = text
        // The string's own bytes, during the call.
        return text.withUTF8 { unsafe checksum64(UnsafeRawBufferPointer($0)) }
    }
}
