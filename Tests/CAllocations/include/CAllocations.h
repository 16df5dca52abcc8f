// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stddef.h>

/// False under a sanitizer, which has a malloc of its own.
_Bool allocations_are_counted(void);

/// How often this thread has asked for heap memory so far, in any language.
size_t allocations_of_this_thread(void);
