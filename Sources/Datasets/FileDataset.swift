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
    /// prove that each of the other files does: a start would have to read them all.
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
        }
        let probes = min(Self.probes, listing.files.count)
        for probe in 0..<probes {
            let file = listing.files[probe * listing.files.count / probes]
            var bytes = [UInt8](repeating: 0, count: file.size)
            do throws(DatasetError) {
                try listing.read(file, into: &bytes)
            } catch {
                guard tolerant else { throw error }
            }
            // The array's own bytes, during the call.
            unsafe bytes.withUnsafeBytes { unsafe fingerprint.add($0) }
        }
        self.fingerprint = fingerprint.finalize()
    }

    var count: Int { listing.files.count }
    var classNames: [String] { listing.classNames }
    var encoding: SampleEncoding { .file }

    func label(_ index: Int) -> Int32 { listing.files[index].label }
    func name(_ index: Int) -> String { listing.location(of: listing.files[index]) }
    func storedBytes(_ index: Int) -> Int { listing.files[index].size }

    func read(_ index: Int, into bytes: UnsafeMutableRawBufferPointer) throws(DatasetError) {
        let file = listing.files[index]
        precondition(
            bytes.count == file.size,
            "FileDataset: room for \(bytes.count) bytes, \(file.path) has \(file.size)")
        // Writes within `bytes`.
        try unsafe listing.read(file, into: bytes)
    }
}

extension ImageListing {
    fileprivate func read(_ file: ImageFile, into bytes: inout [UInt8]) throws(DatasetError) {
        // The array's own bytes, during the call.
        let outcome = unsafe bytes.withUnsafeMutableBytes { buffer in
            Result { () throws(DatasetError) in try unsafe read(file, into: buffer) }
        }
        try outcome.get()
    }

    /// Reads the whole file, whose size must be what it was when it was listed.
    fileprivate func read(
        _ file: ImageFile, into bytes: UnsafeMutableRawBufferPointer
    ) throws(DatasetError) {
        let path = location(of: file)
        // Writes within `bytes`.
        if let archive = file.archive {
            try unsafe archives[archive].read(at: file.offset, into: bytes)
        } else {
            try unsafe readFile(path, into: bytes)
        }
        do throws(DatasetError) {
            _ = try unsafe ImageKind(of: UnsafeRawBufferPointer(bytes))
        } catch {
            throw error.named(path)
        }
    }
}
