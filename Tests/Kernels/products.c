/* Products of all types, with everything that may follow them. */
#include "check.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* What is multiplied, in plain numbers, and how. */
typedef struct {
    int64_t rows, k, columns;
    int64_t first, all; /* the product's ks are [first, first + k) of `all` */
    int32_t x_type, w_type, source_type, out_type, activation, store;
    bool bias, gate, gated;
} shape;

typedef struct {
    float *x;           /* [rows, k] */
    uint16_t *half_x;
    float *weight;      /* [columns, all] */
    uint16_t *half_weight;
    int8_t *bytes;
    float *scales;
    float *bias, *gate, *before;
    uint8_t *gated;
} operands;

static int64_t up(int64_t a, int64_t b) { return (a + b - 1) / b * b; }

static operands operands_of(const shape *s) {
    operands o = {0};
    o.x = numbers(s->rows * s->k, 1);
    o.half_x = rounded(o.x, s->rows * s->k, s->x_type == CK_BF16);
    o.weight = numbers(s->columns * s->all, 1 / sqrtf((float)s->k));
    o.half_weight = rounded(o.weight, s->columns * s->all, s->source_type == CK_BF16 || s->w_type == CK_BF16);
    o.bytes = memory(s->columns * s->all);
    for (int64_t i = 0; i < s->columns * s->all; i++) o.bytes[i] = (int8_t)(pick(256) - 128); /* a file may hold -128 */
    o.scales = numbers(s->columns, 0.01f / sqrtf((float)s->k));
    o.bias = numbers(s->columns, 1);
    o.gate = numbers(s->columns, 1);
    o.before = numbers(s->rows * (s->columns + 3), 1);
    o.gated = memory(s->rows);
    for (int64_t i = 0; i < s->rows; i++) o.gated[i] = (uint8_t)pick(2);
    return o;
}

static void release(operands o) {
    free(o.x), free(o.half_x), free(o.weight), free(o.half_weight), free(o.bytes), free(o.scales);
    free(o.bias), free(o.gate), free(o.before), free(o.gated);
}

/* The outputs as floats, [rows, columns + 3]: what lies between the rows must stay as it was. */
static float *multiply(const set *set, const shape *s, const operands *o) {
    int64_t panels = s->activation == CK_SWIGLU ? 2 * up(s->columns / 2, CK_PANEL) / CK_PANEL : up(s->columns, CK_PANEL) / CK_PANEL;
    int64_t stride = up(s->all, 4), size = s->w_type == CK_I8 ? 1 : s->w_type == CK_BF16 ? 2 : 4, ldo = s->columns + 3;
    char *packed = memory(panels * stride * CK_PANEL * size);
    memset(packed, 0x55, (size_t)(panels * stride * CK_PANEL * size));
    float *scales = memory(panels * CK_PANEL * 4);
    const char *source = s->source_type == CK_I8 ? (const char *)o->bytes : s->source_type == CK_BF16 ? (const char *)o->half_weight : (const char *)o->weight;
    int64_t source_size = s->source_type == CK_I8 ? 1 : s->source_type == CK_BF16 ? 2 : 4;
    int halves = s->activation == CK_SWIGLU ? 2 : 1;
    for (int half = 0; half < halves; half++) {
        int64_t n = s->columns / halves;
        ck_pack pack = {.source = source + half * n * s->all * source_size, .source_type = s->source_type, .w_type = s->w_type,
                        .source_scales = o->scales + half * n, .n = n, .k = s->all, .k_stride = stride, .panels = packed, .scales = scales,
                        .first_panel = half, .panel_step = halves};
        run(set->kernels.pack, &pack, ck_pack_tasks(&pack));
    }
    const void *x = s->x_type == CK_BF16 ? (const void *)o->half_x : o->x;
    void *arranged = 0;
    ck_linear op = {.a = x, .lda = s->k, .a_type = s->x_type, .w_type = s->w_type, .panels = packed + s->first * CK_PANEL * size, .k_stride = stride,
                    .scales = scales, .rows = s->rows, .k = s->k, .columns = s->columns, .bias = s->bias ? o->bias : 0, .gate = s->gate ? o->gate : 0,
                    .gated = s->gated ? o->gated : 0, .ldo = ldo, .out_type = s->out_type, .activation = s->activation, .store = s->store};
    if (arranges(set, s->w_type, s->x_type, s->rows)) {
        arranged = memory(ck_arranged_bytes(s->w_type, s->rows, s->k));
        ck_arrange arrange = {.x = x, .ldx = s->k, .x_type = s->x_type, .w_type = s->w_type, .rows = s->rows, .k = s->k, .out = arranged};
        run(set->kernels.arrange, &arrange, arrange_tasks(set, &arrange));
        op.a = arranged;
        op.a_type = CK_ARRANGED;
    }
    float *out = memory(4 * s->rows * ldo);
    memcpy(out, o->before, (size_t)(4 * s->rows * ldo));
    uint16_t *half = rounded(out, s->rows * ldo, false);
    op.out = s->out_type == CK_BF16 ? (void *)half : out;
    run(set->kernels.linear, &op, ck_linear_tasks(&op));
    if (s->out_type == CK_BF16)
        for (int64_t i = 0; i < s->rows * ldo; i++) out[i] = from_bf16(half[i]);
    free(packed), free(scales), free(arranged), free(half);
    return out;
}

static double activated(double x, int32_t activation) {
    switch (activation) {
    case CK_GELU_TANH: return 0.5 * x * (1 + tanh(sqrt(2 / 3.14159265358979323846) * (x + 0.044715 * x * x * x)));
    case CK_GELU_ERF: return 0.5 * x * (1 + erf(x * sqrt(0.5)));
    case CK_SILU: return x / (1 + exp(-x));
    default: return x;
    }
}

/* Scale and integers of a row, as the header defines them. */
static float quantised_row(const float *x, int64_t k, int32_t *to) {
    float most = 0;
    for (int64_t n = 0; n < k; n++) most = fmaxf(most, fabsf(x[n]));
    float inverse = most < 0x1p-100f ? 0 : 127 / most;
    for (int64_t n = 0; n < k; n++) to[n] = (int32_t)rintf(x[n] * inverse);
    return most < 0x1p-100f ? 0 : most / 127;
}

/* Those of a weight, from numbers or from what a file holds (x is NULL then). */
static float quantised_column(const float *x, const int8_t *stored, int64_t k, int32_t *to) {
    float scale = x ? quantised_row(x, k, to) : 0, inverse = 0;
    for (int64_t n = 0; x && n < k; n++) inverse = fmaxf(inverse, fabsf(x[n]));
    inverse = inverse < 0x1p-100f ? 0 : 127 / inverse;
    for (int64_t n = 0; !x && n < k; n++) to[n] = stored[n];
    for (int64_t n = 0; n < k; n += 2) {
        int last = n + 1 == k;
        if (abs(to[n] + (last ? 0 : to[n + 1])) <= 128) continue;
        for (int64_t i = n; i < n + 2 - last; i++)
            to[i] = 2 * (int32_t)fmaxf(-63, fminf(63, rintf(x ? x[i] * (inverse / 2) : (float)to[i] / 2)));
    }
    return scale;
}

/* The same by loops. */
static float *plain(const shape *s, const operands *o) {
    int64_t ldo = s->columns + 3, halves = s->activation == CK_SWIGLU ? 2 : 1;
    float *out = memory(4 * s->rows * ldo);
    for (int64_t i = 0; i < s->rows * ldo; i++) out[i] = s->out_type == CK_BF16 ? from_bf16(to_bf16(o->before[i])) : o->before[i];
    double *product = memory(8 * s->rows * s->columns);
    int32_t *row = memory(4 * s->k), *column = memory(4 * s->all);
    for (int64_t i = 0; i < s->rows; i++) {
        float scale = quantised_row(o->x + i * s->k, s->k, row);
        for (int64_t c = 0; c < s->columns; c++) {
            const float *w = o->weight + c * s->all;
            if (s->w_type == CK_I8) {
                float of_column = quantised_column(s->source_type == CK_I8 ? NULL : w, o->bytes + c * s->all, s->all, column);
                if (s->source_type == CK_I8) of_column = o->scales[c];
                int64_t sum = 0;
                for (int64_t n = 0; n < s->k; n++) sum += row[n] * column[s->first + n];
                product[i * s->columns + c] = (float)sum * (of_column * scale);
            } else {
                double sum = 0;
                for (int64_t n = 0; n < s->k; n++) sum += (double)o->x[i * s->k + n] * w[s->first + n];
                product[i * s->columns + c] = sum;
            }
        }
    }
    for (int64_t i = 0; i < s->rows; i++)
        for (int64_t c = 0; c < s->columns / halves; c++) {
            const double *p = product + i * s->columns;
            float *to = out + i * ldo + c;
            double v = p[c];
            if (halves == 2) v = activated(v, CK_SILU) * p[s->columns / 2 + c];
            else {
                if (s->bias) v += o->bias[c];
                v = activated(v, s->activation);
                if (s->store == CK_ACCUMULATE) v = *to + v * (s->gate && (!s->gated || o->gated[i]) ? o->gate[c] : 1);
            }
            *to = (float)v;
        }
    free(product), free(row), free(column);
    return out;
}

static const char *const types[] = {"f32", "bf16", "int8"};

/* Sums of numbers whose squares add up to about 1; two sums of float32 differ by less than 2^-18 then, their bfloat16 forms by one more step. */
#define ABSOLUTE 0x1p-18
#define OF_BF16 0x1p-7

static void check(shape s) {
    operands o = operands_of(&s);
    about("%s x %s (from %s) -> %s, %lld x %lld of %lld x %lld, activation %d, %s%s%s%s", types[s.x_type], types[s.w_type], types[s.source_type],
          types[s.out_type], (long long)s.rows, (long long)s.k, (long long)s.all, (long long)s.columns, s.activation, s.store ? "added" : "stored",
          s.bias ? ", bias" : "", s.gate ? ", gate" : "", s.gated ? ", gated rows" : "");
    float *x = multiply(&tested, &s, &o), *y = multiply(&reference, &s, &o);
    int64_t count = s.rows * (s.columns + 3);
    double relative = s.out_type == CK_BF16 ? OF_BF16 : ABSOLUTE;
    if (s.w_type == CK_I8 && s.activation == CK_IDENTITY) {
        same("against the portable kernels", x, y, count);
        if (s.out_type == CK_F32) digest(x, 4 * count);
    } else {
        near("against the portable kernels", x, y, count, ABSOLUTE, relative);
    }
    if (s.rows * s.k * s.columns <= 400000) {
        float *z = plain(&s, &o);
        near("against plain loops", x, z, count, ABSOLUTE, relative);
        if (s.w_type == CK_I8 && s.activation == CK_IDENTITY && !s.bias && s.store == CK_STORE && s.out_type == CK_F32)
            same("integers against plain loops", x, z, count);
        free(z);
    }
    free(x), free(y);
    release(o);
}

void check_products(void) {
    static const int64_t rows[] = {1, 2, 3, 4, 5, 6, 7, 11, 12, 16, 17, 18, 23, 41, 43, 85, 170};
    static const int64_t depths[] = {1, 2, 3, 4, 5, 7, 8, 9, 31, 64, 67, 130, 255, 256, 257, 514, 771, 1030};
    static const int64_t widths[] = {1, 3, 15, 16, 17, 32, 33, 66, 130, 150};
#define COUNT(list) ((int)(sizeof(list) / sizeof(list[0])))
    int turn = 0;
    for (int w = 0; w < 3; w++)
        for (int x = 0; x < 2; x++)
            for (int r = 0; r < COUNT(rows); r++)
                for (int d = 0; d < COUNT(depths); d += 1 + pick(4)) {
                    int64_t columns = widths[pick(COUNT(widths))];
                    if (rows[r] * depths[d] * columns > 6000000) continue;
                    shape s = {.rows = rows[r], .k = depths[d], .columns = columns, .all = depths[d], .x_type = x, .w_type = w};
                    s.source_type = w == CK_I8 ? (int32_t)pick(3) : (int32_t)pick(2);
                    if (turn % 3 == 1) { /* a range of the ks */
                        s.first = pick(3) * 4;
                        s.all += s.first + pick(6);
                    }
                    switch (turn++ % 8) {
                    case 0: break;
                    case 1: s.bias = true; break;
                    case 2: s.activation = CK_GELU_TANH, s.out_type = CK_BF16; break;
                    case 3: s.activation = CK_GELU_ERF, s.bias = true; break;
                    case 4: s.activation = CK_SWIGLU, s.columns = 2 * s.columns, s.out_type = (int32_t)pick(2); break;
                    case 5: s.store = CK_ACCUMULATE, s.gate = true, s.gated = pick(2), s.bias = true; break;
                    case 6: s.out_type = CK_BF16, s.bias = true; break;
                    case 7: s.activation = CK_SILU, s.store = CK_ACCUMULATE; break;
                    }
                    check(s);
                }
}

/* A row's result is the same whatever rows are with it. */
void check_independent_rows(void) {
    static const int64_t some[] = {1, 2, 6, 7, 16, 17};
    for (int w = 0; w < 3; w++)
        for (int x = 0; x < 2; x++)
            for (int odd = 0; odd < 2; odd++) {
                shape s = {.rows = 45, .k = 600 - 3 * odd, .columns = 40, .all = 600, .x_type = x, .w_type = w, .source_type = CK_BF16};
                operands o = operands_of(&s);
                float *all = multiply(&tested, &s, &o);
                for (int i = 0; i < COUNT(some); i++) {
                    about("%lld of 45 rows alone, %s x %s, k %lld", (long long)some[i], types[x], types[w], (long long)s.k);
                    shape few = s;
                    few.rows = some[i];
                    float *alone = multiply(&tested, &few, &o);
                    same("outputs", alone, all, few.rows * (s.columns + 3));
                    free(alone);
                }
                free(all);
                release(o);
            }
}

void check_stored_products(void) {
    static const int64_t sizes[][3] = {{1, 1, 1}, {1, 70, 65}, {3, 65, 130}, {20, 129, 70}, {50, 300, 17}, {7, 515, 64}};
    for (int i = 0; i < COUNT(sizes); i++)
        for (int type = 0; type < 2; type++)
            for (int rounds = 0; rounds < 2; rounds++) {
                shape s = {.rows = sizes[i][0], .k = sizes[i][1], .columns = sizes[i][2], .all = sizes[i][1], .source_type = type};
                operands o = operands_of(&s);
                about("a stored weight (%s%s), %lld x %lld x %lld", types[type], rounds ? ", rounds" : "", (long long)s.rows, (long long)s.k,
                      (long long)s.columns);
                float *out[2];
                for (int which = 0; which < 2; which++) {
                    out[which] = memory(4 * s.rows * s.columns);
                    ck_linear_stored op = {.x = o.x, .rows = s.rows, .k = s.k, .weight = type == CK_BF16 ? (void *)o.half_weight : o.weight,
                                           .weight_type = type, .rounds = rounds, .columns = s.columns, .bias = i % 2 ? o.bias : 0, .out = out[which]};
                    run((which ? reference : tested).kernels.linear_stored, &op, ck_linear_stored_tasks(&op));
                }
                near("outputs", out[0], out[1], s.rows * s.columns, ABSOLUTE, ABSOLUTE);
                free(out[0]), free(out[1]);
                release(o);
            }
}

/* ---- Quantisation ------------------------------------------------------------------------------------------------ */

void check_quantisation(void) {
    static const int64_t sizes[][2] = {{1, 1}, {3, 7}, {16, 64}, {17, 65}, {40, 300}, {23, 515}};
    for (int i = 0; i < COUNT(sizes); i++)
        for (int type = 0; type < 2; type++) {
            int64_t rows = sizes[i][0], k = sizes[i][1];
            float *x = numbers(rows * k, 3);
            if (rows > 2) {
                x[k] = NAN;
                x[2 * k] = -INFINITY;
            }
            if (rows > 16)
                for (int64_t n = 0; n < k; n++) x[3 * k + n] = n % 2 ? 0x1p-101f : 0;
            uint16_t *half = rounded(x, rows * k, type == CK_BF16);
            about("quantisation of %s, %lld x %lld", types[type], (long long)rows, (long long)k);

            int8_t *values[2];
            float *scales[2];
            ck_quantised to[2];
            void *arranged[2];
            for (int which = 0; which < 2; which++) {
                const set *set = which ? &reference : &tested;
                values[which] = memory(rows * k);
                scales[which] = memory(4 * rows);
                ck_quantise_weight weight = {.source = type ? (void *)half : x, .source_type = type, .w_type = CK_I8, .n = rows, .k = k, .values = values[which],
                                             .scales = scales[which]};
                run(set->kernels.quantise_weight, &weight, ck_quantise_weight_tasks(&weight));
                arranged[which] = memory(ck_arranged_bytes(CK_I8, rows, k));
                ck_arrange arrange = {.x = type ? (void *)half : x, .ldx = k, .x_type = type, .w_type = CK_I8, .rows = rows, .k = k, .out = arranged[which]};
                run(set->kernels.arrange, &arrange, arrange_tasks(set, &arrange));
                to[which] = ck_quantised_at(arranged[which], rows);
            }
            same("scales of weights", scales[0], scales[1], rows);
            same("scales of rows", to[0].scales, to[1].scales, rows);
            same("both", scales[0], to[0].scales, rows);
            int32_t *integers = memory(4 * k);
            int8_t *bytes = memory(k);
            for (int64_t row = 0; row < rows; row++) {
                if (scales[0][row] != scales[0][row]) continue;
                same_bytes("integers of weights", values[0] + row * k, values[1] + row * k, k);
                same_bytes("sums of rows", to[0].sums + row, to[1].sums + row, 4);
                int32_t sum = 0;
                quantised_row(x + row * k, k, integers);
                for (int64_t n = 0; n < k; n++) sum += integers[n];
                same_bytes("sums of rows against plain loops", to[0].sums + row, &sum, 4);
                quantised_column(x + row * k, NULL, k, integers);
                for (int64_t n = 0; n < k; n++) bytes[n] = (int8_t)integers[n];
                same_bytes("weights against plain loops", values[0] + row * k, bytes, k);
                digest(values[0] + row * k, k);
            }
            free(integers), free(bytes);
            for (int which = 0; which < 2; which++) free(values[which]), free(scales[which]), free(arranged[which]);
            free(x), free(half);
        }
}
