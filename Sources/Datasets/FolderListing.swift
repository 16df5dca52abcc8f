// SPDX-License-Identifier: Apache-2.0
//
// Which images a folder of class folders holds, in an order that no file system decides.

/// The image files under the class folders of one folder.
///
/// Classes sort by the UTF-8 bytes of their names, the files of a class by those of their paths within it.
/// Folders inside a class folder belong to the class. What begins with a dot is left out, and so is what
/// does not end in .jpg, .jpeg or .png, in upper or lower case.
struct FolderListing: Sendable {
    let root: String
    let classNames: [String]
    private(set) var files: [ImageFile] = []
    /// Files that are not images, by their names.
    private(set) var leftOut = 0

    /// - Parameter classes: The classes that there may be; nil makes each folder in `root` a class.
    init(root: String, classes: [String]? = nil) throws(DatasetError) {
        let folders = try DirectoryEntry.list(root, followsLinks: true)
            .filter { $0.kind == .directory }.map(\.name)
        self.root = root
        classNames = classes ?? folders
        if let stranger = folders.first(where: { !classNames.contains($0) }) {
            throw DatasetError(
                code: .mismatch,
                detail: "\(root)/\(stranger): no class of the training set has this name, they are"
                    + " \(classNames.joined(separator: ", ")); rename the folder or remove it")
        }
        for (label, name) in classNames.enumerated() where folders.contains(name) {
            let start = files.count
            try collect(name, label: Int32(label))
            files[start...].sort { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
        }
    }

    /// The files that `isIncluded` by their place among the files of their class.
    func filter(_ isIncluded: (_ place: Int, _ count: Int) -> Bool) -> FolderListing {
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

    private mutating func collect(_ folder: String, label: Int32) throws(DatasetError) {
        for entry in try DirectoryEntry.list("\(root)/\(folder)", followsLinks: false) {
            let path = "\(folder)/\(entry.name)"
            switch entry.kind {
            case .directory: try collect(path, label: label)
            case .file where Self.isImage(entry.name):
                files.append(ImageFile(path: path, label: label, size: try size(path)))
            case .file, .other: leftOut += 1
            }
        }
    }

    private func size(_ path: String) throws(DatasetError) -> Int {
        let size = try fileSize("\(root)/\(path)")
        guard size <= ImageFile.mostBytes else {
            throw DatasetError(
                code: .tooLarge,
                detail: "\(root)/\(path): \(size) bytes, an image file may have"
                    + " \(ImageFile.mostBytes); scale it down or remove it")
        }
        return size
    }

    private static func isImage(_ name: String) -> Bool {
        let name = name.lowercased()
        return [".jpg", ".jpeg", ".png"].contains { name.hasSuffix($0) }
    }
}

/// One image of a folder.
struct ImageFile: Sendable {
    static let mostBytes = 1 << 28

    /// Within the root: "roses/1.jpg".
    let path: String
    let label: Int32
    let size: Int
}
