// SPDX-License-Identifier: Apache-2.0
//
// Image files with their labels, in an order that no file system decides.

/// The images of one part of the data.
struct ImageListing: Sendable {
    /// The folder that the files' paths begin in; empty is where the program runs.
    let root: String
    let classNames: [String]
    private(set) var files: [ImageFile] = []

    init(root: String, classNames: [String]) {
        self.root = root
        self.classNames = classNames
    }

    /// Where a file is.
    func location(_ path: String) -> String {
        path.hasPrefix("/") || root.isEmpty ? path : "\(root)/\(path)"
    }

    /// Adds a file that is there.
    mutating func add(_ path: String, label: Int32) throws(DatasetError) {
        let size = try fileSize(location(path))
        guard size <= ImageFile.mostBytes else {
            throw DatasetError(
                code: .tooLarge,
                detail: "\(location(path)): \(size) bytes, an image file may have"
                    + " \(ImageFile.mostBytes); scale it down or remove it")
        }
        files.append(ImageFile(path: path, label: label, size: size))
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
    let size: Int
}
