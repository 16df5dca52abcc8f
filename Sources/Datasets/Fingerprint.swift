// SPDX-License-Identifier: Apache-2.0
//
// What two machines compare to know that they train on the same data.

import Digests

/// A SHA-256 over a list of fields. Each field goes in with its length before it, so that no two lists
/// give the same bytes.
struct Fingerprint: ~Copyable {
    private var hash = SHA256()

    /// - Parameter kind: What is described, with a version: "pixels 1".
    init(_ kind: String) { add("convoy \(kind)") }

    mutating func add(_ bytes: UnsafeRawBufferPointer) {
        add(bytes.count)
        // Read during the call only.
        unsafe hash.update(bytes)
    }

    mutating func add(_ number: Int) {
        // The eight bytes of a local value, little-endian everywhere.
        unsafe withUnsafeBytes(of: UInt64(truncatingIfNeeded: number).littleEndian) {
            unsafe hash.update($0)
        }
    }

    mutating func add(_ numbers: [Int]) {
        add(numbers.count)
        for number in numbers { add(number) }
    }

    mutating func add(_ text: String) {
        var text = text
        // The string's own bytes, during the call.
        text.withUTF8 { unsafe add(UnsafeRawBufferPointer($0)) }
    }

    mutating func add(_ texts: [String]) {
        add(texts.count)
        for text in texts { add(text) }
    }

    mutating func add(_ digest: Digest) {
        // The array's own bytes, during the call.
        unsafe digest.bytes.withUnsafeBytes { unsafe add($0) }
    }

    consuming func finalize() -> Digest { hash.finalize() }
}
