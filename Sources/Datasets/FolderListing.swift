// SPDX-License-Identifier: Apache-2.0
//
// The images that a folder of class folders holds.

extension ImageListing {
    /// The image files under the class folders of one folder.
    ///
    /// Classes sort by the UTF-8 bytes of their names, the files of a class by those of their paths within
    /// it. Folders inside a class folder belong to the class. What begins with a dot is left out, and so is
    /// what is not called as an image is.
    ///
    /// - Parameter classes: Which folders are classes.
    init(folder root: String, classes: ClassChoice) throws(DatasetError) {
        let folders = try DirectoryEntry.list(root, followsLinks: true)
            .filter { $0.kind == .directory }.map(\.name)
        let classNames = classes.names ?? folders
        if classes.isStrict, let stranger = folders.first(where: { !classNames.contains($0) }) {
            throw DatasetError(
                code: .mismatch,
                detail: "\(root)/\(stranger): no class of the training set has this name, they are"
                    + " \(classNames.joined(separator: ", ")); rename the folder or remove it")
        }
        self.init(root: root, classNames: classNames)
        var leftOut = 0
        for (label, name) in classNames.enumerated() where folders.contains(name) {
            var paths: [String] = []
            try Self.collect(name, in: root, into: &paths, &leftOut)
            for path in paths.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) {
                try add(path, label: Int32(label))
            }
        }
        guard !files.isEmpty else {
            throw DatasetError(
                code: .empty,
                detail: "\(root): no image in \(classNames.count) class folders"
                    + " (\(leftOut) other files); expected \(root)/<class>/*\(ImageKind.endings)")
        }
    }

    private static func collect(
        _ folder: String, in root: String, into paths: inout [String], _ leftOut: inout Int
    ) throws(DatasetError) {
        for entry in try DirectoryEntry.list("\(root)/\(folder)", followsLinks: false) {
            let path = "\(folder)/\(entry.name)"
            switch entry.kind {
            case .directory: try collect(path, in: root, into: &paths, &leftOut)
            case .file where ImageKind.isImage(entry.name): paths.append(path)
            case .file, .other: leftOut += 1
            }
        }
    }
}
