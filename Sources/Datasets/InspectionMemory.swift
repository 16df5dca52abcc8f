// SPDX-License-Identifier: Apache-2.0
//
// Which image files were found sound, kept from run to run.

import Digests

#if canImport(Glibc)
    import Glibc
#endif

/// Checksums of the path, size and time of change of sound files: in the user's cache directory one file for
/// each data set. Whatever is wrong with that file, or the directory, costs another look at the images and
/// nothing else.
///
/// Several processes may write at a time: each makes a file of its own and gives it the name. The last one
/// stays, and what only others knew is looked at again.
package struct InspectionMemory {
    private var known: Set<UInt64> = []
    /// Of the files that are there now.
    private var present: Set<UInt64> = []
    private let path: String?
    private let start = ContinuousClock.now
    private let worthwhile: Duration

    private static let mostBytes = 1 << 28

    /// - Parameters:
    ///   - dataset: Where the images are.
    ///   - folder: Where the file is; nil keeps nothing.
    ///   - worthwhile: What is looked at in less time is not worth a file.
    package init(
        _ inspection: Inspection, of dataset: String, in folder: String? = Self.folder,
        worthwhile: Duration = .milliseconds(100)
    ) {
        let name = String(Self.checksum(Self.absolute(dataset)), radix: 16)
        path = folder.map { "\($0)/\(inspection.rawValue)-\(name)" }
        self.worthwhile = worthwhile
        guard let path, let bytes = try? readFile(path, most: Self.mostBytes) else { return }
        let words = stride(from: 0, to: bytes.count - 7, by: 8).map { place in
            bytes[place..<place + 8].reversed().reduce(0) { $0 << 8 | UInt64($1) }
        }
        if words.first == Self.version { known = Set(words) }
    }

    /// Names a file as it is now.
    package static func key(_ location: String, size: Int, changed: Int) -> UInt64 {
        checksum("\(absolute(location))\n\(size)\n\(changed)")
    }

    package func knows(_ key: UInt64) -> Bool { known.contains(key) }

    package mutating func add(_ keys: some Sequence<UInt64>) { present.formUnion(keys) }

    /// Writes the file, if that saves time.
    package func save() {
        guard let path, !present.isSubset(of: known), ContinuousClock.now - start >= worthwhile
        else { return }
        // Files that were changed or removed are not remembered for ever.
        let isOld = known.count > 2 * present.count + 1000
        let words = [Self.version] + (isOld ? present : known.union(present)).sorted()
        var bytes: [UInt8] = []
        bytes.reserveCapacity(8 * words.count)
        for word in words {
            for shift: UInt64 in [0, 8, 16, 24, 32, 40, 48, 56] {
                bytes.append(UInt8(truncatingIfNeeded: word >> shift))
            }
        }
        // Without the directory, or room in it, the next run looks again.
        let folder = path.prefix(upTo: path.lastIndex(of: "/") ?? path.startIndex)
        for end in folder.indices.dropFirst() where folder[end] == "/" {
            try? makeFolder(String(folder[..<end]), mayExist: true)
        }
        try? makeFolder(String(folder), mayExist: true)
        let own = "\(path).\(getpid())-\(UInt64.random(in: 0...UInt64.max))"
        guard let file = try? NewFile(own) else { return }
        do throws(DatasetError) {
            try file.append(bytes)
            try file.finish(as: path)
        } catch {}
    }

    /// Another version of a codec may think otherwise.
    private static let version = checksum(
        "convoy inspected 1 " + imageCodecVersions().map { "\($0.name) \($0.version)" }.joined())

    /// "$XDG_CACHE_HOME/convoy", or "~/.cache/convoy".
    package static var folder: String? {
        if let cache = environment("XDG_CACHE_HOME") { return "\(cache)/convoy" }
        return environment("HOME").map { "\($0)/.cache/convoy" }
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
