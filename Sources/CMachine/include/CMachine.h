// SPDX-License-Identifier: Apache-2.0
//
// What Swift cannot say about the machine it runs on: which vector instructions the processor has and
// the operating system saves, and the mode of the floating-point unit.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "linux.h"

/// Asks for the cache line at `address`, which need not exist, ahead of its use.
static inline __attribute__((always_inline)) void machine_prefetch(const void *address) {
    __builtin_prefetch(address);
}

typedef float machine_vector __attribute__((ext_vector_type(16)));

/// Stores past the caches what is too large to stay in them. Not in order with other stores.
static inline __attribute__((always_inline)) void machine_stream(machine_vector value, void *address) {
    __builtin_nontemporal_store(value, (machine_vector *)address);
}
/// Everything that was stored before comes before what is stored after.
static inline void machine_end_stream(void) { __atomic_thread_fence(__ATOMIC_SEQ_CST); }

#if defined(__x86_64__)

#include <cpuid.h>

/// Whether the operating system saves the register states in `mask` (bits of XCR0).
static inline bool machine_saves(uint32_t mask) {
    uint32_t a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & (1u << 27))) return false;  // OSXSAVE
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (low & mask) == mask;
}

/// AVX2 and FMA, with ymm registers saved.
static inline bool machine_has_avx2(void) {
    uint32_t a, b, c, d;
    if (!machine_saves(0x06)) return false;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & (1u << 12)) || !(c & (1u << 28))) return false;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & (1u << 5));
}

/// AVX-512 F, DQ, CD, BW and VL beside AVX2 and FMA, with zmm and mask registers saved.
static inline bool machine_has_avx512(void) {
    uint32_t a, b, c, d;
    const uint32_t needed = (1u << 16) | (1u << 17) | (1u << 28) | (1u << 30) | (1u << 31);
    if (!machine_has_avx2() || !machine_saves(0xe6)) return false;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & needed) == needed;
}

/// Subnormal results and operands become zero on this thread: MXCSR bits FTZ (15) and DAZ (6).
static inline void machine_flush_subnormals(void) {
    uint32_t mode;
    __asm__ volatile("stmxcsr %0" : "=m"(mode));
    mode |= 0x8040;
    __asm__ volatile("ldmxcsr %0" : : "m"(mode));
}

static inline bool machine_flushes_subnormals(void) {
    uint32_t mode;
    __asm__ volatile("stmxcsr %0" : "=m"(mode));
    return (mode & 0x8040) == 0x8040;
}

#elif defined(__aarch64__)

static inline bool machine_has_avx2(void) { return false; }
static inline bool machine_has_avx512(void) { return false; }

/// Subnormal results and operands become zero on this thread: FPCR bit FZ (24) does both.
static inline void machine_flush_subnormals(void) {
    uint64_t mode;
    __asm__ volatile("mrs %0, fpcr" : "=r"(mode));
    mode |= 1u << 24;
    __asm__ volatile("msr fpcr, %0" : : "r"(mode));
}

static inline bool machine_flushes_subnormals(void) {
    uint64_t mode;
    __asm__ volatile("mrs %0, fpcr" : "=r"(mode));
    return mode & (1u << 24);
}

#else
#error "Convoy knows x86-64 and arm64"
#endif
