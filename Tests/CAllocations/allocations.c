// SPDX-License-Identifier: Apache-2.0
//
// Counts allocations in the test program by standing in front of glibc's malloc, which allows it
// ("Replacing malloc" in its manual) and keeps its own functions under these names.

#include "CAllocations.h"

#include <errno.h>

#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)

_Bool allocations_are_counted(void) { return 0; }
size_t allocations_of_this_thread(void) { return 0; }

#else

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

static __thread size_t allocations;

_Bool allocations_are_counted(void) { return 1; }
size_t allocations_of_this_thread(void) { return allocations; }

void *malloc(size_t size) {
    allocations++;
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
    allocations++;
    return __libc_calloc(count, size);
}

void *realloc(void *old, size_t size) {
    allocations++;
    return __libc_realloc(old, size);
}

void *memalign(size_t alignment, size_t size) {
    allocations++;
    return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }

int posix_memalign(void **result, size_t alignment, size_t size) {
    void *memory = memalign(alignment, size);
    if (memory == NULL) return ENOMEM;
    *result = memory;
    return 0;
}

#endif
