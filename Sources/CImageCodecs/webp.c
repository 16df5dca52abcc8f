// SPDX-License-Identifier: Apache-2.0
//
// WebP through libwebp: lossy and lossless pictures, no animations.

#include "CImageCodecs.h"

#include <stdio.h>
#include <stdlib.h>

#include <webp/decode.h>

static void give_up(struct codec_image *image, enum codec_outcome outcome, const char *message) {
    image->outcome = outcome;
    snprintf(image->message, sizeof image->message, "%s", message);
    free(image->pixels);
    image->pixels = NULL;
}

static void give_up_for(struct codec_image *image, VP8StatusCode status) {
    switch (status) {
    case VP8_STATUS_NOT_ENOUGH_DATA:
    case VP8_STATUS_SUSPENDED:
        return give_up(image, CODEC_TRUNCATED, "premature end of WebP file");
    case VP8_STATUS_UNSUPPORTED_FEATURE:
        return give_up(image, CODEC_UNSUPPORTED, "a feature that libwebp does not read");
    case VP8_STATUS_OUT_OF_MEMORY:
        return give_up(image, CODEC_NO_MEMORY, "");
    default:
        return give_up(image, CODEC_DAMAGED, "no sound bit stream");
    }
}

static void read_header(
    const uint8_t *bytes, size_t count, size_t most_pixels, WebPBitstreamFeatures *features,
    struct codec_image *image) {
    *image = (struct codec_image){.outcome = CODEC_DECODED};
    const VP8StatusCode status = WebPGetFeatures(bytes, count, features);
    if (status != VP8_STATUS_OK) return give_up_for(image, status);
    if (features->has_animation) return give_up(image, CODEC_UNSUPPORTED, "an animation");
    image->width = features->width;
    image->height = features->height;
    if ((size_t)image->width * image->height > most_pixels) {
        char size[64];
        snprintf(size, sizeof size, "%u x %u pixels", image->width, image->height);
        give_up(image, CODEC_TOO_LARGE, size);
    }
}

void codec_check_webp(
    const uint8_t *bytes, size_t count, size_t most_pixels, struct codec_image *image) {
    WebPBitstreamFeatures features;
    read_header(bytes, count, most_pixels, &features, image);
}

void codec_decode_webp(
    const uint8_t *bytes, size_t count, size_t most_pixels, int keep_alpha,
    struct codec_image *image) {
    *image = (struct codec_image){.outcome = CODEC_DECODED};
    // "RIFF", then how many bytes follow; libwebp does without the last ones where it can.
    if (count < 12) return give_up(image, CODEC_TRUNCATED, "premature end of WebP file");
    const uint64_t length = bytes[4] | bytes[5] << 8 | bytes[6] << 16 | (uint32_t)bytes[7] << 24;
    if (length + 8 > count) return give_up(image, CODEC_TRUNCATED, "premature end of WebP file");

    WebPDecoderConfig config;
    if (!WebPInitDecoderConfig(&config)) return give_up(image, CODEC_UNSUPPORTED, "another libwebp");
    read_header(bytes, count, most_pixels, &config.input, image);
    if (image->outcome != CODEC_DECODED) return;
    image->channels = keep_alpha && config.input.has_alpha ? 4 : 3;
    const size_t stride = (size_t)image->width * image->channels;
    image->pixels = malloc(stride * image->height);
    if (image->pixels == NULL) return give_up(image, CODEC_NO_MEMORY, "");
    config.output.colorspace = image->channels == 4 ? MODE_RGBA : MODE_RGB;
    config.output.is_external_memory = 1;
    config.output.u.RGBA.rgba = image->pixels;
    config.output.u.RGBA.stride = (int)stride;
    config.output.u.RGBA.size = stride * image->height;
    const VP8StatusCode status = WebPDecode(bytes, count, &config);
    WebPFreeDecBuffer(&config.output);
    if (status != VP8_STATUS_OK) give_up_for(image, status);
}

const char *codec_webp_version(void) {
    static char text[16];
    const int version = WebPGetDecoderVersion();
    snprintf(
        text, sizeof text, "%d.%d.%d", version >> 16 & 255, version >> 8 & 255, version & 255);
    return text;
}
