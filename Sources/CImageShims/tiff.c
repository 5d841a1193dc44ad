#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tiffio.h>

#include "CImageShims.h"

struct cis_tiff {
    TIFF *file;
    const uint8_t *bytes;
    uint64_t count, place;
    char message[256];
};

/* libtiff's messages carry the file's name and several lines at times: the first error's words are kept. */
static int keep(TIFF *file, void *user, const char *module, const char *format, va_list arguments) {
    (void)file, (void)module;
    cis_tiff *tiff = user;
    if (!tiff->message[0]) vsnprintf(tiff->message, sizeof tiff->message, format, arguments);
    return 1;
}

static int ignore(TIFF *file, void *user, const char *module, const char *format, va_list arguments) {
    (void)file, (void)user, (void)module, (void)format, (void)arguments;
    return 1;
}

static tmsize_t read_bytes(thandle_t handle, void *buffer, tmsize_t size) {
    cis_tiff *tiff = handle;
    if (size <= 0 || tiff->place >= tiff->count) return 0;
    uint64_t left = tiff->count - tiff->place;
    size_t count = (uint64_t)size < left ? (size_t)size : (size_t)left;
    memcpy(buffer, tiff->bytes + tiff->place, count);
    tiff->place += count;
    return (tmsize_t)count;
}

static tmsize_t write_bytes(thandle_t handle, void *buffer, tmsize_t size) {
    (void)handle, (void)buffer, (void)size;
    return -1;
}

static toff_t seek(thandle_t handle, toff_t offset, int whence) {
    cis_tiff *tiff = handle;
    uint64_t base = whence == SEEK_CUR ? tiff->place : whence == SEEK_END ? tiff->count : 0;
    if (offset > UINT64_MAX / 2 || base + offset > UINT64_MAX / 2) return (toff_t)-1;
    tiff->place = base + offset;
    return tiff->place;
}

static int close_bytes(thandle_t handle) {
    (void)handle;
    return 0;
}

static toff_t size_of(thandle_t handle) { return ((cis_tiff *)handle)->count; }

static int map(thandle_t handle, void **base, toff_t *size) {
    cis_tiff *tiff = handle;
    *base = (void *)tiff->bytes;
    *size = tiff->count;
    return 1;
}

static void unmap(thandle_t handle, void *base, toff_t size) { (void)handle, (void)base, (void)size; }

cis_tiff *cis_tiff_open(const uint8_t *bytes, size_t count, size_t max_allocation, char message[256]) {
    snprintf(message, 256, "out of memory");
    cis_tiff *tiff = calloc(1, sizeof *tiff);
    TIFFOpenOptions *options = tiff ? TIFFOpenOptionsAlloc() : NULL;
    if (!options) {
        free(tiff);
        return NULL;
    }
    tiff->bytes = bytes;
    tiff->count = count;
    TIFFOpenOptionsSetMaxSingleMemAlloc(options, (tmsize_t)max_allocation);
    TIFFOpenOptionsSetErrorHandlerExtR(options, keep, tiff);
    TIFFOpenOptionsSetWarningHandlerExtR(options, ignore, tiff);
    tiff->file = TIFFClientOpenExt("image", "r", tiff, read_bytes, write_bytes, seek, close_bytes, size_of, map, unmap,
                                   options);
    TIFFOpenOptionsFree(options);
    if (!tiff->file) {
        snprintf(message, 256, "%s", tiff->message[0] ? tiff->message : "its header is damaged");
        free(tiff);
        return NULL;
    }
    tiff->message[0] = 0;
    return tiff;
}

int cis_tiff_describe(cis_tiff *tiff, cis_tiff_info *info) {
    memset(info, 0, sizeof *info);
    TIFF *file = tiff->file;
    if (!TIFFGetField(file, TIFFTAG_IMAGEWIDTH, &info->width) || !TIFFGetField(file, TIFFTAG_IMAGELENGTH, &info->height)) {
        snprintf(tiff->message, sizeof tiff->message, "it does not say its size");
        return -1;
    }
    if (!TIFFGetField(file, TIFFTAG_PHOTOMETRIC, &info->photometric)) {
        snprintf(tiff->message, sizeof tiff->message, "it does not say what its samples mean");
        return -1;
    }
    TIFFGetFieldDefaulted(file, TIFFTAG_BITSPERSAMPLE, &info->bits);
    TIFFGetFieldDefaulted(file, TIFFTAG_SAMPLESPERPIXEL, &info->samples);
    TIFFGetFieldDefaulted(file, TIFFTAG_SAMPLEFORMAT, &info->format);
    TIFFGetFieldDefaulted(file, TIFFTAG_PLANARCONFIG, &info->planar);
    TIFFGetFieldDefaulted(file, TIFFTAG_COMPRESSION, &info->compression);
    TIFFGetFieldDefaulted(file, TIFFTAG_ORIENTATION, &info->orientation);
    TIFFGetFieldDefaulted(file, TIFFTAG_INKSET, &info->ink_set);
    TIFFGetFieldDefaulted(file, TIFFTAG_ROWSPERSTRIP, &info->rows_per_strip);
    if (info->rows_per_strip == 0 || info->rows_per_strip > info->height) info->rows_per_strip = info->height;
    if (TIFFIsTiled(file)) {
        TIFFGetField(file, TIFFTAG_TILEWIDTH, &info->tile_width);
        TIFFGetField(file, TIFFTAG_TILELENGTH, &info->tile_height);
        if (info->tile_width == 0 || info->tile_height == 0) {
            snprintf(tiff->message, sizeof tiff->message, "its tiles have no size");
            return -1;
        }
    }
    uint16_t count = 0, *kinds = NULL;
    info->extra_count = -1;
    if (TIFFGetField(file, TIFFTAG_EXTRASAMPLES, &count, &kinds)) {
        info->extra_count = count;
        if (count > 0 && kinds) info->first_extra = kinds[0];
    }
    return 0;
}

void cis_tiff_jpeg_as_rgb(cis_tiff *tiff) { TIFFSetField(tiff->file, TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB); }

int cis_tiff_palette(cis_tiff *tiff, const uint16_t **red, const uint16_t **green, const uint16_t **blue) {
    uint16_t *r = NULL, *g = NULL, *b = NULL;
    if (!TIFFGetField(tiff->file, TIFFTAG_COLORMAP, &r, &g, &b) || !r || !g || !b) return -1;
    *red = r, *green = g, *blue = b;
    return 0;
}

size_t cis_tiff_bytes(cis_tiff *tiff, uint32_t tag, const uint8_t **bytes) {
    uint32_t count = 0;
    void *data = NULL;
    if (tag != TIFFTAG_XMLPACKET || !TIFFGetField(tiff->file, tag, &count, &data) || !data) return 0;
    *bytes = data;
    return count;
}

size_t cis_tiff_block_size(cis_tiff *tiff) {
    tmsize_t size = TIFFIsTiled(tiff->file) ? TIFFTileSize(tiff->file) : TIFFStripSize(tiff->file);
    return size > 0 ? (size_t)size : 0;
}

size_t cis_tiff_row_size(cis_tiff *tiff) {
    tmsize_t size = TIFFScanlineSize(tiff->file);
    return size > 0 ? (size_t)size : 0;
}

int cis_tiff_read_row(cis_tiff *tiff, uint32_t y, uint8_t *row) {
    return TIFFReadScanline(tiff->file, row, y, 0) == 1 ? 0 : -1;
}

ptrdiff_t cis_tiff_read_block(cis_tiff *tiff, uint32_t x, uint32_t y, uint16_t plane, uint8_t *block, size_t size) {
    tmsize_t count;
    if (TIFFIsTiled(tiff->file)) {
        count = TIFFReadEncodedTile(tiff->file, TIFFComputeTile(tiff->file, x, y, 0, plane), block, (tmsize_t)size);
    } else {
        count = TIFFReadEncodedStrip(tiff->file, TIFFComputeStrip(tiff->file, y, plane), block, (tmsize_t)size);
    }
    return count;
}

int cis_tiff_read_rgba(cis_tiff *tiff, uint32_t x, uint32_t y, uint32_t rows, uint32_t *pixels) {
    uint32_t width = 0;
    /* It would turn each strip or tile by itself. */
    TIFFSetField(tiff->file, TIFFTAG_ORIENTATION, ORIENTATION_TOPLEFT);
    int isTiled = TIFFIsTiled(tiff->file);
    if (isTiled) {
        TIFFGetField(tiff->file, TIFFTAG_TILEWIDTH, &width);
        TIFFGetField(tiff->file, TIFFTAG_TILELENGTH, &rows);
        if (!TIFFReadRGBATileExt(tiff->file, x, y, pixels, 1)) return -1;
    } else {
        TIFFGetField(tiff->file, TIFFTAG_IMAGEWIDTH, &width);
        if (!TIFFReadRGBAStripExt(tiff->file, y, pixels, 1)) return -1;
    }
    /* libtiff puts the bottom row first. */
    for (uint32_t row = 0; row < rows / 2; row++) {
        uint32_t *a = pixels + (size_t)row * width, *b = pixels + (size_t)(rows - 1 - row) * width;
        for (uint32_t i = 0; i < width; i++) {
            uint32_t swap = a[i];
            a[i] = b[i];
            b[i] = swap;
        }
    }
    return 0;
}

int cis_tiff_rgba_ok(cis_tiff *tiff) {
    char message[1024] = "";
    if (TIFFRGBAImageOK(tiff->file, message)) return 1;
    snprintf(tiff->message, sizeof tiff->message, "%.255s", message);
    return 0;
}

const char *cis_tiff_message(const cis_tiff *tiff) {
    return tiff->message[0] ? tiff->message : "its pixels are damaged or the file ends early";
}

void cis_tiff_close(cis_tiff *tiff) {
    if (!tiff) return;
    TIFFClose(tiff->file);
    free(tiff);
}
