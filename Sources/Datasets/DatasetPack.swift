// SPDX-License-Identifier: Apache-2.0
//
// A folder of class folders as a few tar files.

/// Which image goes into which archive. The same source and sizes always give the same archives, byte for
/// byte.
public struct DatasetPack: Sendable {
    public struct Image: Sendable, Equatable {
        /// Within the source and within the archive: "roses/1.jpg", or "train/roses/1.jpg".
        public let path: String
        let size: Int
    }

    /// When an archive is full.
    public struct Limits: Sendable, Equatable {
        /// Images of an archive.
        public var images: Int
        /// Bytes of an archive; one image is never too large for one.
        public var bytes: Int

        public init(images: Int = 10_000, bytes: Int = 1 << 30) {
            precondition(images > 0 && bytes > 0, "DatasetPack: \(images) images, \(bytes) bytes")
            self.images = images
            self.bytes = bytes
        }
    }

    public let source: String
    /// The images of each archive, in their order.
    public let archives: [[Image]]

    /// - Parameter limits: nil puts everything into one archive.
    public init(source: String, limits: Limits?) throws(DatasetError) {
        var images: [Image] = []
        let parts = try DirectoryEntry.list(source, followsLinks: true)
            .filter { $0.kind == .directory && Self.partNames.contains($0.name) }.map(\.name)
        // Parts are packed as parts, but only where there is a training part: else they are classes.
        for part in parts.contains("train") ? parts : [""] {
            let folder = part.isEmpty ? source : "\(source)/\(part)"
            images += try ImageListing(folder: folder, classes: .all).files.map {
                Image(path: part.isEmpty ? $0.path : "\(part)/\($0.path)", size: $0.size)
            }
        }
        self.source = source
        var archives: [[Image]] = [], full = 0
        for image in images {
            let size = Self.bytes(of: image)
            let isFull =
                limits.map {
                    archives.last?.count == $0.images || full + size > $0.bytes
                } ?? false
            if archives.isEmpty || isFull {
                archives.append([])
                full = TarEntryHeader.end.count
            }
            archives[archives.count - 1].append(image)
            full += size
        }
        self.archives = archives
    }

    private static let partNames = ["train", "validation", "val", "test"]

    private static func bytes(of image: Image) -> Int {
        TarEntryHeader.bytes(image.path, size: image.size).count + image.size
            + TarEntryHeader.padding(image.size).count
    }

    /// Writes the archives, none of which may be there; their folder is made if it is missing.
    ///
    /// - Parameter names: One for each archive.
    public func write(to names: [String]) throws(DatasetError) {
        precondition(names.count == archives.count, "DatasetPack: \(names.count) names")
        if let name = names.first(where: isFile) {
            throw DatasetError(
                code: .mismatch,
                detail: "\(name): is there already; remove it, or choose another name")
        }
        for (name, images) in zip(names, archives) {
            if let slash = name.lastIndex(of: "/"), slash > name.startIndex {
                try makeFolder(String(name[..<slash]), mayExist: true)
            }
            // Under its name it is whole.
            let unfinished = name + ".part"
            let file = try NewFile(unfinished)
            for image in images {
                let bytes = try readFile("\(source)/\(image.path)", most: ImageFile.mostBytes)
                try file.append(TarEntryHeader.bytes(image.path, size: bytes.count))
                try file.append(bytes)
                try file.append(TarEntryHeader.padding(bytes.count))
            }
            try file.append(TarEntryHeader.end)
            try file.finish(as: name)
        }
    }
}
