/* What of libjpeg and libtiff Swift cannot call itself: libjpeg leaves its functions with longjmp, which must not cross
 * a Swift frame, and libtiff's fields are variadic. Every function here returns normally, whatever the bytes. */
#ifndef C_IMAGE_SHIMS_H
#define C_IMAGE_SHIMS_H

#include <stddef.h>
#include <stdint.h>

/* --- JPEG, row by row ------------------------------------------------------------------------------------------- */

typedef struct cis_jpeg cis_jpeg;

/* A decoder of these bytes, which must outlive it; NULL without memory. `has_end`: whether an end-of-image marker was
 * seen, in which case odd but harmless things that cameras write are no errors. */
cis_jpeg *cis_jpeg_open(const uint8_t *bytes, size_t count, int has_end);
/* Reads the header. 0, or -1 with a message. `is_cmyk`: four planes instead of one or three. */
int cis_jpeg_header(cis_jpeg *jpeg, int *width, int *height, int *is_cmyk);
/* Begins decoding at 8, 4, 2 or 1 eighths of the size, and says that size. 0, or -1 with a message. */
int cis_jpeg_start(cis_jpeg *jpeg, int eighths, int *width, int *height);
/* The next row: [width, 3] RGB or [width, 4] CMYK as stored. 0, or -1 with a message. */
int cis_jpeg_row(cis_jpeg *jpeg, uint8_t *row);
/* Reads on to the image's end, so that a file cut short is noticed. 0, or -1 with a message. */
int cis_jpeg_finish(cis_jpeg *jpeg);
/* What was wrong. */
const char *cis_jpeg_message(const cis_jpeg *jpeg);
void cis_jpeg_free(cis_jpeg *jpeg);

/* --- TIFF ------------------------------------------------------------------------------------------------------- */

typedef struct cis_tiff cis_tiff;

/* What the first page's tags say; absent ones have their default, or 0. */
typedef struct {
    uint32_t width, height;
    uint32_t tile_width, tile_height; /* 0, 0: in strips */
    uint32_t rows_per_strip;          /* at most height */
    uint16_t bits, samples, format, photometric, planar, compression, orientation, ink_set;
    int extra_count;      /* samples beyond the colour's; -1 without the tag */
    uint16_t first_extra; /* 0 unspecified, 1 associated alpha, 2 unassociated alpha */
} cis_tiff_info;

/* A reader of these bytes, which must outlive it. libtiff's allocations are at most `max_allocation` bytes each. NULL
 * if it is no TIFF or there is no memory; then `message` says why. */
cis_tiff *cis_tiff_open(const uint8_t *bytes, size_t count, size_t max_allocation, char message[256]);
/* 0, or -1 with a message. */
int cis_tiff_describe(cis_tiff *tiff, cis_tiff_info *info);
/* Lets libtiff's JPEG codec turn YCbCr into RGB. */
void cis_tiff_jpeg_as_rgb(cis_tiff *tiff);
/* The palette: 3 x 2^bits values of 16 bits; NULL without one. */
int cis_tiff_palette(cis_tiff *tiff, const uint16_t **red, const uint16_t **green, const uint16_t **blue);
/* A tag of bytes, such as 700, XMP; 0 where it is absent. */
size_t cis_tiff_bytes(cis_tiff *tiff, uint32_t tag, const uint8_t **bytes);
/* The number of bytes that a decoded strip or tile takes; 0 where it makes no sense. */
size_t cis_tiff_block_size(cis_tiff *tiff);
/* The bytes of a decoded row of contiguous samples; 0 where it makes no sense. */
size_t cis_tiff_row_size(cis_tiff *tiff);
/* Decodes the row `y` of contiguous samples in strips, rows in order. 0, or -1 with a message. */
int cis_tiff_read_row(cis_tiff *tiff, uint32_t y, uint8_t *row);
/* Decodes the strip or tile with the pixel (x, y) of plane `plane`. The bytes written, or -1 with a message. */
ptrdiff_t cis_tiff_read_block(cis_tiff *tiff, uint32_t x, uint32_t y, uint16_t plane, uint8_t *block, size_t size);
/* The same through libtiff's conversion: a strip of [rows, width] or a tile of [tile_height, tile_width], RGBA with
 * associated alpha, top row first. 0, or -1 with a message. */
int cis_tiff_read_rgba(cis_tiff *tiff, uint32_t x, uint32_t y, uint32_t rows, uint32_t *pixels);
/* Whether libtiff's conversion knows this kind of file; else a message says why. */
int cis_tiff_rgba_ok(cis_tiff *tiff);
const char *cis_tiff_message(const cis_tiff *tiff);
void cis_tiff_close(cis_tiff *tiff);

#endif
