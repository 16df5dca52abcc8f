// SPDX-License-Identifier: Apache-2.0
//
// The fast check: finds accidents on the wire and in memory, at the speed of memory.

import CDigests

/// XXH3 of `bytes`, the same on every machine. It proves nothing against an adversary: see `SHA256`.
///
/// The corresponding C function is `XXH3_64bits`.
public func checksum64(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
    // The library reads exactly `count` bytes, and none through a null pointer of count 0.
    unsafe digests_xxh3(bytes.baseAddress, bytes.count)
}
