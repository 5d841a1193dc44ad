/* Compares the kernels of the instruction set that the library chooses here (FLASHU_MAX_ISA caps it) with the portable ones, and both with plain
 * loops in double precision. Prints a line with the number of checks and a digest of all products of 8- and 4-bit integers, which must be the same on
 * every machine. Status 1 after a failure. */
#include "check.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

set reference, tested;

static int64_t checks, failures;
static double worst; /* largest difference, in shares of what was allowed */
static uint64_t hash = 0xcbf29ce484222325u;
static char subject[256];

/* ---- Sets -------------------------------------------------------------------------------------------------------- */

bool multiplies_pairs(const set *set) {
    return set->is_reference ? set->kernels.multiplies_pairs : ck_arranges(CK_BF16, CK_BF16, CK_FEW_ROWS + 1);
}

bool arranges(const set *set, int32_t w_type, int32_t x_type, int64_t rows) {
    return set->is_reference ? w_type == CK_I8 || w_type == CK_I4 : ck_arranges(w_type, x_type, rows);
}

int32_t arrange_tasks(const set *set, const ck_arrange *op) {
    if (!set->is_reference) return ck_arrange_tasks(op);
    int64_t height = op->rows <= CK_FEW_ROWS ? 1 : set->kernels.tile_rows;
    return (int32_t)((op->rows + height - 1) / height);
}

static ck_pool *pool;

void run(ck_task task, const void *op, int32_t tasks) { ck_pool_run(pool, task, op, tasks); }

/* ---- Inputs ------------------------------------------------------------------------------------------------------ */

static uint64_t random_bits(void) {
    static uint64_t state = 1;
    uint64_t z = state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

float uniform(void) { return (float)(int32_t)(random_bits() >> 40) * 0x1p-23f - 1; }

int64_t pick(int64_t below) { return (int64_t)(random_bits() >> 33) % below; }

void *memory(int64_t bytes) {
    size_t size = ((size_t)bytes + 127) / 64 * 64;
    void *block = aligned_alloc(64, size);
    if (!block) {
        fputs("no memory\n", stderr);
        exit(1);
    }
    return memset(block, 0, size);
}

float *numbers(int64_t count, float scale) {
    float *made = memory(4 * count);
    for (int64_t i = 0; i < count; i++) made[i] = uniform() * scale;
    return made;
}

uint16_t to_bf16(float x) {
    uint32_t bits;
    memcpy(&bits, &x, 4);
    if (x != x) return (uint16_t)(bits >> 16 | 0x40);
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

float from_bf16(uint16_t x) {
    uint32_t bits = (uint32_t)x << 16;
    float made;
    memcpy(&made, &bits, 4);
    return made;
}

uint16_t *rounded(float *from, int64_t count, bool back) {
    uint16_t *made = memory(2 * count);
    for (int64_t i = 0; i < count; i++) {
        made[i] = to_bf16(from[i]);
        if (back) from[i] = from_bf16(made[i]);
    }
    return made;
}

/* ---- Checks ------------------------------------------------------------------------------------------------------ */

void about(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(subject, sizeof(subject), format, arguments);
    va_end(arguments);
}

static void failed(const char *what, int64_t at, double x, double y) {
    if (failures++ < 20) printf("FAILED %s, %s: element %lld is %.9g, not %.9g\n", subject, what, (long long)at, x, y);
}

void same(const char *what, const float *x, const float *y, int64_t count) {
    checks++;
    for (int64_t i = 0; i < count; i++)
        if (memcmp(x + i, y + i, 4) != 0 && !(isnan(x[i]) && isnan(y[i]))) return failed(what, i, x[i], y[i]);
}

void same_bytes(const char *what, const void *x, const void *y, int64_t bytes) {
    checks++;
    const uint8_t *a = x, *b = y;
    for (int64_t i = 0; i < bytes; i++)
        if (a[i] != b[i]) return failed(what, i, a[i], b[i]);
}

void near(const char *what, const float *x, const float *y, int64_t count, double absolute, double relative) {
    checks++;
    for (int64_t i = 0; i < count; i++) {
        if ((isnan(x[i]) && isnan(y[i])) || x[i] == y[i]) continue;
        double share = fabs((double)x[i] - y[i]) / (absolute + relative * fabs(y[i]));
        if (!(share <= 1)) return failed(what, i, x[i], y[i]);
        if (share > worst) worst = share;
    }
}

void digest(const void *bytes, int64_t count) {
    for (int64_t i = 0; i < count; i++) hash = (hash ^ ((const uint8_t *)bytes)[i]) * 0x100000001b3u;
}

static const char *name_of(int32_t isa) {
    switch (isa) {
    case CK_AVX2: return "avx2";
    case CK_AVX_VNNI: return "avxvnni";
    case CK_AVX512: return "avx512";
    case CK_AVX512_VNNI: return "avx512vnni";
    case CK_AVX512_DOT: return "avx512dot";
    case CK_WIDE: return "wide";
    case CK_NARROW: return "narrow";
    case CK_NEON: return "neon";
    case CK_NEON_DOT: return "neondot";
    case CK_NEON_I8MM: return "neoni8mm";
    case CK_NEON_BF16: return "neonbf16";
    default: return "portable";
    }
}

/* The loops that measure the machine do as many operations as they say, in every type: as many more as there are rounds more. */
static void check_peak(void) {
    static const char *const types[] = {"f32", "bf16", "int8"};
    for (int32_t type = CK_F32; type <= CK_I8; type++) {
        int64_t few[2] = {0}, many[2] = {0};
        ck_peak peak = {.type = type, .rounds = 2, .operations = few};
        run(tested.kernels.peak, &peak, 2);
        peak.rounds = 20;
        peak.operations = many;
        run(tested.kernels.peak, &peak, 2);
        about("peak in %s", types[type]);
        int64_t expected[2] = {10 * few[0], 10 * few[0]};
        same_bytes("operations", many, expected, sizeof(many));
        int64_t some = few[0] > 0;
        same_bytes("any", &some, &(int64_t){1}, sizeof(some));
    }
}

int main(void) {
    pool = ck_pool_create(2);
    if (!pool) {
        fputs("no thread can be started\n", stderr);
        return 1;
    }
    reference = (set){ck_kernels_portable, true};
    tested.kernels = (ck_kernels){.linear = ck_linear_task, .linear_stored = ck_linear_stored_task, .arrange = ck_arrange_task, .pack = ck_pack_task,
                                  .quantise_weight = ck_quantise_weight_task, .norm = ck_norm_task, .heads = ck_heads_task,
                                  .attention = ck_attention_task, .patches = ck_patches_task, .winograd_input = ck_winograd_input_task, .winograd_product = ck_winograd_product_task,
                                  .winograd_output = ck_winograd_output_task, .peak = ck_peak_task};
    check_peak();
    check_quantisation();
    check_products();
    check_four_bits();
    check_independent_rows();
    check_stored_products();
    check_norms();
    check_attention();
    check_patches();
    check_winograd();
    ck_pool_destroy(pool);
    printf("%s %lld checks, %lld failed, at most %.2f of what is allowed, integers %016llx\n", name_of(ck_isa()), (long long)checks, (long long)failures,
           worst, (unsigned long long)hash);
    return failures > 0;
}
