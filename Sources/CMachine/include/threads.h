// SPDX-License-Identifier: Apache-2.0
//
// Two calls of Linux that Swift's Glibc module leaves out.

#pragma once

#include <sys/eventfd.h>
#include <sys/prctl.h>

/// The corresponding C function is `eventfd`: a counter in the kernel that can be polled.
static inline int machine_event_descriptor(void) { return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC); }

/// Names the calling thread, for debuggers and `top -H`; at most 15 bytes are kept.
static inline void machine_name_thread(const char *name) { prctl(PR_SET_NAME, name); }
