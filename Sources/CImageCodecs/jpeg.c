// SPDX-License-Identifier: Apache-2.0
//
// JPEG through libjpeg-turbo: the accurate integer DCT and smooth ("fancy") upsampling, which give the
// same bits on every machine.

#include "CImageCodecs.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include <jerror.h>
#include <jpeglib.h>

// A hostile progressive file can repeat its scans without end; real ones have about ten.
enum { MOST_SCANS = 500 };

struct session {
    struct jpeg_error_mgr errors;  // first: libjpeg hands back a pointer to it
    struct jpeg_progress_mgr progress;
    struct jpeg_decompress_struct jpeg;
    struct codec_image *image;
    size_t most_pixels;
    uint32_t enough_width, enough_height;
    int header_only;
    jmp_buf escape;
};

static _Noreturn void give_up(struct session *session, enum codec_outcome outcome) {
    session->image->outcome = outcome;
    longjmp(session->escape, 1);
}

// Called by libjpeg instead of exit().
static void on_error(j_common_ptr jpeg) {
    struct session *session = (struct session *)jpeg->err;
    jpeg->err->format_message(jpeg, session->image->message);
    switch (jpeg->err->msg_code) {
    case JERR_OUT_OF_MEMORY:
        give_up(session, CODEC_NO_MEMORY);
    case JERR_IMAGE_TOO_BIG:
        give_up(session, CODEC_TOO_LARGE);
    case JERR_INPUT_EMPTY:
        give_up(session, CODEC_TRUNCATED);
    case JERR_BAD_PRECISION:
    case JERR_SOF_UNSUPPORTED:
    case JERR_CONVERSION_NOTIMPL:
    case JERR_ARITH_NOTIMPL:
        give_up(session, CODEC_UNSUPPORTED);
    default:
        give_up(session, CODEC_DAMAGED);
    }
}

// libjpeg invents pixels for damaged parts and goes on with a warning. A trainer must not learn them.
static void on_message(j_common_ptr jpeg, int level) {
    struct session *session = (struct session *)jpeg->err;
    if (level >= 0) return;  // chatter
    switch (jpeg->err->msg_code) {
    case JWRN_ADOBE_XFORM:
    case JWRN_EXTRANEOUS_DATA:
    case JWRN_JFIF_MAJOR:
    case JWRN_TOO_MUCH_DATA:
        return;  // harmless: every pixel is there
    default:
        jpeg->err->format_message(jpeg, session->image->message);
        give_up(session, jpeg->err->msg_code == JWRN_JPEG_EOF ? CODEC_TRUNCATED : CODEC_DAMAGED);
    }
}

static void on_progress(j_common_ptr jpeg) {
    struct session *session = (struct session *)jpeg->err;
    if (session->jpeg.input_scan_number <= MOST_SCANS) return;
    snprintf(
        session->image->message, sizeof session->image->message, "more than %d scans", MOST_SCANS);
    give_up(session, CODEC_TOO_LARGE);
}

// In place. Files hold the inks inverted (the custom of Adobe): 255 is no ink.
static void inks_to_rgb(uint8_t *pixels, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const uint8_t *inks = pixels + 4 * i;
        const unsigned key = inks[3];
        for (int c = 0; c < 3; c++) pixels[3 * i + c] = (uint8_t)((inks[c] * key + 127) / 255);
    }
}

static void read_header(struct session *session) {
    struct codec_image *image = session->image;
    struct jpeg_decompress_struct *jpeg = &session->jpeg;
    jpeg_read_header(jpeg, TRUE);
    image->file_width = image->width = jpeg->image_width;
    image->file_height = image->height = jpeg->image_height;
    if ((size_t)jpeg->image_width * jpeg->image_height > session->most_pixels) {
        snprintf(
            image->message, sizeof image->message, "%u x %u pixels", jpeg->image_width,
            jpeg->image_height);
        give_up(session, CODEC_TOO_LARGE);
    }
    switch (jpeg->jpeg_color_space) {
    case JCS_GRAYSCALE:
        jpeg->out_color_space = JCS_GRAYSCALE;
        break;
    case JCS_CMYK:
    case JCS_YCCK:
        jpeg->out_color_space = JCS_CMYK;
        break;
    case JCS_RGB:
    case JCS_YCbCr:
        jpeg->out_color_space = JCS_RGB;
        break;
    default:
        snprintf(
            image->message, sizeof image->message, "%d components of no known colour space",
            jpeg->num_components);
        give_up(session, CODEC_UNSUPPORTED);
    }
}

// The inverse DCT takes fewer coefficients: each pixel is a mean of those that it stands for.
static void choose_scale(struct session *session) {
    struct jpeg_decompress_struct *jpeg = &session->jpeg;
    if (session->enough_width == 0 || session->enough_height == 0) return;
    for (unsigned parts = 8; parts > 1; parts /= 2) {
        if (jpeg->image_width / parts >= session->enough_width &&
            jpeg->image_height / parts >= session->enough_height) {
            jpeg->scale_num = 1;
            jpeg->scale_denom = parts;
            return;
        }
    }
}

static void decode(struct session *session) {
    struct codec_image *image = session->image;
    struct jpeg_decompress_struct *jpeg = &session->jpeg;
    jpeg->dct_method = JDCT_ISLOW;
    jpeg->do_fancy_upsampling = TRUE;
    jpeg->do_block_smoothing = FALSE;
    choose_scale(session);
    jpeg_start_decompress(jpeg);

    const size_t stride = (size_t)jpeg->output_width * jpeg->output_components;
    image->pixels = malloc(stride * jpeg->output_height);
    if (image->pixels == NULL) give_up(session, CODEC_NO_MEMORY);
    while (jpeg->output_scanline < jpeg->output_height) {
        JSAMPROW row = image->pixels + stride * jpeg->output_scanline;
        jpeg_read_scanlines(jpeg, &row, 1);
    }
    jpeg_finish_decompress(jpeg);
    image->width = jpeg->output_width;
    image->height = jpeg->output_height;
    image->channels = jpeg->output_components;
    if (image->channels == 4) {
        inks_to_rgb(image->pixels, (size_t)image->width * image->height);
        image->channels = 3;
    }
}

// Its own function, so that no local variable changes between setjmp and longjmp.
static void read_or_escape(struct session *session, const uint8_t *bytes, size_t count) {
    if (setjmp(session->escape) != 0) return;
    jpeg_create_decompress(&session->jpeg);
    session->jpeg.progress = &session->progress;
    jpeg_mem_src(&session->jpeg, bytes, count);
    read_header(session);
    if (!session->header_only) decode(session);
}

static void read_jpeg(struct session *session, const uint8_t *bytes, size_t count) {
    struct codec_image *image = session->image;
    *image = (struct codec_image){.outcome = CODEC_DECODED};
    session->progress.progress_monitor = on_progress;
    session->jpeg.err = jpeg_std_error(&session->errors);
    session->errors.error_exit = on_error;
    session->errors.emit_message = on_message;
    read_or_escape(session, bytes, count);
    jpeg_destroy_decompress(&session->jpeg);
    if (image->outcome != CODEC_DECODED) {
        free(image->pixels);
        image->pixels = NULL;
    }
}

void codec_decode_jpeg(
    const uint8_t *bytes, size_t count, size_t most_pixels, uint32_t enough_width,
    uint32_t enough_height, struct codec_image *image) {
    struct session session = {
        .image = image,
        .most_pixels = most_pixels,
        .enough_width = enough_width,
        .enough_height = enough_height};
    read_jpeg(&session, bytes, count);
}

void codec_check_jpeg(
    const uint8_t *bytes, size_t count, size_t most_pixels, struct codec_image *image) {
    struct session session = {.image = image, .most_pixels = most_pixels, .header_only = 1};
    read_jpeg(&session, bytes, count);
}

#define TEXT_OF(macro) #macro
#define TEXT(macro) TEXT_OF(macro)

const char *codec_jpeg_version(void) {
#ifdef LIBJPEG_TURBO_VERSION
    return TEXT(LIBJPEG_TURBO_VERSION);
#else
    return "another libjpeg, API " TEXT(JPEG_LIB_VERSION);
#endif
}
