// SPDX-License-Identifier: Apache-2.0
//
// Calls of Linux that Swift's Glibc module leaves out.

#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <linux/memfd.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/// The corresponding C function is `eventfd`: a counter in the kernel that can be polled.
static inline int machine_event_descriptor(void) { return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC); }

enum { machine_add_seals = 1033, machine_get_seals = 1034, machine_seal_shrink = 2 };  // <linux/fcntl.h>

/// The corresponding C function is `memfd_create`: memory without a name in the file system, which may
/// grow and never shrinks, so that whoever maps it is safe from SIGBUS.
static inline int machine_memory_descriptor(const char *name) {
    int descriptor = syscall(SYS_memfd_create, name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (descriptor >= 0) syscall(SYS_fcntl, descriptor, machine_add_seals, machine_seal_shrink);
    return descriptor;
}

/// Whether a file is such memory.
static inline bool machine_never_shrinks(int descriptor) {
    long seals = syscall(SYS_fcntl, descriptor, machine_get_seals);
    return seals >= 0 && (seals & machine_seal_shrink);
}

/// Bytes that have come by a TCP connection; 0 if it is none, or the kernel does not say.
static inline uint64_t machine_bytes_received(int descriptor) {
    // glibc's tcp_info ends before tcpi_bytes_received, and <linux/tcp.h> does not go with glibc's.
    enum { tcp_info_option = 11, place = 128 };
    unsigned char info[256] = {0};
    socklen_t size = sizeof info;
    if (getsockopt(descriptor, IPPROTO_TCP, tcp_info_option, info, &size) != 0) return 0;
    uint64_t count = 0;
    if (size >= place + sizeof count) memcpy(&count, info + place, sizeof count);
    return count;
}

/// Names the calling thread, for debuggers and `top -H`; at most 15 bytes are kept.
static inline void machine_name_thread(const char *name) { prctl(PR_SET_NAME, name); }

/// Keeps the calling thread, and those that it starts from then on, on `count` cores from the one with number
/// `first` on among those it may use, counted from 0. No effect where there are not so many.
static inline void machine_pin_thread(int first, int count) {
    unsigned long allowed[128] = {0}, chosen[128] = {0};
    const int bits = 8 * sizeof(unsigned long);
    long bytes = syscall(SYS_sched_getaffinity, 0, sizeof allowed, allowed);
    for (int core = 0; core < bytes * 8 && count > 0; core++) {
        if (!(allowed[core / bits] >> (core % bits) & 1) || first-- > 0) continue;
        chosen[core / bits] |= 1ul << (core % bits);
        count--;
    }
    if (count == 0) syscall(SYS_sched_setaffinity, 0, sizeof chosen, chosen);
}

/// Asks for turns of this many nanoseconds on the core, 0 for the usual ones. Who takes short turns is let
/// in as soon as it wakes, before a thread that computes. Linux 6.12 (EEVDF) and later; no effect before.
static inline void machine_take_turns(uint64_t nanoseconds) {
    struct {
        uint32_t size, policy;
        uint64_t flags;
        int32_t nice;
        uint32_t priority;
        uint64_t runtime, deadline, period;
    } attributes = {.size = sizeof attributes};
    if (syscall(SYS_sched_getattr, 0, &attributes, sizeof attributes, 0) != 0) return;
    if (attributes.policy != 0) return;  // SCHED_OTHER
    attributes.runtime = nanoseconds;
    syscall(SYS_sched_setattr, 0, &attributes, 0);
}
