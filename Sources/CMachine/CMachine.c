// SPDX-License-Identifier: Apache-2.0
//
// SwiftPM wants a source file; everything is in the header, inline.

#include "CMachine.h"
