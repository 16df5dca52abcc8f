// SPDX-License-Identifier: Apache-2.0
//
// zlib as it is; libjpeg-turbo, libpng and libwebp behind one call each: the first two report errors by
// longjmp, which must not cross Swift.
#ifndef CIMAGECODECS_H
#define CIMAGECODECS_H

#include <stddef.h>
#include <stdint.h>
#include <zlib.h>

enum codec_outcome {
    CODEC_DECODED,
    CODEC_TRUNCATED,    // the bytes end too early
    CODEC_DAMAGED,      // the bytes are not what the format allows
    CODEC_UNSUPPORTED,  // a variant of the format that the library does not read
    CODEC_TOO_LARGE,    // more pixels than the caller allows
    CODEC_NO_MEMORY,
};

// An image, or the reason why there is none.
struct codec_image {
    enum codec_outcome outcome;
    uint32_t width, height;
    uint32_t file_width, file_height;  // of a JPEG before it is scaled
    uint32_t channels;  // 1: grey, 3: red, green, blue, 4: these and alpha
    uint8_t *pixels;    // [height][width][channels], released by free(); NULL unless decoded
    char message[256];  // the library's words; empty if decoded
};

// Decodes the `count` bytes of a JPEG, PNG or WebP file. Never reads past them, prints, exits or jumps.
// An alpha channel is dropped unless `keep_alpha`; there are four channels only where there is one.
// A JPEG comes at a half, a quarter or an eighth of its size, whichever is the smallest that leaves at least
// `enough_width` x `enough_height` pixels; whole if these are 0.
void codec_decode_jpeg(
    const uint8_t *bytes, size_t count, size_t most_pixels, uint32_t enough_width,
    uint32_t enough_height, struct codec_image *image);
void codec_decode_png(
    const uint8_t *bytes, size_t count, size_t most_pixels, int keep_alpha,
    struct codec_image *image);
void codec_decode_webp(
    const uint8_t *bytes, size_t count, size_t most_pixels, int keep_alpha,
    struct codec_image *image);

// Reads the header alone, of which `count` bytes need to hold no more; says of it what decoding would.
void codec_check_jpeg(
    const uint8_t *bytes, size_t count, size_t most_pixels, struct codec_image *image);
void codec_check_png(
    const uint8_t *bytes, size_t count, size_t most_pixels, struct codec_image *image);
void codec_check_webp(
    const uint8_t *bytes, size_t count, size_t most_pixels, struct codec_image *image);

// Versions of the libraries: libjpeg-turbo's as compiled against, the others' as linked.
const char *codec_jpeg_version(void);
const char *codec_png_version(void);
const char *codec_webp_version(void);

#endif
