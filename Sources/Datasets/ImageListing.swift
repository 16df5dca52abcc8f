// SPDX-License-Identifier: Apache-2.0
//
// Image files with their labels, in an order that no file system decides.

/// The images of one part of the data.
struct ImageListing: Sendable {
    /// The folder that the files' paths begin in; empty is where the program runs.
    let root: String
    let classNames: [String]
    private(set) var files: [ImageFile] = []
    /// What was left out since it cannot be read, each with the reason.
    private(set) var skipped: [String] = []
    /// Of one file that is read: `max_sample_bytes`.
    var mostBytes = ImageFile.mostBytes

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

    /// Names a file as it is now.
    func key(of file: ImageFile) -> UInt64 {
        CacheFile.key(location(of: file), size: file.size, changed: file.changed)
    }

    /// Where a file of its own is.
    func location(_ path: String) -> String {
        path.hasPrefix("/") || root.isEmpty ? path : "\(root)/\(path)"
    }

    /// Adds a file that is there.
    mutating func add(
        _ path: String, label: Int32, targets: [Float] = [], weight: Float? = nil
    ) throws(DatasetError) {
        let status = try FileStatus(location(path))
        files.append(
            ImageFile(
                path: path, label: label, targets: targets, weight: weight, size: status.size,
                changed: status.changed))
    }

    /// Adds a part of an archive.
    mutating func add(_ entry: TarArchive.Entry, of archive: Int, label: Int32) {
        files.append(
            ImageFile(
                path: entry.path, label: label, archive: archive, offset: entry.offset,
                size: entry.size, changed: archives[archive].changed))
    }

    /// Notes an image that is not there, or cannot be read.
    mutating func skip(_ fault: DatasetError) { skipped.append(fault.detail) }

    /// Leaves out files that cannot be read.
    ///
    /// - Parameter faults: Why, by the places of the files.
    mutating func skip(_ faults: [Int: DatasetError]) {
        for place in faults.keys.sorted() {
            if let fault = faults[place] { skip(fault) }
        }
        files = files.indices.filter { faults[$0] == nil }.map { files[$0] }
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
    /// Of one that is read, whatever a job says.
    static let mostBytes = 1 << 28

    /// Within the root, "roses/1.jpg", or absolute.
    let path: String
    let label: Int32
    /// What `class_mode: raw` has in place of it.
    var targets: [Float] = []
    /// What its loss counts, if the listing says so.
    var weight: Float?
    /// Which of the listing's archives it is a part of, if of any.
    var archive: Int?
    /// Where in the archive's store its bytes begin.
    var offset = 0
    let size: Int
    /// When it, or its archive, was last changed, in nanoseconds since 1970.
    let changed: Int
}
