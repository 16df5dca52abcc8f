// SPDX-License-Identifier: Apache-2.0
//
// One folder of class folders cut into three: train, validation and test.

import Tensors

#if canImport(Glibc)
    import Glibc
#endif

/// Which file goes where. The same source, amounts and seed always give the same plan.
public struct DatasetSplit: Sendable {
    /// How much of each class a part gets.
    public enum Amount: Sendable, Equatable {
        case images(Int)
        /// Of the images of the class, rounded down.
        case share(Double)

        func count(of images: Int) -> Int {
            switch self {
            case .images(let count): count
            case .share(let share): Int(Double(images) * share)
            }
        }
    }

    public struct File: Sendable, Equatable {
        /// Within the source: "roses/1.jpg".
        public let path: String
        public let part: Partition
    }

    public let source: String
    public let files: [File]
    /// Images that no part gets.
    public let leftOut: Int

    /// - Parameter amounts: What each part gets; a part without an amount gets no folder.
    public init(
        source: String, amounts: [Partition: Amount], seed: UInt64
    ) throws(DatasetError) {
        for name in Partition.allCases.map(\.rawValue) where isDirectory("\(source)/\(name)") {
            throw DatasetError(
                code: .mismatch,
                detail: "\(source): holds \(name)/, so it is split already; name a folder of class"
                    + " folders")
        }
        let listing = try ImageListing(folder: source, classes: .all)
        var files: [File] = []
        var leftOut = 0
        for (label, name) in listing.classNames.enumerated() {
            let own = listing.files.filter { Int($0.label) == label }.map(\.path)
            let order = SampleOrder(seed: seed, epoch: label, count: own.count)
            var place = 0
            for part in Partition.allCases {
                let count = amounts[part]?.count(of: own.count) ?? 0
                guard place + count <= own.count else {
                    throw DatasetError(
                        code: .mismatch,
                        detail: "\(source)/\(name): has \(own.count) images, the parts take"
                            + " \(Self.wanted(amounts, own.count)) of each class; ask for fewer, or for"
                            + " shares as 0.8")
                }
                for _ in 0..<count {
                    files.append(File(path: own[order[place]], part: part))
                    place += 1
                }
            }
            leftOut += own.count - place
        }
        self.source = source
        self.leftOut = leftOut
        self.files = files.sorted { ($0.part.rawValue, $0.path) < ($1.part.rawValue, $1.path) }
    }

    private static func wanted(_ amounts: [Partition: Amount], _ images: Int) -> Int {
        amounts.values.reduce(0) { $0 + $1.count(of: images) }
    }

    /// Makes the folder, which must not be there, with the files as hard links or as copies.
    public func write(to destination: String, copying: Bool) throws(DatasetError) {
        try makeFolder(destination, mayExist: false)
        var made: Set<String> = []
        for file in files {
            let target = "\(destination)/\(file.part.rawValue)/\(file.path)"
            try Self.makeFolders(above: target, from: destination, &made)
            let origin = "\(source)/\(file.path)"
            if copying {
                try Self.copy(origin, to: target)
            } else {
                try Self.link(origin, to: target)
            }
        }
    }

    private static func makeFolders(
        above file: String, from root: String, _ made: inout Set<String>
    ) throws(DatasetError) {
        var folder = root
        for part in file.dropFirst(root.count).split(separator: "/").dropLast() {
            folder += "/\(part)"
            if made.insert(folder).inserted { try makeFolder(folder, mayExist: true) }
        }
    }

    private static func link(_ origin: String, to target: String) throws(DatasetError) {
        // Swift passes the paths as C strings for the time of the call. A link's own target is linked.
        guard unsafe linkat(AT_FDCWD, origin, AT_FDCWD, target, AT_SYMLINK_FOLLOW) != 0 else {
            return
        }
        let number = errno
        throw DatasetError(
            code: .unreadable,
            detail: "link \(target): \(words(of: number)); use --copy, as for another file system")
    }

    private static func copy(_ origin: String, to target: String) throws(DatasetError) {
        let bytes = try readFile(origin, most: ImageFile.mostBytes)
        try writeFile(bytes, to: target)
    }
}
