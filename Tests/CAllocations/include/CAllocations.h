// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stddef.h>
#include <sys/types.h>

/// False under a sanitizer, which has a malloc of its own.
_Bool allocations_are_counted(void);

/// How often this thread has asked for heap memory so far, in any language.
size_t allocations_of_this_thread(void);

/// A thread that is alive, and how often it has asked for heap memory so far.
struct thread_allocations {
    pid_t thread;
    size_t count;
};

/// Fills `list` with the living threads whose name starts with `prefix`, at most `room` of them, oldest
/// first; returns how many. Allocates nothing.
size_t allocations_of_threads(const char *prefix, struct thread_allocations *list, size_t room);
