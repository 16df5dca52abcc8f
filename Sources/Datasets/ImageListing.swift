// SPDX-License-Identifier: Apache-2.0
//
// Image files with their labels, in an order that no file system decides.

/// The images of one part of the data.
struct ImageListing: Sendable {
    /// The folder that the files' paths begin in; empty is where the program runs.
    let root: String
    let classNames: [String]
    private(set) var files: [ImageFile] = []

    /// The tar file that the files are parts of; nil for files of their own.
    let archive: TarStore?

    init(root: String, classNames: [String], archive: TarStore? = nil) {
        self.root = root
        self.archive = archive
        self.classNames = classNames
    }

    /// Where a file is.
    func location(_ path: String) -> String {
        if let archive { return "\(archive.path):\(path)" }
        return path.hasPrefix("/") || root.isEmpty ? path : "\(root)/\(path)"
    }

    /// Adds a file that is there.
    mutating func add(_ path: String, label: Int32) throws(DatasetError) {
        try add(path, label: label, offset: 0, size: fileSize(location(path)))
    }

    /// Adds a part of the archive.
    mutating func add(_ entry: TarArchive.Entry, label: Int32) throws(DatasetError) {
        try add(entry.path, label: label, offset: entry.offset, size: entry.size)
    }

    private mutating func add(
        _ path: String, label: Int32, offset: Int, size: Int
    ) throws(DatasetError) {
        guard size <= ImageFile.mostBytes else {
            throw DatasetError(
                code: .tooLarge,
                detail: "\(location(path)): \(size) bytes, an image file may have"
                    + " \(ImageFile.mostBytes); scale it down or remove it")
        }
        files.append(ImageFile(path: path, label: label, offset: offset, size: size))
    }

    /// The files that `isIncluded` by their place among the files of their class.
    func filter(_ isIncluded: (_ place: Int, _ count: Int) -> Bool) -> ImageListing {
        var result = self
        var counts = [Int](repeating: 0, count: classNames.count)
        for file in files { counts[Int(file.label)] += 1 }
        var places = [Int](repeating: 0, count: classNames.count)
        result.files = files.filter { file in
            let label = Int(file.label)
            defer { places[label] += 1 }
            return isIncluded(places[label], counts[label])
        }
        return result
    }
}

/// Which classes a listing has.
enum ClassChoice {
    /// Those that are found.
    case all
    /// Those of the training set: no others may be found.
    case of(ImageListing)
    /// Those that the job names: others are left out.
    case chosen([String])

    /// nil if they are still to be found.
    var names: [String]? {
        switch self {
        case .all: nil
        case .of(let listing): listing.classNames
        case .chosen(let names): names
        }
    }

    /// Whether a class that is none of them is a mistake.
    var isStrict: Bool { if case .chosen = self { false } else { true } }
}

/// One image of a listing.
struct ImageFile: Sendable {
    static let mostBytes = 1 << 28

    /// Within the root, "roses/1.jpg", or absolute.
    let path: String
    let label: Int32
    /// Where in the archive its bytes begin.
    let offset: Int
    let size: Int
}
