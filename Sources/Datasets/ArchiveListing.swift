// SPDX-License-Identifier: Apache-2.0
//
// The images that tar files of class folders hold.

extension ImageListing {
    /// The image files under the class folders of one folder of archives, which count as one, by the rules
    /// of a folder: see `init(folder:classes:)`.
    ///
    /// - Parameters:
    ///   - path: Of the archive, or of the folder that they are in, for messages.
    ///   - folder: "train/", or empty.
    ///   - classes: Which folders are classes.
    init(
        archives: [TarArchive], at path: String, in folder: String, classes: ClassChoice
    ) throws(DatasetError) {
        var images: [String: [(entry: TarArchive.Entry, archive: Int)]] = [:]
        var leftOut = 0
        for (number, archive) in archives.enumerated() {
            for entry in archive.entries where entry.path.hasPrefix(folder) {
                let parts = entry.path.dropFirst(folder.count).split(separator: "/")
                guard parts.count > 1, ImageKind.isImage(entry.path),
                    !parts.contains(where: { $0.hasPrefix(".") })
                else {
                    leftOut += 1
                    continue
                }
                images[String(parts[0]), default: []].append((entry, number))
            }
        }
        let found = images.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        let classNames = classes.names ?? found
        if classes.isStrict, let stranger = found.first(where: { !classNames.contains($0) }) {
            throw DatasetError(
                code: .mismatch,
                detail: "\(path): \(folder)\(stranger): no class of the training set has this name,"
                    + " they are \(classNames.joined(separator: ", ")); rename the folder or remove it"
            )
        }
        self.init(root: "", classNames: classNames, archives: archives.map(\.store))
        for (label, name) in classNames.enumerated() {
            // Images of one path, in two archives, stand in the order of these.
            let own = (images[name] ?? []).sorted {
                $0.entry.path == $1.entry.path
                    ? $0.archive < $1.archive
                    : $0.entry.path.utf8.lexicographicallyPrecedes($1.entry.path.utf8)
            }
            for (entry, archive) in own { add(entry, of: archive, label: Int32(label)) }
        }
        guard !files.isEmpty else {
            throw DatasetError(
                code: .empty,
                detail: "\(path): no image in \(classNames.count) class folders (\(leftOut) other"
                    + " files); expected \(folder)<class>/*\(ImageKind.endings) in the"
                    + " archive")
        }
    }
}

extension DatasetConfiguration {
    /// One tar file, or all that are in a folder, of class folders, or of `train/` with `validation/` or
    /// `val/` and `test/` beside it.
    func listArchive() throws(DatasetError) -> ListedDatasets {
        var archives: [TarArchive] = []
        for file in try archiveFiles() { archives.append(try TarArchive(path: file)) }
        let entries = archives.flatMap(\.entries)
        func isThere(_ folder: String) -> Bool { entries.contains { $0.path.hasPrefix(folder) } }
        let train = try ImageListing(
            archives: archives, at: path, in: isThere("train/") ? "train/" : "",
            classes: choice(.all))
        func heldOut(_ folders: [String]) throws(DatasetError) -> ImageListing? {
            guard isThere("train/"), let folder = folders.first(where: isThere) else { return nil }
            return try ImageListing(
                archives: archives, at: path, in: folder, classes: choice(.of(train)))
        }
        return ListedDatasets(
            train: train, validation: try heldOut(["validation/", "val/"]),
            test: try heldOut(["test/"]), heldOut: "validation/, val/ and test/ beside train/")
    }

    private func archiveFiles() throws(DatasetError) -> [String] {
        guard isDirectory(path) else { return [path] }
        let files = try DirectoryEntry.list(path, followsLinks: false).filter { entry in
            entry.kind == .file
                && [".tar", ".tar.gz", ".tgz"].contains { entry.name.hasSuffix($0) }
        }
        guard !files.isEmpty else {
            throw DatasetError(
                code: .empty,
                detail:
                    "\(path): holds no .tar, .tar.gz or .tgz file; name one, or the folder that "
                    + "they are in")
        }
        return files.map { "\(path)/\($0.name)" }
    }
}
