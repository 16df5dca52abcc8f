// SPDX-License-Identifier: Apache-2.0
//
// The checksums of image files, so that copies of them on other machines, or what a disk makes of them in
// time, can be told from them.

import Digests

/// A checksum of each file of a data set, found when it is first asked for and kept from run to run, as long
/// as the file's path, size and time of change stay.
public struct SampleManifest {
    /// Where manifests are kept: "$XDG_CACHE_HOME/convoy", or "~/.cache/convoy".
    public static var folder: String? { CacheFile.folder }

    private let dataset: any Dataset
    private let file: CacheFile
    /// By the keys of files as they are.
    private var known: [UInt64: UInt64] = [:]
    private var checksums: [UInt64?]
    private var isChanged = false

    /// - Parameters:
    ///   - path: Where the data set is.
    ///   - folder: Where its manifest is kept; nil keeps nothing.
    public init(_ dataset: any Dataset, at path: String, in folder: String?) {
        self.dataset = dataset
        file = CacheFile("checksums", of: path, in: folder, version: "convoy checksums 1")
        checksums = Array(repeating: nil, count: dataset.count)
        let words = file.read()
        for place in stride(from: 0, to: words.count - 1, by: 2) {
            known[words[place]] = words[place + 1]
        }
    }

    /// The checksum of a sample's stored form; reads it if none is known.
    public mutating func checksum(_ index: Int) throws(DatasetError) -> UInt64 {
        if let checksum = checksums[index] { return checksum }
        let key = dataset.key(index)
        if let key, let checksum = known[key] {
            checksums[index] = checksum
            return checksum
        }
        var stored = [UInt8](repeating: 0, count: try dataset.storedBytes(index))
        // The array's own bytes, during the calls.
        let outcome = unsafe stored.withUnsafeMutableBytes { bytes in
            Result { () throws(DatasetError) in
                try unsafe dataset.read(index, into: bytes)
                return unsafe checksum64(UnsafeRawBufferPointer(bytes))
            }
        }
        let checksum = try outcome.get()
        checksums[index] = checksum
        if let key {
            known[key] = checksum
            isChanged = true
        }
        return checksum
    }

    /// Writes what is new.
    public func save() {
        guard isChanged else { return }
        var words: [UInt64] = []
        // What is no more in the data set is not remembered for ever.
        let isOld = known.count > 2 * dataset.count + 1000
        let keys = isOld ? (0..<dataset.count).compactMap { dataset.key($0) } : Array(known.keys)
        for key in keys.sorted() {
            if let checksum = known[key] { words += [key, checksum] }
        }
        file.write(words)
    }

    /// Compares a sample as it was read here with what the manifest of another machine says.
    ///
    /// - Throws: `mismatch` with both checksums and what to do.
    public static func check(
        _ stored: UnsafeRawBufferPointer, _ name: @autoclosure () -> String, is expected: UInt64
    ) throws(DatasetError) {
        // The caller's bytes, during the call.
        let found = unsafe checksum64(stored)
        guard found != expected else { return }
        throw DatasetError(
            code: .mismatch,
            detail:
                "\(name()): has checksum \(String(found, radix: 16)) here, the coordinator's copy"
                + " \(String(expected, radix: 16)): one of them is damaged or another file; copy it"
                + " anew, or set cluster.data to ship")
    }
}
