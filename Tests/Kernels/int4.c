/* Products with 4-bit weights: the same panels, files and bits of every set, and exact sums of the integers that the weights stand for. */
#include "check.h"

#include <math.h>
#include <string.h>

enum { GROUPED = 32 };

typedef struct {
    int64_t rows, k, columns;
    int64_t lead; /* inputs before those that the rows hold */
    int32_t x_type, source_type;
    bool weighted;
} shape;

/* The integer that weight (column, k) of packed panels stands for. */
static int32_t integer_at(const uint8_t *panels, int64_t groups, int64_t column, int64_t k) {
    const uint8_t *block = panels + (column / CK_PANEL * groups + k / GROUPED) * CK_I4_BLOCK;
    int64_t c = column % CK_PANEL, at = k % GROUPED, low = at % 16;
    int32_t q = block[low / 4 * 64 + c * 4 + low % 4] >> (at < 16 ? 0 : 4) & 15, step = block[256 + c];
    return ((step >> 4) + 3) * (q - (step & 15));
}

static void check(shape s) {
    int64_t groups = (s.lead + s.k + GROUPED - 1) / GROUPED, panels = (s.columns + CK_PANEL - 1) / CK_PANEL, all = s.lead + s.k;
    float *weight = numbers(s.columns * all, 2), *x = numbers(s.rows * s.k, 1), *importance = numbers(all, 1);
    for (int64_t n = 0; n < all; n++) importance[n] = fabsf(importance[n]) + 0.01f;
    uint16_t *half_weight = rounded(weight, s.columns * all, s.source_type == CK_BF16), *half = rounded(x, s.rows * s.k, s.x_type == CK_BF16);
    about("int4, %lld x %lld (after %lld) -> %lld, type %d, weights of type %d", (long long)s.rows, (long long)s.k, (long long)s.lead,
          (long long)s.columns, s.x_type, s.source_type);

    uint8_t *packed[2], *stored[2], *steps[2];
    float *scales[2], *stored_scales[2], *out[2];
    for (int which = 0; which < 2; which++) {
        const set *set = which ? &reference : &tested;
        int64_t bytes = panels * groups * CK_I4_BLOCK;
        packed[which] = memory(bytes);
        scales[which] = memory(4 * panels * CK_PANEL);
        const void *source = s.source_type == CK_BF16 ? (void *)half_weight : weight;
        ck_pack pack = {.source = source, .source_type = s.source_type, .w_type = CK_I4, .n = s.columns, .k = all, .k_stride = groups * GROUPED,
                        .panels = packed[which], .scales = scales[which], .panel_step = 1, .importance = s.weighted ? importance : 0};
        run(set->kernels.pack, &pack, ck_pack_tasks(&pack));

        /* The same by way of a file. */
        stored[which] = memory(s.columns * ((all + 1) / 2));
        steps[which] = memory(s.columns * groups);
        stored_scales[which] = memory(4 * s.columns);
        ck_quantise_weight quantise = {.source = source, .source_type = s.source_type, .w_type = CK_I4, .n = s.columns, .k = all,
                                       .values = (int8_t *)stored[which], .scales = stored_scales[which], .steps = steps[which],
                                       .importance = pack.importance};
        run(set->kernels.quantise_weight, &quantise, ck_quantise_weight_tasks(&quantise));
        ck_pack from_file = {.source = stored[which], .source_type = CK_I4, .w_type = CK_I4, .source_scales = stored_scales[which],
                             .source_steps = steps[which], .n = s.columns, .k = all, .k_stride = groups * GROUPED, .panels = memory(bytes),
                             .scales = memory(4 * panels * CK_PANEL), .panel_step = 1};
        run(set->kernels.pack, &from_file, ck_pack_tasks(&from_file));
        same("scales by way of a file", from_file.scales, scales[which], panels * CK_PANEL);
        for (int64_t c = 0; c < s.columns; c++)
            for (int64_t n = 0; n < all; n++) {
                int32_t ours = integer_at(packed[which], groups, c, n), theirs = integer_at(from_file.panels, groups, c, n);
                if (ours != theirs || ours < -127 || ours > 127) same_bytes("integers by way of a file", &ours, &theirs, 4);
            }
        free(from_file.panels), free(from_file.scales);

        void *arranged = memory(ck_arranged_bytes(CK_I4, s.rows, all));
        ck_arrange arrange = {.x = s.x_type ? (void *)half : x, .ldx = s.k, .x_type = s.x_type, .w_type = CK_I4, .rows = s.rows, .k = all,
                              .lead = s.lead, .out = arranged};
        run(set->kernels.arrange, &arrange, arrange_tasks(set, &arrange));
        out[which] = memory(4 * s.rows * s.columns);
        ck_linear product = {.a = arranged, .lda = s.k, .a_type = CK_ARRANGED, .w_type = CK_I4, .panels = packed[which],
                             .k_stride = groups * GROUPED, .scales = scales[which], .rows = s.rows, .k = all, .columns = s.columns,
                             .out = out[which], .ldo = s.columns};
        run(set->kernels.linear, &product, ck_linear_tasks(&product));
        free(arranged);
    }
    same_bytes("panels", packed[0], packed[1], panels * groups * CK_I4_BLOCK);
    same_bytes("stored weights", stored[0], stored[1], s.columns * ((all + 1) / 2));
    same_bytes("steps", steps[0], steps[1], s.columns * groups);
    same("products", out[0], out[1], s.rows * s.columns);
    digest(out[0], 4 * s.rows * s.columns);

    /* Exact sums, of one row and column. */
    int64_t row = pick(s.rows), column = pick(s.columns);
    float most = 0;
    for (int64_t n = 0; n < s.k; n++) most = fmaxf(most, fabsf(x[row * s.k + n]));
    int64_t sum = 0;
    for (int64_t n = 0; n < s.k; n++) {
        float scaled = x[row * s.k + n] * (127 / most);
        sum += (int64_t)rintf(scaled) * integer_at(packed[0], groups, column, s.lead + n);
    }
    float expected = (float)sum * (scales[0][column] * (most / 127));
    same("a sum of integers", &out[0][row * s.columns + column], &expected, 1);

    for (int which = 0; which < 2; which++)
        free(packed[which]), free(stored[which]), free(steps[which]), free(scales[which]), free(stored_scales[which]), free(out[which]);
    free(weight), free(x), free(importance), free(half_weight), free(half);
}

void check_four_bits(void) {
    static const int64_t rows[] = {1, 2, 3, 5, 8, 13, 16, 17, 43, 171}, ks[] = {1, 16, 31, 32, 33, 100, 513, 1030}, columns[] = {1, 16, 37, 150};
    for (int i = 0; i < 10; i++)
        for (int j = 0; j < 8; j++)
            check((shape){.rows = rows[i], .k = ks[j], .columns = columns[(i + j) % 4], .lead = pick(3) == 0 ? 16 : 0, .x_type = (int32_t)pick(2),
                          .source_type = (int32_t)pick(2), .weighted = pick(2)});
}
