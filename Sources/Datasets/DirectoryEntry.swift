// SPDX-License-Identifier: Apache-2.0
//
// Directories, in an order that no file system decides.

#if canImport(Glibc)
    import Glibc
#endif

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
