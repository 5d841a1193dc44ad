/* What each instruction set provides, and the block sizes that they share. Private to CKernels. */
#ifndef CK_KERNELS_H
#define CK_KERNELS_H

#include "CKernels.h"

/* Whether an instruction set has dot-product instructions (AVX_VNNI, AVX512_VNNI or AVX512_BF16), or emulates them for tests. */
#define NONE 0
#define REAL 1
#define EMULATED 2
#define SIGNED 3   /* of signed bytes: ARM's sdot */
#define WIDENING 4 /* the same by NEON's multiplications that widen */

#define CK_FEW_ROWS 16     /* up to so many rows a product streams its weights and reads the rows as they lie */
#define CK_STORED_COLUMNS 64 /* that one task packs and multiplies with: they stay in L2 */
#define CK_PATCHES 42 /* outputs of a row that one task makes; a multiple of every kernel's row count */
#define CK_WINOGRAD_TILES 12 /* that one task transforms back */
#define CK_WINOGRAD_ROWS 168 /* tiles that one task multiplies; a multiple of every kernel's row count */
#define CK_WINOGRAD_PANELS 8 /* that it multiplies them with */
#define CK_NORM_ROWS 16
#define CK_HEADS_ROWS 16
#define CK_MOST_TILE_ROWS 14
#define CK_QUERY_ROWS 84
#define CK_KEY_BLOCK CK_PAGE
#define CK_HEADS_TOGETHER 4 /* heads with the same keys that a task takes together where a segment is one row */

typedef struct {
    int64_t rows, panels;  /* of one task */
    int32_t row_tasks, column_tasks;
} ck_cut;

/* Panels of a product: with CK_SWIGLU two for 16 outputs. */
int64_t ck_linear_panels(const ck_linear *op);
ck_cut ck_linear_cut(int64_t rows, int64_t panels);

/* Tasks of a segment's attention: a head and CK_QUERY_ROWS rows each; of a single row a part of the heads that share keys, of which there are
 * ck_head_parts for each head of keys. */
int32_t ck_segment_tasks(const ck_attention *op, const ck_segment *segment);
int32_t ck_head_parts(const ck_attention *op);

/* Per-thread scratch of at least `bytes`, 64-byte aligned; valid until the thread asks for a larger one in the same slot. Does not
 * return without. */
void *ck_scratch(int slot, int64_t bytes);

/* What ck_arrange writes for int8 weights. `lanes` are 32 bits wide and hold neighbouring ks (two 16-bit or four 8-bit integers) of one row,
 * [rows / height][k / (2 or 4)][height]; the height is the tile's, or 1 where the product streams its weights. */
typedef struct {
    float *scales;  /* [rows] */
    int32_t *sums;  /* [rows]: sum of the row's integers, where the instruction set needs it */
    int32_t *lanes;
} ck_quantised;

ck_quantised ck_quantised_at(const void *memory, int64_t rows);
/* Behind the lanes of an input for 4-bit weights, where these are multiplied as they are: its sums, [rows / height][groups][height]. */
int32_t *ck_int4_pairs(ck_quantised input, int64_t rows, int64_t height, int64_t groups);

typedef struct {
    int32_t tile_rows;
    int32_t multiplies_pairs; /* of bfloat16 */
    ck_task linear, linear_stored, arrange, pack, quantise_weight, norm, heads, attention, patches, winograd_input, winograd_product, winograd_output, peak;
} ck_kernels;

extern const ck_kernels ck_kernels_portable;
#if defined(__x86_64__)
extern const ck_kernels ck_kernels_avx2;
extern const ck_kernels ck_kernels_avxvnni;
extern const ck_kernels ck_kernels_avx512;
extern const ck_kernels ck_kernels_avx512vnni;
extern const ck_kernels ck_kernels_avx512dot;
extern const ck_kernels ck_kernels_wide;
extern const ck_kernels ck_kernels_narrow;
#endif
#if defined(__aarch64__)
extern const ck_kernels ck_kernels_neon;
extern const ck_kernels ck_kernels_neondot;
extern const ck_kernels ck_kernels_neoni8mm;
extern const ck_kernels ck_kernels_neonbf16;
#endif

#endif
