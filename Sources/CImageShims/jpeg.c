#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

#include <jerror.h>

#include "CImageShims.h"

/* Files with more scans than this would cost minutes; real ones have about ten. */
enum { MAX_SCANS = 500 };

struct cis_jpeg {
    struct jpeg_decompress_struct info; /* first: callbacks get its address */
    struct jpeg_error_mgr errors;
    struct jpeg_progress_mgr progress;
    jmp_buf escape;
    int has_end;
    char message[JMSG_LENGTH_MAX];
};

static void fail(j_common_ptr info) {
    cis_jpeg *jpeg = (cis_jpeg *)info;
    info->err->format_message(info, jpeg->message);
    longjmp(jpeg->escape, 1);
}

/* The first warning ends decoding, for the picture would be wrong behind it, but for those that change no pixel. */
static void emit(j_common_ptr info, int level) {
    cis_jpeg *jpeg = (cis_jpeg *)info;
    if (level >= 0) return;
    switch (info->err->msg_code) {
    case JWRN_EXTRANEOUS_DATA:
    case JWRN_JFIF_MAJOR:
    case JWRN_ADOBE_XFORM:
        if (jpeg->has_end) return;
    }
    fail(info);
}

static void silence(j_common_ptr info) { (void)info; }

static void watch(j_common_ptr info) {
    cis_jpeg *jpeg = (cis_jpeg *)info;
    if (jpeg->info.input_scan_number > MAX_SCANS) {
        snprintf(jpeg->message, sizeof jpeg->message, "it has more than %d scans", MAX_SCANS);
        longjmp(jpeg->escape, 1);
    }
}

cis_jpeg *cis_jpeg_open(const uint8_t *bytes, size_t count, int has_end) {
    cis_jpeg *jpeg = calloc(1, sizeof *jpeg);
    if (!jpeg) return NULL;
    jpeg->has_end = has_end;
    jpeg->info.err = jpeg_std_error(&jpeg->errors);
    jpeg->errors.error_exit = fail;
    jpeg->errors.emit_message = emit;
    jpeg->errors.output_message = silence;
    if (setjmp(jpeg->escape)) {
        jpeg_destroy_decompress(&jpeg->info);
        free(jpeg);
        return NULL;
    }
    jpeg_create_decompress(&jpeg->info);
    jpeg->progress.progress_monitor = watch;
    jpeg->info.progress = &jpeg->progress;
    jpeg_mem_src(&jpeg->info, bytes, count);
    return jpeg;
}

int cis_jpeg_header(cis_jpeg *jpeg, int *width, int *height, int *is_cmyk) {
    if (setjmp(jpeg->escape)) return -1;
    jpeg_read_header(&jpeg->info, TRUE);
    *width = (int)jpeg->info.image_width;
    *height = (int)jpeg->info.image_height;
    *is_cmyk = jpeg->info.jpeg_color_space == JCS_CMYK || jpeg->info.jpeg_color_space == JCS_YCCK;
    return 0;
}

int cis_jpeg_start(cis_jpeg *jpeg, int eighths, int *width, int *height) {
    if (setjmp(jpeg->escape)) return -1;
    jpeg->info.scale_num = (unsigned)eighths;
    jpeg->info.scale_denom = 8;
    int is_cmyk = jpeg->info.jpeg_color_space == JCS_CMYK || jpeg->info.jpeg_color_space == JCS_YCCK;
    jpeg->info.out_color_space = is_cmyk ? JCS_CMYK : JCS_RGB;
    jpeg->info.dct_method = JDCT_ISLOW;
    jpeg->info.do_fancy_upsampling = TRUE;
    jpeg_start_decompress(&jpeg->info);
    *width = (int)jpeg->info.output_width;
    *height = (int)jpeg->info.output_height;
    return 0;
}

int cis_jpeg_row(cis_jpeg *jpeg, uint8_t *row) {
    if (setjmp(jpeg->escape)) return -1;
    if (jpeg->info.output_scanline >= jpeg->info.output_height || jpeg_read_scanlines(&jpeg->info, &row, 1) != 1) {
        snprintf(jpeg->message, sizeof jpeg->message, "it ends early");
        return -1;
    }
    return 0;
}

int cis_jpeg_finish(cis_jpeg *jpeg) {
    if (setjmp(jpeg->escape)) return -1;
    jpeg_finish_decompress(&jpeg->info);
    return 0;
}

const char *cis_jpeg_message(const cis_jpeg *jpeg) { return jpeg->message; }

void cis_jpeg_free(cis_jpeg *jpeg) {
    if (!jpeg) return;
    /* Destroying frees memory and cannot fail. */
    jpeg_destroy_decompress(&jpeg->info);
    free(jpeg);
}
