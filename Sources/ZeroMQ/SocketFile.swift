// SPDX-License-Identifier: Apache-2.0

import Glibc

/// The file of an ipc endpoint. libzmq makes it when it binds, and leaves it behind.
struct SocketFile {
    private let path: String
    private let device: UInt
    private let number: UInt

    /// Nil for endpoints that have no file.
    init?(endpoint: String) {
        let scheme = "ipc://"
        guard endpoint.hasPrefix(scheme) else { return nil }
        path = String(endpoint.dropFirst(scheme.count))
        guard let (device, number) = Self.identity(path) else { return nil }
        self.device = device
        self.number = number
    }

    /// Removes the file, unless another socket has taken over the path in the meantime.
    func remove() {
        guard let now = Self.identity(path), now == (device, number) else { return }
        _ = unsafe unlink(path)  // the string lives as long as the call
    }

    private static func identity(_ path: String) -> (device: UInt, number: UInt)? {
        var status = stat()
        // Fills in `status`, which outlives the call.
        guard unsafe lstat(path, &status) == 0 else { return nil }
        return (status.st_dev, status.st_ino)
    }
}
