// SPDX-License-Identifier: Apache-2.0
#include <openssl/evp.h>
#include <xxhash.h>

#if defined(__x86_64__)
#include <xxh_x86dispatch.h>
// The widest instructions that the machine has; the same result.
static inline XXH64_hash_t digests_xxh3(const void *bytes, size_t count) {
    return XXH3_64bits_dispatch(bytes, count);
}
#else
static inline XXH64_hash_t digests_xxh3(const void *bytes, size_t count) {
    return XXH3_64bits(bytes, count);
}
#endif
