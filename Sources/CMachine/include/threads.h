// SPDX-License-Identifier: Apache-2.0
//
// Calls of Linux that Swift's Glibc module leaves out.

#pragma once

#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/// The corresponding C function is `eventfd`: a counter in the kernel that can be polled.
static inline int machine_event_descriptor(void) { return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC); }

/// Names the calling thread, for debuggers and `top -H`; at most 15 bytes are kept.
static inline void machine_name_thread(const char *name) { prctl(PR_SET_NAME, name); }

/// Keeps the calling thread on the core with this number among those it may use, from 0.
static inline void machine_pin_thread(int number) {
    unsigned long allowed[128] = {0}, one[128] = {0};
    const int bits = 8 * sizeof(unsigned long);
    long bytes = syscall(SYS_sched_getaffinity, 0, sizeof allowed, allowed);
    for (int core = 0; core < bytes * 8; core++) {
        if (!(allowed[core / bits] >> (core % bits) & 1) || number-- > 0) continue;
        one[core / bits] = 1ul << (core % bits);
        syscall(SYS_sched_setaffinity, 0, sizeof one, one);
        return;
    }
}
