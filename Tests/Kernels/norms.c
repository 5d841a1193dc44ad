/* Norms of all kinds. */
#include "check.h"

#include <math.h>
#include <string.h>

static void plain(const ck_norm *op, float *out) {
    for (int64_t i = 0; i < op->rows; i++) {
        const float *x = op->x + i * op->ldx;
        double mean = 0, squares = 0;
        if (op->kind == CK_LAYER_NORM)
            for (int64_t n = 0; n < op->width; n++) mean += (double)x[n] / (double)op->width;
        for (int64_t n = 0; n < op->width; n++) squares += (x[n] - mean) * (x[n] - mean);
        double factor = op->kind == CK_L2_NORM ? 1 / fmax(sqrt(squares), op->eps) : 1 / sqrt(squares / (double)op->width + op->eps);
        for (int64_t n = 0; n < op->width; n++) {
            double v = (x[n] - mean) * factor * op->weight[n] + (op->bias ? op->bias[n] : 0);
            if (op->shift && (!op->modulated || op->modulated[i])) v = v * (1 + op->scale[n]) + op->shift[n];
            out[i * op->ldo + n] = (float)(op->silu ? v / (1 + exp(-v)) : v);
        }
    }
}

static void check(int64_t rows, int64_t width, int32_t kind, int32_t out_type, int options) {
    int64_t ldx = width + 2, ldo = width + 1;
    float *x = numbers(rows * ldx, 2), *vectors = numbers(4 * width, 1);
    uint8_t *modulated = memory(rows);
    for (int64_t i = 0; i < rows; i++) modulated[i] = (uint8_t)pick(2);
    ck_norm op = {.x = x, .ldx = ldx, .rows = rows, .width = width, .kind = kind, .eps = 1e-6f, .weight = vectors, .ldo = ldo, .out_type = out_type};
    if (options & 1) op.bias = vectors + width;
    if (options & 2) op.shift = vectors + 2 * width, op.scale = vectors + 3 * width;
    if (options & 4) op.modulated = modulated;
    op.silu = options >> 3 & 1;
    about("norm %d of %lld x %lld, out type %d, options %d", kind, (long long)rows, (long long)width, out_type, options);
    float *out[3];
    for (int which = 0; which < 3; which++) {
        out[which] = memory(4 * rows * ldo);
        uint16_t *half = memory(2 * rows * ldo);
        op.out = out_type == CK_BF16 && which < 2 ? (void *)half : out[which];
        if (which == 2) plain(&op, out[2]);
        else run((which ? reference : tested).kernels.norm, &op, ck_norm_tasks(&op));
        for (int64_t n = 0; n < rows * ldo && out_type == CK_BF16 && which < 2; n++) out[which][n] = from_bf16(half[n]);
        free(half);
    }
    double relative = out_type == CK_BF16 ? 0x1p-7 : 0x1p-18;
    near("against the portable kernels", out[0], out[1], rows * ldo, 0x1p-18, relative);
    near("against plain loops", out[0], out[2], rows * ldo, 0x1p-18, relative);
    for (int which = 0; which < 3; which++) free(out[which]);
    free(x), free(vectors), free(modulated);
}

void check_norms(void) {
    static const int64_t widths[] = {2, 3, 5, 8, 31, 64, 97, 300};
    for (int w = 0; w < 8; w++)
        for (int32_t kind = 0; kind < 3; kind++)
            for (int options = (int)pick(3); options < 16; options += 3) check(1 + pick(36), widths[w], kind, (int32_t)pick(2), options);
}
