// SPDX-License-Identifier: Apache-2.0
//
// The strong digest: names data sets, checkpoints and models. OpenSSL uses the machine's SHA
// instructions where it has them.

import CDigests

/// A SHA-256 over bytes that come in pieces.
///
///     var hash = SHA256()
///     unsafe hash.update(bytes)
///     let digest = hash.finalize()
@safe public struct SHA256: ~Copyable {
    private let context: OpaquePointer

    public init() {
        // OpenSSL fails here only when memory is exhausted.
        guard let fresh = unsafe EVP_MD_CTX_new() else {
            preconditionFailure("EVP_MD_CTX_new: out of memory")
        }
        unsafe context = fresh
        let started = unsafe EVP_DigestInit_ex(fresh, EVP_sha256(), nil)
        precondition(started == 1, "EVP_DigestInit_ex: this OpenSSL does not offer SHA-256")
    }

    // The context is owned by this value alone, which cannot be copied.
    deinit { unsafe EVP_MD_CTX_free(context) }

    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        // Reads exactly `count` bytes; for a count of 0 nothing, whatever the address.
        guard unsafe !bytes.isEmpty else { return }
        let done = unsafe EVP_DigestUpdate(context, bytes.baseAddress, bytes.count)
        precondition(done == 1, "EVP_DigestUpdate: failed after initialisation")
    }

    public consuming func finalize() -> Digest {
        // A SHA-256 writes exactly the 32 bytes that `buffer` has room for.
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: Digest.byteCount) { buffer, count in
            let done = unsafe EVP_DigestFinal_ex(context, buffer.baseAddress, nil)
            precondition(done == 1, "EVP_DigestFinal_ex: failed after initialisation")
            count = Digest.byteCount
        }
        return Digest(bytes: bytes)
    }
}

/// The SHA-256 of `bytes`.
public func sha256(_ bytes: UnsafeRawBufferPointer) -> Digest {
    var hash = SHA256()
    // Passed on as it came.
    unsafe hash.update(bytes)
    return hash.finalize()
}
