// SPDX-License-Identifier: Apache-2.0
//
// Images that stay in their files until they are needed.

import Digests
import Tensors

/// The files of a listing, read one at a time.
struct FileDataset: Dataset {
    let imageShape: Shape
    /// Proves that two machines list the same files with the same sizes in the same order, and that
    /// `probes` of them, spread evenly (all, if there are no more), have the same bytes. It does not
    /// prove that each of the other files does: a start would have to read them all. `SampleManifest` does, when
    /// they are read.
    let fingerprint: Digest
    private let listing: ImageListing

    static let probes = 256

    init(_ listing: ImageListing, imageShape: Shape, tolerant: Bool) throws(DatasetError) {
        self.listing = listing
        self.imageShape = imageShape
        var fingerprint = Fingerprint("folder 1")
        fingerprint.add(imageShape.extents)
        fingerprint.add(listing.classNames)
        fingerprint.add(listing.files.count)
        for file in listing.files {
            fingerprint.add(file.path)
            fingerprint.add([Int(file.label), file.size])
            if let weight = file.weight { fingerprint.add([Int(weight.bitPattern)]) }
            if !file.targets.isEmpty { fingerprint.add(file.targets.map { Int($0.bitPattern) }) }
        }
        let probes = min(Self.probes, listing.files.count)
        for probe in 0..<probes {
            let file = listing.files[probe * listing.files.count / probes]
            do throws(DatasetError) {
                let bytes = try listing.contents(of: file)
                // The array's own bytes, during the call.
                unsafe bytes.withUnsafeBytes { unsafe fingerprint.add($0) }
            } catch {
                guard tolerant else { throw error }
            }
        }
        self.fingerprint = fingerprint.finalize()
    }

    var count: Int { listing.files.count }
    var classNames: [String] { listing.classNames }
    var encoding: SampleEncoding { .file }

    func label(_ index: Int) -> Int32 { listing.files[index].label }
    func targets(_ index: Int) -> [Float] { listing.files[index].targets }
    func weight(_ index: Int) -> Float? { listing.files[index].weight }
    func name(_ index: Int) -> String { listing.location(of: listing.files[index]) }
    var skipped: [String] { listing.skipped }
    func key(_ index: Int) -> UInt64? { listing.key(of: listing.files[index]) }

    func storedBytes(_ index: Int) throws(DatasetError) -> Int {
        let file = listing.files[index]
        try listing.checkSize(file)
        return file.size
    }

    func read(_ index: Int, into bytes: UnsafeMutableRawBufferPointer) throws(DatasetError) {
        let file = listing.files[index]
        precondition(
            bytes.count == file.size,
            "FileDataset: room for \(bytes.count) bytes, \(file.path) has \(file.size)")
        // Writes within `bytes`.
        try unsafe listing.read(file, into: bytes)
    }
}
