// SPDX-License-Identifier: Apache-2.0
//
// Image files looked at before the first step, so that a bad one does not end a run in its middle.

import Dispatch
import Synchronization

/// How closely files are looked at.
package enum Inspection: String {
    /// Whether they begin and end as images do: what is damaged in between is found when it is read.
    case headers
    /// Whether they decode.
    case pixels
}

extension ImageListing {
    /// Leaves out bad files, or stops at them.
    mutating func inspect(
        _ inspection: Inspection, _ memory: inout InspectionMemory, skips: Bool
    ) throws(DatasetError) {
        let faults = faults(inspection, &memory)
        guard let first = faults.keys.min().flatMap({ faults[$0] }) else { return }
        let count = "\(faults.count) of \(files.count) image files cannot be read"
        guard skips else {
            throw DatasetError(
                code: first.code,
                detail: faults.count == 1
                    ? "\(first.detail), or set dataset.bad_files to skip"
                    : "\(count), the first is \(first.detail), or set dataset.bad_files to skip;"
                        + " 'convoy data info' names all")
        }
        guard faults.count < files.count else {
            throw DatasetError(code: .empty, detail: "\(count), the first is \(first.detail)")
        }
        skip(faults)
    }

    /// What is wrong with which files, by their places.
    ///
    /// - Parameter memory: What it knows is not looked at again; sound files are added.
    func faults(_ inspection: Inspection, _ memory: inout InspectionMemory) -> [Int: DatasetError] {
        let keys = files.map(key)
        let strangers = files.indices.filter {
            !memory.knows(keys[$0]) || !isSmallEnough(files[$0])
        }
        let found = Mutex<[Int: DatasetError]>([:])
        let chunk = 16
        let chunks = (strangers.count + chunk - 1) / chunk
        DispatchQueue.concurrentPerform(iterations: chunks) { number in
            for place in strangers[number * chunk..<min((number + 1) * chunk, strangers.count)] {
                guard let fault = fault(of: files[place], inspection) else { continue }
                found.withLock { $0[place] = fault }
            }
        }
        let faults = found.withLock { $0 }
        memory.add(files.indices.lazy.filter { faults[$0] == nil }.map { keys[$0] })
        return faults
    }

    private func fault(of file: ImageFile, _ inspection: Inspection) -> DatasetError? {
        do throws(DatasetError) {
            try checkSize(file)
            if inspection == .headers, try hasSoundEnds(file) { return nil }
            let bytes = try contents(of: file)
            // The array's own bytes, during the call.
            let outcome = unsafe bytes.withUnsafeBytes { bytes in
                Result { () throws(DatasetError) in
                    _ = try unsafe DecodedImage(file: bytes, keepsAlpha: false)
                }
            }
            try outcome.get()
            return nil
        } catch {
            let name = location(of: file)
            return error.detail.hasPrefix(name) ? error : error.named(name)
        }
    }

    /// Bytes that hold the headers of nearly all files.
    private static let headerBytes = 1 << 14

    /// Whether a file begins and ends as one of its kind; false if that cannot be told so.
    private func hasSoundEnds(_ file: ImageFile) throws(DatasetError) -> Bool {
        let start = try contents(of: file, 0..<min(file.size, Self.headerBytes))
        let end = try contents(of: file, max(0, file.size - 12)..<file.size)
        // The array's own bytes, during the calls.
        let outcome = unsafe start.withUnsafeBytes { bytes in
            Result { () throws(DatasetError) in
                let kind = try unsafe ImageKind(of: bytes)
                try unsafe DecodedImage.checkHeader(bytes)
                return kind
            }
        }
        do throws(DatasetError) {
            return try outcome.get().hasEnd(end, start: start, size: file.size)
        } catch {
            // The header may go on.
            if error.code == .truncated, start.count < file.size { return false }
            throw error
        }
    }
}

extension ImageKind {
    /// Whether a file is whole by its last bytes.
    ///
    /// - Parameters:
    ///   - end: Up to twelve bytes.
    ///   - start: The file's first bytes, with its header.
    fileprivate func hasEnd(_ end: [UInt8], start: [UInt8], size: Int) -> Bool {
        switch self {
        case .jpeg: return end.suffix(2) == [0xFF, 0xD9]
        case .png:
            return end == [0, 0, 0, 0, 0x49, 0x45, 0x4E, 0x44, 0xAE, 0x42, 0x60, 0x82]
        case .bmp: return false  // it has no end mark, and takes no time
        case .webp:
            let length = start[4..<8].reversed().reduce(0) { $0 << 8 | Int($1) }
            return length + 8 <= size
        }
    }
}
