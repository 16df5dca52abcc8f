// SPDX-License-Identifier: Apache-2.0
//
// PNG through libpng: 8 bits a channel, grey, RGB or RGBA. Of 16 bits the upper 8 are kept, as Pillow's
// `convert` does.

#include "CImageCodecs.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <png.h>

struct session {
    png_structp png;
    png_infop info;
    const uint8_t *bytes;
    size_t left;
    struct codec_image *image;
    jmp_buf escape;
};

static _Noreturn void give_up(struct session *session, enum codec_outcome outcome, const char *message) {
    session->image->outcome = outcome;
    snprintf(session->image->message, sizeof session->image->message, "%s", message);
    longjmp(session->escape, 1);
}

static _Noreturn void on_error(png_structp png, png_const_charp message) {
    give_up(png_get_error_ptr(png), CODEC_DAMAGED, message);
}

static void on_warning(png_structp png, png_const_charp message) {
    (void)png, (void)message;  // about chunks that say nothing about pixels
}

static void on_read(png_structp png, png_bytep into, size_t count) {
    struct session *session = png_get_io_ptr(png);
    if (count > session->left) give_up(session, CODEC_TRUNCATED, "premature end of PNG file");
    memcpy(into, session->bytes, count);
    session->bytes += count;
    session->left -= count;
}

static void read_header(struct session *session, size_t most_pixels) {
    struct codec_image *image = session->image;
    png_structp png = session->png;
    png_infop info = session->info;
    png_set_read_fn(png, session, on_read);
    png_read_info(png, info);
    image->width = png_get_image_width(png, info);
    image->height = png_get_image_height(png, info);
    if ((size_t)image->width * image->height > most_pixels) {
        char size[64];
        snprintf(size, sizeof size, "%u x %u pixels", image->width, image->height);
        give_up(session, CODEC_TOO_LARGE, size);
    }
}

static void decode(struct session *session, int keep_alpha) {
    struct codec_image *image = session->image;
    png_structp png = session->png;
    png_infop info = session->info;
    png_set_strip_16(png);
    png_set_palette_to_rgb(png);
    png_set_expand_gray_1_2_4_to_8(png);
    const int is_transparent = png_get_valid(png, info, PNG_INFO_tRNS) != 0;
    if (keep_alpha && (is_transparent || png_get_color_type(png, info) & PNG_COLOR_MASK_ALPHA)) {
        if (is_transparent) png_set_tRNS_to_alpha(png);
        png_set_gray_to_rgb(png);
    } else {
        png_set_strip_alpha(png);
    }
    const int passes = png_set_interlace_handling(png);
    png_read_update_info(png, info);

    image->channels = png_get_channels(png, info);
    const size_t stride = (size_t)image->width * image->channels;
    if (png_get_rowbytes(png, info) != stride || image->channels == 2)
        give_up(session, CODEC_UNSUPPORTED, "neither grey nor RGB of 8 bits");
    image->pixels = calloc(image->height, stride);  // passes of an interlaced image read what is there
    if (image->pixels == NULL) give_up(session, CODEC_NO_MEMORY, "");
    for (int pass = 0; pass < passes; pass++)
        for (size_t y = 0; y < image->height; y++)
            png_read_row(png, image->pixels + y * stride, NULL);
    png_read_end(png, NULL);
}

// Its own function, so that no local variable changes between setjmp and longjmp.
static void read_or_escape(
    struct session *session, size_t most_pixels, int header_only, int keep_alpha) {
    if (setjmp(session->escape) != 0) return;
    session->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, session, on_error, on_warning);
    session->info = session->png == NULL ? NULL : png_create_info_struct(session->png);
    if (session->info == NULL) give_up(session, CODEC_NO_MEMORY, "");
    read_header(session, most_pixels);
    if (!header_only) decode(session, keep_alpha);
}

static void read_png(
    const uint8_t *bytes, size_t count, size_t most_pixels, int header_only, int keep_alpha,
    struct codec_image *image) {
    struct session session = {.bytes = bytes, .left = count, .image = image};
    *image = (struct codec_image){.outcome = CODEC_DECODED};
    read_or_escape(&session, most_pixels, header_only, keep_alpha);
    png_destroy_read_struct(&session.png, &session.info, NULL);
    if (image->outcome != CODEC_DECODED) {
        free(image->pixels);
        image->pixels = NULL;
    }
}

void codec_decode_png(
    const uint8_t *bytes, size_t count, size_t most_pixels, int keep_alpha,
    struct codec_image *image) {
    read_png(bytes, count, most_pixels, 0, keep_alpha, image);
}

void codec_check_png(
    const uint8_t *bytes, size_t count, size_t most_pixels, struct codec_image *image) {
    read_png(bytes, count, most_pixels, 1, 0, image);
}

const char *codec_png_version(void) { return png_get_libpng_ver(NULL); }
