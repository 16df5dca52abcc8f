// SPDX-License-Identifier: Apache-2.0
//
// The bytes of listed files.

extension ImageListing {
    /// The whole file.
    func contents(of file: ImageFile) throws(DatasetError) -> [UInt8] {
        try checkSize(file)
        return try unsafe bytes(file.size) { bytes throws(DatasetError) in
            // Writes within `bytes`.
            try unsafe read(file, into: bytes)
        }
    }

    /// Some of its bytes; its name is not put before what is wrong with them.
    func contents(of file: ImageFile, _ range: Range<Int>) throws(DatasetError) -> [UInt8] {
        try unsafe bytes(range.count) { bytes throws(DatasetError) in
            // Writes within `bytes`.
            if let archive = file.archive {
                try unsafe archives[archive].read(at: file.offset + range.lowerBound, into: bytes)
            } else {
                try unsafe readFile(location(file.path), at: range.lowerBound, into: bytes)
            }
        }
    }

    /// Reads the whole file, whose size must be what it was when it was listed.
    func read(_ file: ImageFile, into bytes: UnsafeMutableRawBufferPointer) throws(DatasetError) {
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

    /// Before memory is taken for it.
    func checkSize(_ file: ImageFile) throws(DatasetError) {
        guard isSmallEnough(file) else {
            throw DatasetError(
                code: .tooLarge,
                detail: "\(location(of: file)): \(file.size) bytes, dataset.max_sample_bytes allows"
                    + " \(mostBytes); scale it down, remove it, or allow up to"
                    + " \(ImageFile.mostBytes)")
        }
    }

    func isSmallEnough(_ file: ImageFile) -> Bool { file.size <= mostBytes }

    private func bytes(
        _ count: Int, _ fill: (UnsafeMutableRawBufferPointer) throws(DatasetError) -> Void
    ) throws(DatasetError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        // The array's own bytes, during the call.
        let outcome = unsafe bytes.withUnsafeMutableBytes { buffer in
            Result { () throws(DatasetError) in try unsafe fill(buffer) }
        }
        try outcome.get()
        return bytes
    }
}
