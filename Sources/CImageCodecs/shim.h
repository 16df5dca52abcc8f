// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <jpeglib.h>
#include <png.h>
#include <zlib.h>
