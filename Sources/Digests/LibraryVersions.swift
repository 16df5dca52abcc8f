// SPDX-License-Identifier: Apache-2.0

import CDigests

/// The versions of OpenSSL and xxHash that are linked.
public func digestVersions() -> [(name: String, version: String)] {
    let hash = Int(XXH_versionNumber())
    return [
        // A constant of the library.
        ("OpenSSL", unsafe String(cString: OpenSSL_version(OPENSSL_VERSION_STRING))),
        ("xxHash", "\(hash / 10_000).\(hash / 100 % 100).\(hash % 100)"),
    ]
}
