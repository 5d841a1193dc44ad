#if defined(__linux__)
#define _GNU_SOURCE
#endif
/* Which instruction set the kernels use, and the entry points that forward to it. */
#include "CKernels.h"
#include "kernels.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif
#include <dlfcn.h>
#if defined(__linux__)
#include <sched.h>
#endif
#if defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>
#elif defined(__aarch64__) && defined(__APPLE__)
#include <sys/sysctl.h>
#endif
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The last of `count` sets that there is, or that FLASHU_MAX_ISA lets be: the sets up to the one of that name. */
static int32_t last_set(const char *const names[], const int there[], int32_t count) {
    const char *cap = getenv("FLASHU_MAX_ISA");
    int32_t best = 0;
    for (int32_t i = 0; i < count; i++) {
        if (there[i]) best = i;
        if (cap && strcmp(cap, names[i]) == 0) break;
    }
    return best;
}

#if defined(__aarch64__)
/* What an ARM64 processor has beyond ARMv8.0. */
typedef struct {
    int dot, i8mm, bf16;
} arm_features;

#if defined(__APPLE__)
static int has(const char *feature) {
    int value = 0;
    size_t size = sizeof(value);
    return sysctlbyname(feature, &value, &size, NULL, 0) == 0 && value != 0;
}

static arm_features arm(void) {
    return (arm_features){has("hw.optional.arm.FEAT_DotProd"), has("hw.optional.arm.FEAT_I8MM"), has("hw.optional.arm.FEAT_BF16")};
}
#elif defined(__linux__)
/* Bits of Linux's interface, by number: older headers lack their names. */
static arm_features arm(void) {
    unsigned long first = getauxval(AT_HWCAP), second = getauxval(AT_HWCAP2);
    return (arm_features){(first >> 20 & 1) != 0, (second >> 13 & 1) != 0, (second >> 14 & 1) != 0};
}
#else
static arm_features arm(void) { return (arm_features){0, 0, 0}; }
#endif

static int32_t detect(void) {
    static const char *const names[] = {"portable", "neon", "neondot", "neoni8mm", "neonbf16"};
    static const int32_t sets[] = {CK_PORTABLE, CK_NEON, CK_NEON_DOT, CK_NEON_I8MM, CK_NEON_BF16};
    arm_features with = arm();
    const int there[] = {1, 1, with.dot, with.dot && with.i8mm, with.dot && with.i8mm && with.bf16};
    return sets[last_set(names, there, 5)];
}
#else
#if defined(__x86_64__)
/* Dot products of bytes in vectors of 256 bits. The compilers' own question is too young. */
static int has_avx_vnni(void) {
    uint32_t a, b, c, d;
    return __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a >> 4 & 1);
}
#endif

static int32_t detect(void) {
#if defined(__x86_64__)
    static const char *const names[] = {"portable", "avx2", "avxvnni", "avx512", "avx512vnni", "avx512dot"}; /* as CK_PORTABLE ... CK_AVX512_DOT */
    const char *cap = getenv("FLASHU_MAX_ISA");
    __builtin_cpu_init();
    int avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    int avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl")
        && __builtin_cpu_supports("avx512dq");
    int vnni = avx512 && __builtin_cpu_supports("avx512vnni");
    /* Measured on Emerald Rapids: vdpbf16ps does 180 GFLOP/s on two cores where float32's multiply-adds do 320. */
    int dot = vnni && __builtin_cpu_supports("avx512bf16") && (!__builtin_cpu_is("intel") || (cap && strcmp(cap, "avx512dot") == 0));
    const int there[] = {1, avx2, avx2 && has_avx_vnni(), avx512, vnni, dot};
    if (cap && avx2 && strcmp(cap, "wide") == 0) return CK_WIDE;
    if (cap && avx2 && strcmp(cap, "narrow") == 0) return CK_NARROW;
    return last_set(names, there, 6);
#else
    return CK_PORTABLE;
#endif
}
#endif

int32_t ck_isa(void) {
    static int32_t isa = -1; /* a race writes the same value twice */
    int32_t known = __atomic_load_n(&isa, __ATOMIC_RELAXED);
    if (known < 0) {
        known = detect();
        __atomic_store_n(&isa, known, __ATOMIC_RELAXED);
    }
    return known;
}

int32_t ck_cores(void) {
#if defined(__linux__)
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof(set), &set) == 0 && CPU_COUNT(&set) > 0) return CPU_COUNT(&set);
#endif
    long count = sysconf(_SC_NPROCESSORS_ONLN);
    return count > 0 ? (int32_t)count : 1;
}

static const ck_kernels *kernels(void) {
#if defined(__x86_64__)
    switch (ck_isa()) {
    case CK_WIDE: return &ck_kernels_wide;
    case CK_NARROW: return &ck_kernels_narrow;
    case CK_AVX512_DOT: return &ck_kernels_avx512dot;
    case CK_AVX512_VNNI: return &ck_kernels_avx512vnni;
    case CK_AVX512: return &ck_kernels_avx512;
    case CK_AVX_VNNI: return &ck_kernels_avxvnni;
    case CK_AVX2: return &ck_kernels_avx2;
    }
#elif defined(__aarch64__)
    switch (ck_isa()) {
    case CK_NEON_BF16: return &ck_kernels_neonbf16;
    case CK_NEON_I8MM: return &ck_kernels_neoni8mm;
    case CK_NEON_DOT: return &ck_kernels_neondot;
    case CK_NEON: return &ck_kernels_neon;
    }
#endif
    return &ck_kernels_portable;
}

void ck_linear_task(const void *op, int32_t index) { kernels()->linear(op, index); }
void ck_linear_stored_task(const void *op, int32_t index) { kernels()->linear_stored(op, index); }
void ck_pack_task(const void *op, int32_t index) { kernels()->pack(op, index); }
void ck_arrange_task(const void *op, int32_t index) { kernels()->arrange(op, index); }
void ck_quantise_weight_task(const void *op, int32_t index) { kernels()->quantise_weight(op, index); }
void ck_peak_task(const void *op, int32_t index) { kernels()->peak(op, index); }
void ck_norm_task(const void *op, int32_t index) { kernels()->norm(op, index); }
void ck_heads_task(const void *op, int32_t index) { kernels()->heads(op, index); }
void ck_attention_task(const void *op, int32_t index) { kernels()->attention(op, index); }
void ck_patches_task(const void *op, int32_t index) { kernels()->patches(op, index); }
void ck_winograd_input_task(const void *op, int32_t index) { kernels()->winograd_input(op, index); }
void ck_winograd_product_task(const void *op, int32_t index) { kernels()->winograd_product(op, index); }
void ck_winograd_output_task(const void *op, int32_t index) { kernels()->winograd_output(op, index); }

/* ---- How operations are cut into tasks: by shape alone ---------------------------------------------------------- */

static int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

int64_t ck_linear_panels(const ck_linear *op) {
    return op->activation == CK_SWIGLU ? 2 * ceil_div(op->columns / 2, CK_PANEL) : ceil_div(op->columns, CK_PANEL);
}

/* Both numbers of panels are even: gate and up stay together. */
ck_cut ck_linear_cut(int64_t rows, int64_t panels) {
    ck_cut cut;
    cut.rows = rows <= 168 ? 42 : 168; /* multiples of every kernel's row count (6, 14), no fewer than CK_FEW_ROWS; a task's input and sums stay in L2 */
    cut.panels = rows <= 168 ? 8 : 16;
    cut.row_tasks = (int32_t)ceil_div(rows, cut.rows);
    cut.column_tasks = (int32_t)ceil_div(panels, cut.panels);
    return cut;
}

int32_t ck_linear_tasks(const ck_linear *op) {
    ck_cut cut = ck_linear_cut(op->rows, ck_linear_panels(op));
    return cut.row_tasks * cut.column_tasks;
}

int32_t ck_linear_stored_tasks(const ck_linear_stored *op) { return (int32_t)ceil_div(op->columns, CK_STORED_COLUMNS); }

int32_t ck_pack_tasks(const ck_pack *op) { return (int32_t)ceil_div(op->n, CK_PANEL); }
int32_t ck_quantise_weight_tasks(const ck_quantise_weight *op) { return (int32_t)ceil_div(op->n, CK_PANEL); }

int32_t ck_arranges(int32_t w_type, int32_t x_type, int64_t rows) {
    return w_type == CK_I8 || w_type == CK_I4 || (w_type == CK_BF16 && x_type == CK_BF16 && rows > CK_FEW_ROWS && kernels()->multiplies_pairs);
}

int32_t ck_arrange_tasks(const ck_arrange *op) {
    return (int32_t)ceil_div(op->rows, op->rows <= CK_FEW_ROWS ? 1 : kernels()->tile_rows);
}

/* Of int8 scales and sums first, each padded to whole cache lines; the last group of rows may be a whole tile beyond `rows`. */
int64_t ck_arranged_bytes(int32_t w_type, int64_t rows, int64_t k) {
    if (w_type == CK_BF16) return (rows + CK_MOST_TILE_ROWS) * ceil_div(k, 2) * 4;
    int64_t row = ceil_div(k, 4) * 8, groups = ceil_div(k, CK_GROUP);
    if (w_type == CK_I4 && row < groups * (CK_GROUP + 4)) row = groups * (CK_GROUP + 4);
    return ceil_div(rows, 16) * 128 + (rows + CK_MOST_TILE_ROWS) * row;
}

ck_quantised ck_quantised_at(const void *memory, int64_t rows) {
    char *at = (char *)memory;
    int64_t head = ceil_div(rows, 16) * 64;
    return (ck_quantised){(float *)at, (int32_t *)(at + head), (int32_t *)(at + 2 * head)};
}

int32_t *ck_int4_pairs(ck_quantised input, int64_t rows, int64_t height, int64_t groups) {
    return input.lanes + ceil_div(rows, height) * height * groups * (CK_GROUP / 4);
}

int32_t ck_norm_tasks(const ck_norm *op) { return (int32_t)ceil_div(op->rows, CK_NORM_ROWS); }
int32_t ck_heads_tasks(const ck_heads *op) { return (int32_t)ceil_div(op->rows, CK_HEADS_ROWS); }

int32_t ck_patches_tasks(const ck_patches *op) { return (int32_t)(op->out_height * ceil_div(op->out_width, CK_PATCHES)); }

int64_t ck_winograd_floats(int64_t tiles, int64_t channels) {
    return ceil_div(tiles, kernels()->tile_rows) * kernels()->tile_rows * ceil_div(channels, 16) * 16;
}
int32_t ck_winograd_input_tasks(const ck_winograd_input *op) { return (int32_t)ceil_div(op->tiles, kernels()->tile_rows); }
int32_t ck_winograd_product_tasks(const ck_winograd_product *op) {
    return 36 * (int32_t)(ceil_div(op->tiles, CK_WINOGRAD_ROWS) * ceil_div(op->panel_count, CK_WINOGRAD_PANELS));
}
int32_t ck_winograd_output_tasks(const ck_winograd_output *op) { return (int32_t)ceil_div(op->tiles, CK_WINOGRAD_TILES); }

int32_t ck_head_parts(const ck_attention *op) { return (int32_t)ceil_div(op->heads / op->kv_heads, CK_HEADS_TOGETHER); }

int32_t ck_segment_tasks(const ck_attention *op, const ck_segment *segment) {
    return segment->rows == 1 ? op->kv_heads * ck_head_parts(op) : (int32_t)ceil_div(segment->rows, CK_QUERY_ROWS) * op->heads;
}

int32_t ck_attention_tasks(const ck_attention *op) {
    int32_t tasks = 0;
    for (int32_t i = 0; i < op->segment_count; i++) tasks += ck_segment_tasks(op, op->segments + i);
    return tasks;
}

/* ---- OpenMP ----------------------------------------------------------------------------------------------------- */

void ck_single_threaded_openmp(void) {
    static __thread int done;
    if (done) return;
    done = 1;
    void (*set)(int) = (void (*)(int))dlsym(RTLD_DEFAULT, "omp_set_num_threads");
    if (set) set(1);
}
