// SPDX-License-Identifier: Apache-2.0
//
// Image files with their labels, in an order that no file system decides.

/// The images of one part of the data.
struct ImageListing: Sendable {
    /// The folder that the files' paths begin in; empty is where the program runs.
    let root: String
    let classNames: [String]
    private(set) var files: [ImageFile] = []

    /// The tar files that the files are parts of; empty for files of their own.
    let archives: [TarStore]

    init(root: String, classNames: [String], archives: [TarStore] = []) {
        self.root = root
        self.archives = archives
        self.classNames = classNames
    }

    /// Where a file is.
    func location(of file: ImageFile) -> String {
        file.archive.map { "\(archives[$0].path):\(file.path)" } ?? location(file.path)
    }

    /// Where a file of its own is.
    func location(_ path: String) -> String {
        path.hasPrefix("/") || root.isEmpty ? path : "\(root)/\(path)"
    }

    /// Adds a file that is there.
    mutating func add(_ path: String, label: Int32) throws(DatasetError) {
        try add(ImageFile(path: path, label: label, size: fileSize(location(path))))
    }

    /// Adds a part of an archive.
    mutating func add(
        _ entry: TarArchive.Entry, of archive: Int, label: Int32
    ) throws(DatasetError) {
        try add(
            ImageFile(
                path: entry.path, label: label, archive: archive, offset: entry.offset,
                size: entry.size))
    }

    private mutating func add(_ file: ImageFile) throws(DatasetError) {
        guard file.size <= ImageFile.mostBytes else {
            throw DatasetError(
                code: .tooLarge,
                detail: "\(location(of: file)): \(file.size) bytes, an image file may have"
                    + " \(ImageFile.mostBytes); scale it down or remove it")
        }
        files.append(file)
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
    /// Which of the listing's archives it is a part of, if of any.
    var archive: Int?
    /// Where in the archive's store its bytes begin.
    var offset = 0
    let size: Int
}
