// SPDX-License-Identifier: Apache-2.0
//
// The images that a tar file of class folders holds.

extension ImageListing {
    /// The image files under the class folders of one folder of an archive, by the rules of a folder: see
    /// `init(folder:classes:)`.
    ///
    /// - Parameters:
    ///   - folder: "train/", or empty.
    ///   - classes: Which folders are classes.
    init(
        archive: TarArchive, in folder: String, classes: ClassChoice
    ) throws(DatasetError) {
        let path = archive.store.path
        var images: [String: [TarArchive.Entry]] = [:]
        var leftOut = 0
        for entry in archive.entries where entry.path.hasPrefix(folder) {
            let parts = entry.path.dropFirst(folder.count).split(separator: "/")
            guard parts.count > 1, ImageKind.isImage(entry.path),
                !parts.contains(where: { $0.hasPrefix(".") })
            else {
                leftOut += 1
                continue
            }
            images[String(parts[0]), default: []].append(entry)
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
        self.init(root: "", classNames: classNames, archive: archive.store)
        for (label, name) in classNames.enumerated() {
            let own = (images[name] ?? []).sorted {
                $0.path.utf8.lexicographicallyPrecedes($1.path.utf8)
            }
            for entry in own { try add(entry, label: Int32(label)) }
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
    /// One tar file of class folders, or of `train/` with `validation/` or `val/` and `test/` beside it.
    func listArchive() throws(DatasetError) -> ListedDatasets {
        let archive = try TarArchive(path: path)
        func isThere(_ folder: String) -> Bool {
            archive.entries.contains { $0.path.hasPrefix(folder) }
        }
        let train = try ImageListing(
            archive: archive, in: isThere("train/") ? "train/" : "", classes: choice(.all))
        func heldOut(_ folders: [String]) throws(DatasetError) -> ImageListing? {
            guard isThere("train/"), let folder = folders.first(where: isThere) else { return nil }
            return try ImageListing(archive: archive, in: folder, classes: choice(.of(train)))
        }
        return ListedDatasets(
            train: train, validation: try heldOut(["validation/", "val/"]),
            test: try heldOut(["test/"]), heldOut: "validation/, val/ and test/ beside train/")
    }
}
