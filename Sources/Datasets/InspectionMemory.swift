// SPDX-License-Identifier: Apache-2.0
//
// Which image files were found sound, kept from run to run.

/// Checksums of the path, size and time of change of sound files.
package struct InspectionMemory {
    private var known: Set<UInt64>
    /// Of the files that are there now.
    private var present: Set<UInt64> = []
    private let file: CacheFile
    private let start = ContinuousClock.now
    private let worthwhile: Duration

    /// - Parameters:
    ///   - dataset: Where the images are.
    ///   - folder: Where the memory is kept; nil keeps nothing.
    ///   - worthwhile: What is looked at in less time is not worth a file.
    package init(
        _ inspection: Inspection, of dataset: String, in folder: String? = Self.folder,
        worthwhile: Duration = .milliseconds(100)
    ) {
        // Another version of a codec may think otherwise.
        let codecs = imageCodecVersions().map { "\($0.name) \($0.version)" }.joined()
        file = CacheFile(
            inspection.rawValue, of: dataset, in: folder, version: "convoy inspected 1 \(codecs)")
        self.worthwhile = worthwhile
        known = Set(file.read())
    }

    package static var folder: String? { CacheFile.folder }

    /// Names a file as it is now.
    package static func key(_ location: String, size: Int, changed: Int) -> UInt64 {
        CacheFile.key(location, size: size, changed: changed)
    }

    package func knows(_ key: UInt64) -> Bool { known.contains(key) }

    package mutating func add(_ keys: some Sequence<UInt64>) { present.formUnion(keys) }

    /// Writes the file, if that saves time.
    package func save() {
        guard !present.isSubset(of: known), ContinuousClock.now - start >= worthwhile else {
            return
        }
        // Files that were changed or removed are not remembered for ever.
        let isOld = known.count > 2 * present.count + 1000
        file.write((isOld ? present : known.union(present)).sorted())
    }
}
