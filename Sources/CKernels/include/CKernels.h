/* The kernels, and the thread pool they run on.
 *
 * Every parallel operation is described by a struct and cut into tasks: `ck_NAME_tasks(op)` says how many,
 * `ck_NAME_task(op, i)` does one. How an operation is cut depends on its shape alone, never on the number of threads, and an
 * output element is always summed in the same order: results are the same bytes at any thread count, and a row's
 * result does not depend on its neighbours in the batch.
 *
 * All matrices are row-major; `ld` is the distance between rows in elements. Nothing here checks its arguments or allocates on
 * a shape's behalf beyond a per-thread scratch that only grows. Each struct says what it demands; `Compute/CPU/Kernels` has the one function that
 * makes it, which checks that. Everywhere: extents are not negative, matrices hold `(rows - 1) * ld + columns` elements, `ld` is at least the
 * columns, addresses are aligned to their elements, and what is written overlaps nothing else that the operation is given, unless said otherwise.
 */
#ifndef CKERNELS_H
#define CKERNELS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Processor ------------------------------------------------------------------------------------------------- */

enum { CK_PORTABLE = 0, CK_AVX2 = 1, CK_AVX_VNNI = 2, CK_AVX512 = 3, CK_AVX512_VNNI = 4, CK_AVX512_DOT = 5, CK_WIDE = 6, CK_NARROW = 7 };
enum { CK_NEON = 16, CK_NEON_DOT = 17, CK_NEON_I8MM = 18, CK_NEON_BF16 = 19 };

/* The instruction set the kernels run on: what the processor has, capped by FLASHU_MAX_ISA=portable|avx2|avxvnni|avx512|avx512vnni. CK_AVX_VNNI
 * is AVX2 with the dot products of bytes, CK_AVX512_VNNI AVX-512 with them, CK_AVX512_DOT with those of bfloat16 too: taken by itself only where it is
 * the faster, which it is not on Intel's processors (FLASHU_MAX_ISA=avx512dot takes it there). FLASHU_MAX_ISA=wide and narrow are for tests: the tiles of
 * CK_AVX512_DOT and CK_AVX_VNNI on AVX2 instructions.
 *
 * On ARM64 FLASHU_MAX_ISA=portable|neon|neondot|neoni8mm|neonbf16: CK_NEON is what every such processor has, CK_NEON_DOT adds dot products of bytes,
 * CK_NEON_I8MM products of matrices of bytes, CK_NEON_BF16 those of bfloat16. */
int32_t ck_isa(void);

/* Cores that this process may use. */
int32_t ck_cores(void);

/* ---- Threads --------------------------------------------------------------------------------------------------- */

typedef void (*ck_task)(const void *op, int32_t index);
typedef struct ck_pool ck_pool;

/* A pool of `threads` threads, the caller of ck_pool_run included. Returns NULL when no thread could be started. */
ck_pool *ck_pool_create(int32_t threads);
void ck_pool_destroy(ck_pool *pool);
int32_t ck_pool_threads(const ck_pool *pool);
/* Runs task(op, 0) ... task(op, count - 1), in any order, and returns when all are done. Calls from several threads take turns. */
void ck_pool_run(ck_pool *pool, ck_task task, const void *op, int32_t count);

/* ---- Linear layers --------------------------------------------------------------------------------------------- */

enum { CK_F32 = 0, CK_BF16 = 1, CK_I8 = 2, CK_ARRANGED = 3, CK_I4 = 4 };
enum { CK_IDENTITY = 0, CK_GELU_TANH = 1, CK_GELU_ERF = 2, CK_SILU = 3, CK_SWIGLU = 4 };
enum { CK_STORE = 0, CK_ACCUMULATE = 1 };

/* Columns of a packed weight panel. */
#define CK_PANEL 16
/* Ks of 4-bit weights that share a step and a zero, and the bytes of so many in a panel. */
#define CK_GROUP 32
#define CK_I4_BLOCK 272

/* out = activation(a x W + bias), or out += gate * (a x W + bias).
 *
 * W [k, n] is packed in panels of 16 output columns, each [k_stride, 16], zero-filled beyond n. A plan that runs a subset of
 * the input neurons passes a smaller k than k_stride and a shifted pointer. With CK_SWIGLU panels come in pairs (gate, up), each pair
 * for 16 outputs or the rest, and out = silu(gate) * up has half the columns.
 *
 * Demands: k >= 1; `panels` has all panels of the columns, from the first one's element 0 up to ks in whole lanes (4), `scales` as many
 * columns; int8: k <= 131072, beyond which an int32 sum could overflow; CK_ACCUMULATE: float32 outputs; CK_SWIGLU: an even number of
 * columns, CK_STORE, no bias; int4: what int8 does, panels of blocks, `panels` and `k_stride` at whole groups.
 *
 * int8: the product of the quantised rows and weights is an exact int32, (float)product * (row's scale * column's scale) goes on from
 * there: the same bits whatever the instruction set. int4: likewise, with integers step * (q - zero) for weights. */
typedef struct {
    const void *a;         /* [rows, k], or what ck_arrange wrote */
    int64_t lda;
    int32_t a_type;        /* CK_F32 or CK_BF16; CK_ARRANGED where ck_arranges says so */
    int32_t w_type;
    const void *panels;    /* [panels][k_stride][16]; may interleave up to 4 neighbouring ks, where ranges may start */
    int64_t k_stride;      /* a multiple of 4, of 1 for float32, of CK_GROUP for int4 */
    const float *scales;   /* [panels * 16], of int8 and int4 weights */
    int64_t rows, k;
    int64_t columns;       /* of the product, before SwiGLU halves them */
    const float *bias;     /* [columns] or NULL */
    const float *gate;     /* [columns] or NULL; with CK_ACCUMULATE */
    const uint8_t *gated;  /* [rows]: 0 = the row's gate is 1; NULL = all rows are gated */
    void *out;             /* [rows, ldo] */
    int64_t ldo;
    int32_t out_type;
    int32_t activation;
    int32_t store;
} ck_linear;

int32_t ck_linear_tasks(const ck_linear *op);
void ck_linear_task(const void *op, int32_t index);

/* Whether ck_linear wants the rows of such an input arranged: always for int8 weights, which they are quantised for, and for tiles of
 * bfloat16 pairs. */
int32_t ck_arranges(int32_t w_type, int32_t x_type, int64_t rows);

/* Writes the rows of a product's input in the order in which ck_linear's tiles read them, once for all its tasks. Demands what ck_linear
 * does of k and rows. */
typedef struct {
    const void *x;         /* [rows, k - lead], CK_F32 or CK_BF16 */
    int64_t ldx;
    int32_t x_type;
    int32_t w_type;
    int64_t rows, k;
    int64_t lead;          /* of int4: zeros that stand for the first ks, which x lacks, a multiple of 16; else 0 */
    void *out;             /* ck_arranged_bytes, 64-byte aligned */
} ck_arrange;

int64_t ck_arranged_bytes(int32_t w_type, int64_t rows, int64_t k);
int32_t ck_arrange_tasks(const ck_arrange *op);
void ck_arrange_task(const void *op, int32_t index);

/* out = x W + bias in float32, W as checkpoints store it: each task packs the columns it needs and forgets them. For what is needed once.
 * Demands: k >= 1; rows and weights without gaps. */
typedef struct {
    const float *x;        /* [rows, k] */
    int64_t rows, k;
    const void *weight;    /* [columns, k], CK_F32 or CK_BF16 */
    int32_t weight_type;
    int32_t rounds;        /* weights to bfloat16: a float32 file gives what the bfloat16 file made of it does */
    int64_t columns;
    const float *bias;     /* [columns] or NULL */
    float *out;            /* [rows, columns] */
} ck_linear_stored;

int32_t ck_linear_stored_tasks(const ck_linear_stored *op);
void ck_linear_stored_task(const void *op, int32_t index);

/* Packs columns of a [n, k] weight (as checkpoints store it: one row an output) into panels.
 * Output column c of the packed matrix is row c of the source; the last panel is zero-filled. `panel_step` 1 packs side by side; 2 leaves every
 * other panel free (gate/up interleaving).
 *
 * Demands: k <= k_stride, a multiple of 4 unless the panels are float32; room for panels first_panel + i * panel_step, i < ceil(n / 16), and as
 * many scales; an int8 source only for int8 panels, an int4 source only for int4 panels, whose k_stride is a multiple of CK_GROUP. */
typedef struct {
    const void *source;    /* [n, k], CK_F32 or CK_BF16; CK_I8 for int8 panels; CK_I4 for int4 panels, [n, (k + 1) / 2] bytes */
    int32_t source_type;
    int32_t w_type;
    const float *source_scales; /* [n], of an int8 or int4 source */
    const uint8_t *source_steps; /* [n, groups], of an int4 source */
    const float *importance;    /* [k] or NULL: what an input's error counts, for int4 panels of other sources */
    int64_t n, k, k_stride;
    void *panels;
    float *scales;         /* [panels * 16], of int8 and int4 panels */
    int64_t first_panel;
    int64_t panel_step;
} ck_pack;

int32_t ck_pack_tasks(const ck_pack *op);
void ck_pack_task(const void *op, int32_t index);

/* ---- Eight and four bits -------------------------------------------------------------------------------------------------- */

/* Symmetric: scale = max |x| / 127 of a row, q = x * (127 / max |x|), rounded to the nearest integer, ties to even. Of weights two neighbours (ks 0 and 1,
 * 2 and 3, ...) that add up to more than 128 or less than -128 are rounded to even integers, -126 ... 126, instead: so the products of a pair with an input
 * of 8 bits fit 16. A file's integers are rounded likewise when they are packed. A row below 2^-100 is zero; one that holds infinities or not-a-numbers
 * gets a scale that is not a number, and so shows in every output. */

/* 4 bits: weight = scale * step * (q - zero). scale = max |x| / 126 of an output; for each CK_GROUP ks a step of 3 ... 18 and a zero of 0 ... 15,
 * stored as zero + 16 * (step - 3), of which those are taken whose squared errors, weighted by importance, add up to least among the step that spans the
 * group, two smaller and one larger. q is 0 ... 15, q[2 i] + 16 * q[2 i + 1] a byte. |step * (q - zero)| <= 127. */

/* Quantises a weight, for files: the same values as ck_pack makes. Demands a source without gaps. */
typedef struct {
    const void *source;    /* [n, k], CK_F32 or CK_BF16 */
    int32_t source_type;
    int32_t w_type;        /* CK_I8 or CK_I4 */
    int64_t n, k;
    int8_t *values;        /* [n, k]; int4: [n, (k + 1) / 2] */
    float *scales;         /* [n] */
    uint8_t *steps;        /* [n, groups], of int4 */
    const float *importance; /* [k] or NULL, of int4 */
} ck_quantise_weight;

int32_t ck_quantise_weight_tasks(const ck_quantise_weight *op);
void ck_quantise_weight_task(const void *op, int32_t index);

/* ---- The machine's limit ------------------------------------------------------------------------------------------------- */

/* As many multiplications and additions of a type as the instruction set makes on registers, memory left alone: products come near to that rate and
 * do not exceed it. Each task makes `rounds` rounds and says how many operations that were, a multiplication and its addition being two. */
typedef struct {
    int32_t type;        /* CK_F32, CK_BF16 (that of CK_F32 where bfloat16 is widened) or CK_I8 */
    int64_t rounds;
    int64_t *operations; /* [tasks] */
} ck_peak;

void ck_peak_task(const void *op, int32_t index);

/* ---- Norms ----------------------------------------------------------------------------------------------------- */

enum { CK_RMS_NORM = 0, CK_LAYER_NORM = 1, CK_L2_NORM = 2 };

/* RMS norm: x / sqrt(mean(x^2) + eps) * weight.  Layer norm: (x - mean) / sqrt(var + eps) * weight + bias.
 * L2 norm (the VAE's): x / max(||x||, eps) * weight, the factor sqrt(channels) being part of the weight.
 * Then, where `shift` is given and `modulated` (or NULL = all rows) says so, y * (1 + scale) + shift; then SiLU if asked.
 *
 * Demands: shift and scale together; float32 rows may be normalised in place. A row with a not-a-number or an infinity shows it. */
typedef struct {
    const float *x;        /* [rows, ldx] */
    int64_t ldx;
    int64_t rows, width;
    int32_t kind;
    float eps;
    const float *weight;   /* [width] */
    const float *bias;     /* [width] or NULL */
    const float *shift;    /* [width] or NULL */
    const float *scale;
    const uint8_t *modulated;
    int32_t silu;
    void *out;             /* [rows, ldo] */
    int64_t ldo;
    int32_t out_type;
} ck_norm;

int32_t ck_norm_tasks(const ck_norm *op);
void ck_norm_task(const void *op, int32_t index);

/* ---- Attention ------------------------------------------------------------------------------------------------- */

/* Slots of a page: attention takes so many keys at a time. */
#define CK_PAGE 256

/* Keys and values of CK_PAGE slots of one layer and one sequence. Keys lie in panels of 16 slots, [kv_heads][CK_PAGE / 16][even head_dim][16], so
 * that scores are a product with a packed matrix; values are rows, [kv_heads][CK_PAGE][value_dim], head_dim rounded up to 16. Where the
 * instruction set multiplies pairs of bfloat16, the pairs that it wants lie side by side: of elements in keys, of slots in values. */
typedef struct {
    void *keys;
    void *values;
} ck_page;

/* The pages of one layer and one sequence: slot s lies in page s / CK_PAGE. Sequences may share pages that nobody writes to. */
typedef struct {
    const ck_page *pages;
} ck_kv;

/* Splits a fused q/k/v projection, applies q/k RMS norms and RoPE (rotate-half), scales q by 1 / sqrt(head_dim), and writes
 * q [rows, heads, head_dim] (float32) and k, v into their slots. */
typedef struct {
    const float *qkv;      /* [rows, (heads + 2 kv_heads) * head_dim] */
    int64_t ldx;
    int64_t rows;
    int32_t heads, kv_heads, head_dim;
    float scale;
    const float *q_norm, *k_norm; /* [head_dim] or NULL */
    float norm_eps;
    const float *cosines, *sines; /* [positions, head_dim / 2] or NULL = no RoPE */
    const int32_t *positions;     /* [rows] */
    const int32_t *sequences;     /* [rows]: index into caches */
    const int32_t *slots;         /* [rows] */
    const ck_kv *caches;
    int32_t kv_type;
    float *q;
} ck_heads;

int32_t ck_heads_tasks(const ck_heads *op);
void ck_heads_task(const void *op, int32_t index);

/* A run of consecutive rows that belong to one sequence. */
typedef struct {
    int64_t first_row, rows;
    int32_t sequence;
} ck_segment;

/* softmax(q k^T) v, where row r sees the first limits[r] slots of its sequence. Blockwise with running maxima: no score
 * matrix is ever in memory. */
typedef struct {
    const float *q;        /* [rows, heads, head_dim], scaled */
    int32_t heads, kv_heads, head_dim;
    const ck_segment *segments;
    int32_t segment_count;
    const int32_t *limits; /* [rows] */
    const ck_kv *caches;
    int32_t kv_type;
    void *out;             /* [rows, heads * head_dim] */
    int64_t ldo;
    int32_t out_type;
} ck_attention;

int32_t ck_attention_tasks(const ck_attention *op);
void ck_attention_task(const void *op, int32_t index);

/* ---- Convolution ----------------------------------------------------------------------------------------------- */

/* Any convolution, as products over patches: zeros around the image, which is upsampled first (nearest neighbour).
 * Demands: all sizes >= 1, the patches of all outputs within height * upsampling + rows_before + kernel rows, columns likewise. */
typedef struct {
    const float *image;    /* [height, width, channels] */
    int64_t height, width, channels;
    int32_t upsampling, kernel, stride;
    int64_t rows_before, columns_before; /* zeros above and on the left */
    const float *panels;   /* [outputs in whole panels][kernel rows * kernel columns * channels][16] */
    const float *bias;     /* [outputs] */
    float *out;            /* [out_height, out_width, outputs] */
    int64_t out_height, out_width, outputs;
    int32_t accumulate;
} ck_patches;

int32_t ck_patches_tasks(const ck_patches *op);
void ck_patches_task(const void *op, int32_t index);

/* Winograd's F(4 x 4, 3 x 3): an image's 4 x 4 tiles, row by row, `columns` to a row. Polynomials are evaluated at 0, a, -a, b, -b and infinity;
 * these a and b lose half as much precision as the usual 1 and 2, and all coefficients of the images' transforms are exact in float32. */
#define CK_WINOGRAD_A 0.625
#define CK_WINOGRAD_B 1.5

/* The 6 x 6 pixels around each tile of the upsampled (nearest neighbour, 1 or 2 times) image, zero outside, to 36 values of every channel.
 * Demands: columns >= 1, upsampling >= 1, stride >= ck_winograd_floats(tiles, channels). */
typedef struct {
    const float *image;    /* [height, width, channels], before upsampling */
    int64_t height, width, channels;
    int32_t upsampling;
    int64_t rows_before;   /* 1 where the image is padded above, else 0: the first row of outputs lies one below its first row */
    int64_t columns, first_tile, tiles;
    float *values;         /* 36 matrices of tiles in groups of a register tile's rows, arranged as its kernels like, `stride` apart */
    int64_t stride;
} ck_winograd_input;

/* At each of the 36 places the product of what ck_winograd_input wrote and the transformed kernels. Each sum in the order of the inputs.
 * Demands: inputs, tiles and panel_count >= 1, stride >= ck_winograd_floats(tiles, inputs), products_stride >= ck_winograd_floats(tiles, 16 * panel_count). */
typedef struct {
    const float *values;
    int64_t stride;
    int64_t tiles, inputs;
    const float *panels;   /* [36][panel_count][inputs][16] */
    int64_t panel_count;
    float *products;       /* 36 matrices [tiles, 16 * panel_count], `products_stride` apart; written up to whole register tiles */
    int64_t products_stride;
} ck_winograd_product;

/* 36 values of every channel of a tile -> its 4 x 4 outputs, as far as they lie in the image, plus the bias.
 * Demands: first_tile + tiles within the image's tiles, ldv a multiple of 16 no less than the channels, stride >= tiles * ldv. */
typedef struct {
    const float *values;   /* 36 matrices [tiles, ldv], `stride` apart */
    int64_t stride, ldv;   /* ldv: the channels in whole panels */
    const float *bias;     /* [ldv] */
    int64_t columns, first_tile, tiles;
    float *image;          /* [height, width, channels] */
    int64_t height, width, channels;
    int32_t accumulate;
} ck_winograd_output;

/* Floats of one of the 36 matrices: whole register tiles of whole vectors. */
int64_t ck_winograd_floats(int64_t tiles, int64_t channels);

int32_t ck_winograd_input_tasks(const ck_winograd_input *op);
int32_t ck_winograd_product_tasks(const ck_winograd_product *op);
int32_t ck_winograd_output_tasks(const ck_winograd_output *op);
void ck_winograd_input_task(const void *op, int32_t index);
void ck_winograd_product_task(const void *op, int32_t index);
void ck_winograd_output_task(const void *op, int32_t index);

/* ---- Small things ---------------------------------------------------------------------------------------------- */

/* Scratch memory of the calling thread, 64-byte aligned, valid until it asks again; NULL if there is none. */
void *ck_thread_scratch(int64_t bytes);

/* What a kernel calls that finds no memory for its own scratch: it must not return. Without one the process ends with status 1. */
void ck_on_out_of_memory(void (*handler)(int64_t bytes));

/* Gives oneDNN's OpenMP runtime one thread on the calling thread: our pool does the splitting. */
void ck_single_threaded_openmp(void);

/* Keeps the system's allocator from making a heap for each thread: so many for all of them. To be called before threads allocate. Returns 0 where the
 * allocator has no such setting. */
int32_t ck_limit_heaps(int32_t heaps);

/* Gives the system the pages of the allocator's heaps that hold nothing. Returns 0 where there were none, or no such call. */
int32_t ck_trim_heaps(void);

/* What the system tells by calls, on macOS: bytes of this process in memory, the most of them so far, and bytes that may still be taken without
 * swapping; -1 elsewhere (Linux has files for them) and where it refuses. */
int64_t ck_resident_memory(void);
int64_t ck_peak_memory(void);
int64_t ck_free_memory(void);

/* The processor's name on macOS, with a zero at its end; returns 0 elsewhere. */
int32_t ck_processor_name(char *name, int32_t bytes);

#ifdef __cplusplus
}
#endif
#endif
