// SPDX-License-Identifier: Apache-2.0
//
// Counts allocations in the test program by standing in front of glibc's malloc, which allows it
// ("Replacing malloc" in its manual) and keeps its own functions under these names.

#define _GNU_SOURCE
#include "CAllocations.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)

_Bool allocations_are_counted(void) { return 0; }
size_t allocations_of_this_thread(void) { return 0; }
size_t allocations_of_threads(const char *prefix, struct thread_allocations *list, size_t room) {
    return 0;
}

#else

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

// A thread takes the next counter when it first allocates, and keeps it. Threads beyond the last
// counter share that one, and are not listed.
struct counter {
    _Atomic pid_t thread;
    _Atomic size_t count;
};
enum { COUNTERS = 4096 };
static struct counter counters[COUNTERS];
static atomic_size_t taken;
static __thread struct counter *mine;

static struct counter *counter(void) {
    if (mine == NULL) {
        size_t number = atomic_fetch_add(&taken, 1);
        mine = &counters[number < COUNTERS ? number : COUNTERS - 1];
        if (number < COUNTERS - 1) {
            pid_t thread = gettid();
            // The system gives the numbers of dead threads to new ones.
            for (size_t i = 0; i < number; i++) {
                if (atomic_load(&counters[i].thread) == thread) atomic_store(&counters[i].thread, 0);
            }
            atomic_store(&mine->thread, thread);
        }
    }
    return mine;
}

// Only its thread writes to a counter, so that no atomic addition is needed.
static void note(void) {
    struct counter *own = counter();
    size_t count = atomic_load_explicit(&own->count, memory_order_relaxed);
    atomic_store_explicit(&own->count, count + 1, memory_order_relaxed);
}

_Bool allocations_are_counted(void) { return 1; }

size_t allocations_of_this_thread(void) {
    return atomic_load_explicit(&counter()->count, memory_order_relaxed);
}

/// Reads the name of a thread; an empty one if it has ended.
static void read_name(pid_t thread, char name[16]) {
    char path[64];
    snprintf(path, sizeof path, "/proc/self/task/%d/comm", (int)thread);
    memset(name, 0, 16);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return;
    if (read(file, name, 15) < 0) name[0] = 0;
    close(file);
}

size_t allocations_of_threads(const char *prefix, struct thread_allocations *list, size_t room) {
    size_t found = 0, known = atomic_load(&taken);
    for (size_t i = 0; i < known && i < COUNTERS - 1 && found < room; i++) {
        char name[16];
        pid_t thread = atomic_load(&counters[i].thread);
        if (thread != 0) read_name(thread, name);
        if (thread == 0 || strncmp(name, prefix, strlen(prefix)) != 0) continue;
        list[found].thread = thread;
        list[found++].count = atomic_load_explicit(&counters[i].count, memory_order_relaxed);
    }
    return found;
}

void *malloc(size_t size) {
    note();
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
    note();
    return __libc_calloc(count, size);
}

void *realloc(void *old, size_t size) {
    note();
    return __libc_realloc(old, size);
}

void *memalign(size_t alignment, size_t size) {
    note();
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
