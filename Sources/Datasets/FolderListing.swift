// SPDX-License-Identifier: Apache-2.0
//
// Which images a folder of class folders holds, in an order that no file system decides.

#if canImport(Glibc)
    import Glibc
#endif

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

/// What a directory holds.
struct DirectoryEntry {
    enum Kind { case file, directory, other }

    let name: String
    let kind: Kind

    /// Everything in a directory that does not begin with a dot, sorted by the UTF-8 bytes of the names.
    ///
    /// - Parameter followsLinks: Whether a link to a directory is a directory; a link to a file always is
    ///   a file.
    static func list(_ path: String, followsLinks: Bool) throws(DatasetError) -> [DirectoryEntry] {
        guard let directory = unsafe opendir(path) else {
            throw DatasetError(path, errno)
        }
        // Opened above, closed once.
        defer { unsafe closedir(directory) }
        var entries: [DirectoryEntry] = []
        // Each entry is valid until the next call.
        while let entry = unsafe readdir(directory) {
            let (name, type) = (unsafe Self.name(entry), unsafe Int32(entry.pointee.d_type))
            guard let name else {
                throw DatasetError(
                    code: .unsupported,
                    detail: "\(path): holds a file whose name is not UTF-8; rename it")
            }
            if name.hasPrefix(".") { continue }
            entries.append(
                DirectoryEntry(name: name, kind: kind("\(path)/\(name)", type, followsLinks)))
        }
        return entries.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }

    private static func kind(_ path: String, _ type: Int32, _ followsLinks: Bool) -> Kind {
        switch type {
        case Int32(DT_REG): .file
        case Int32(DT_DIR): .directory
        default:  // a link, or a file system that does not tell
            isFile(path)
                ? .file
                : isDirectory(path) && (followsLinks || !isLink(path)) ? .directory : .other
        }
    }

    private static func name(_ entry: UnsafeMutablePointer<dirent>) -> String? {
        // The field is a C string within the entry.
        let bytes = unsafe withUnsafeBytes(of: &entry.pointee.d_name) {
            unsafe Array($0.prefix { $0 != 0 })
        }
        return String(validating: bytes, as: UTF8.self)
    }
}
