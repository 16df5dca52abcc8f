// SPDX-License-Identifier: Apache-2.0
//
// The bytes of a tar file in their order, as they are or out of gzip.

/// What a tar file is read through. Places ascend from call to call.
protocol TarStream {
    /// Bytes in all, or what they cannot exceed.
    var size: Int { get }
    /// Where the images are read later on.
    var store: TarStore { get }

    /// Fills `bytes` with those from `place` on; fewer than all of them are an error.
    mutating func read(_ what: String, at place: Int, into bytes: inout [UInt8])
        throws(DatasetError)

    /// Sees to it that `count` bytes from `place` on can be read from the store.
    ///
    /// - Returns: Where in the store they are.
    mutating func keep(_ count: Int, at place: Int) throws(DatasetError) -> Int
}

/// Where the contents of a tar file's images are.
struct TarStore: Sendable {
    /// The tar file, for messages.
    let path: String
    /// When it was last changed, in nanoseconds since 1970.
    let changed: Int
    /// The images of a compressed one; nil where they are read from the tar file itself.
    let copy: UnnamedFile?

    func read(
        at place: Int, into bytes: UnsafeMutableRawBufferPointer
    ) throws(DatasetError) {
        // Writes within `bytes`.
        if let copy {
            try unsafe copy.read(path, at: place, into: bytes)
        } else {
            try unsafe readFile(path, at: place, into: bytes)
        }
    }
}

/// A tar file as it is.
struct PlainTar: TarStream {
    let size: Int
    let store: TarStore
    private var path: String { store.path }

    init(_ path: String) throws(DatasetError) {
        let status = try FileStatus(path)
        size = status.size
        store = TarStore(path: path, changed: status.changed, copy: nil)
    }

    func read(_ what: String, at place: Int, into bytes: inout [UInt8]) throws(DatasetError) {
        try readFile(path, at: place, into: &bytes)
    }
    func keep(_ count: Int, at place: Int) -> Int { place }
}

/// A tar file that gzip compressed. Images are wanted in any order, so they are copied, as they go by, to
/// a file without a name beside it, or in /var/tmp where that cannot be.
struct InflatedTar: TarStream {
    let size: Int
    let store: TarStore
    private let file: Inflation
    private let copy: UnnamedFile
    private var place = 0
    private var kept = 0

    /// Holds a file that cannot be copied in a value that could be.
    private final class Inflation {
        let file: InflatedFile
        init(_ path: String) throws(DatasetError) {
            file = try InflatedFile(path: path, cure: "copy it anew, or make it anew with tar")
        }
    }

    init(_ path: String) throws(DatasetError) {
        file = try Inflation(path)
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
        copy = try UnnamedFile(in: [folder, "/var/tmp"])
        store = TarStore(path: path, changed: try FileStatus(path).changed, copy: copy)
        size = file.file.capacity
    }

    mutating func read(
        _ what: String, at start: Int, into bytes: inout [UInt8]
    ) throws(DatasetError) {
        try skip(to: start)
        try file.file.read(what, into: &bytes)
        place += bytes.count
    }

    mutating func keep(_ count: Int, at start: Int) throws(DatasetError) -> Int {
        try skip(to: start)
        let first = kept
        var left = count
        while left > 0 {
            var part = [UInt8](repeating: 0, count: min(left, 1 << 20))
            try file.file.read("an image", into: &part)
            // The array's own bytes, during the call.
            let outcome = unsafe part.withUnsafeBytes { bytes in
                Result { () throws(DatasetError) in try unsafe copy.append(bytes, at: kept) }
            }
            try outcome.get()
            kept += part.count
            place += part.count
            left -= part.count
        }
        return first
    }

    private mutating func skip(to start: Int) throws(DatasetError) {
        precondition(start >= place, "InflatedTar: byte \(start) after \(place)")
        while place < start {
            var part = [UInt8](repeating: 0, count: min(start - place, 1 << 20))
            try file.file.read("an entry", into: &part)
            place += part.count
        }
    }
}
