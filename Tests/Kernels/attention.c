/* Heads and attention: keys and values are written and read by the same kernels, in the order that they like. */
#include "check.h"

#include <math.h>
#include <string.h>

#define SEQUENCES 2

typedef struct {
    int64_t rows[SEQUENCES], before[SEQUENCES]; /* rows of this step, and slots that were filled earlier */
    int32_t heads, kv_heads, head_dim, kv_type, out_type;
    bool norms, rotates, causal;
} shape;

typedef struct {
    float *q, *out;
    ck_page *pages[SEQUENCES];
    ck_kv caches[SEQUENCES];
    int64_t count[SEQUENCES];
} state;

static int64_t even(int64_t d) { return (d + 1) / 2 * 2; }
static int64_t padded(int64_t d) { return (d + 15) / 16 * 16; }

static state empty(const shape *s) {
    state made = {0};
    for (int i = 0; i < SEQUENCES; i++) {
        made.count[i] = (s->before[i] + s->rows[i] + CK_PAGE - 1) / CK_PAGE;
        made.pages[i] = memory(made.count[i] * (int64_t)sizeof(ck_page));
        for (int64_t p = 0; p < made.count[i]; p++) {
            made.pages[i][p].keys = memory(4 * s->kv_heads * CK_PAGE * even(s->head_dim));
            made.pages[i][p].values = memory(4 * s->kv_heads * CK_PAGE * padded(s->head_dim));
        }
        made.caches[i].pages = made.pages[i];
    }
    return made;
}

static void release(state s) {
    for (int i = 0; i < SEQUENCES; i++) {
        for (int64_t p = 0; p < s.count[i]; p++) free(s.pages[i][p].keys), free(s.pages[i][p].values);
        free(s.pages[i]);
    }
    free(s.q), free(s.out);
}

/* The projected rows of all sequences, those of earlier steps included, and where they belong. */
typedef struct {
    float *qkv, *q_norm, *k_norm, *cosines, *sines;
    int64_t width, all, positions;
    int32_t *sequences, *slots;
} input;

static input inputs(const shape *s) {
    input in = {.width = (s->heads + 2 * s->kv_heads) * s->head_dim};
    for (int i = 0; i < SEQUENCES; i++) {
        in.all += s->before[i] + s->rows[i];
        if (s->before[i] + s->rows[i] > in.positions) in.positions = s->before[i] + s->rows[i];
    }
    in.qkv = numbers(in.all * in.width, 1.5f);
    in.q_norm = numbers(s->head_dim, 1);
    in.k_norm = numbers(s->head_dim, 1);
    int64_t half = s->head_dim / 2;
    in.cosines = memory(4 * in.positions * half + 4);
    in.sines = memory(4 * in.positions * half + 4);
    for (int64_t p = 0; p < in.positions; p++)
        for (int64_t j = 0; j < half; j++) {
            double angle = (double)p * pow(10000, -(double)j / (double)half);
            in.cosines[p * half + j] = (float)cos(angle);
            in.sines[p * half + j] = (float)sin(angle);
        }
    in.sequences = memory(4 * in.all);
    in.slots = memory(4 * in.all);
    int64_t row = 0; /* earlier rows of both sequences first, then this step's */
    for (int now = 0; now < 2; now++)
        for (int i = 0; i < SEQUENCES; i++)
            for (int64_t n = 0; n < (now ? s->rows[i] : s->before[i]); n++, row++) {
                in.sequences[row] = i;
                in.slots[row] = (int32_t)(n + (now ? s->before[i] : 0));
            }
    return in;
}

/* `apart`: each row is a segment of its own. */
static void attend(const set *set, const shape *s, const input *in, const int32_t *limits, bool apart, state *to) {
    int64_t now = s->rows[0] + s->rows[1], earlier = in->all - now;
    to->q = memory(4 * in->all * s->heads * s->head_dim);
    for (int step = 0; step < 2; step++) {
        int64_t first = step ? earlier : 0;
        ck_heads heads = {.qkv = in->qkv + first * in->width, .ldx = in->width, .rows = step ? now : earlier, .heads = s->heads, .kv_heads = s->kv_heads,
                          .head_dim = s->head_dim, .scale = 1 / sqrtf((float)s->head_dim), .norm_eps = 1e-6f, .sequences = in->sequences + first,
                          .slots = in->slots + first, .caches = to->caches, .kv_type = s->kv_type, .q = to->q + first * s->heads * s->head_dim};
        if (s->norms) heads.q_norm = in->q_norm, heads.k_norm = in->k_norm;
        if (s->rotates) heads.cosines = in->cosines, heads.sines = in->sines, heads.positions = in->slots + first;
        run(set->kernels.heads, &heads, ck_heads_tasks(&heads));
    }
    int64_t ldo = s->heads * s->head_dim + 3;
    to->out = memory(4 * now * ldo);
    uint16_t *half = memory(2 * now * ldo);
    ck_segment *segments = memory(now * (int64_t)sizeof(ck_segment));
    int32_t count = 0;
    for (int64_t row = 0; row < now;) {
        int32_t sequence = in->sequences[earlier + row];
        segments[count] = (ck_segment){row, apart ? 1 : s->rows[sequence], sequence};
        row += segments[count++].rows;
    }
    ck_attention op = {.q = to->q + earlier * s->heads * s->head_dim, .heads = s->heads, .kv_heads = s->kv_heads, .head_dim = s->head_dim,
                       .segments = segments, .segment_count = count, .limits = limits, .caches = to->caches, .kv_type = s->kv_type,
                       .out = s->out_type == CK_BF16 ? (void *)half : to->out, .ldo = ldo, .out_type = s->out_type};
    run(set->kernels.attention, &op, ck_attention_tasks(&op));
    for (int64_t i = 0; i < now * ldo && s->out_type == CK_BF16; i++) to->out[i] = from_bf16(half[i]);
    free(half), free(segments);
}

/* Head h of a row, prepared as the header says. */
static void plain_head(const shape *s, const input *in, int64_t row, int32_t h, const float *norm, double scale, double *to) {
    int64_t d = s->head_dim, half = d / 2;
    const float *x = in->qkv + row * in->width + h * d;
    double squares = 0, factor = scale;
    for (int64_t j = 0; j < d; j++) squares += (double)x[j] * x[j];
    if (s->norms && norm) factor /= sqrt(squares / (double)d + 1e-6);
    for (int64_t j = 0; j < d; j++) to[j] = x[j] * factor * (s->norms && norm ? norm[j] : 1);
    if (!s->rotates || !norm) return;
    for (int64_t j = 0; j < half; j++) {
        double a = to[j], b = to[half + j], cosine = in->cosines[in->slots[row] * half + j], sine = in->sines[in->slots[row] * half + j];
        to[j] = a * cosine - b * sine;
        to[half + j] = b * cosine + a * sine;
    }
}

static float *plain(const shape *s, const input *in, const int32_t *limits) {
    int64_t now = s->rows[0] + s->rows[1], earlier = in->all - now, d = s->head_dim, ldo = s->heads * d + 3;
    float *out = memory(4 * now * ldo);
    double *q = memory(8 * d), *k = memory(8 * in->all * d), *scores = memory(8 * in->all), *sums = memory(8 * d);
    for (int32_t h = 0; h < s->heads; h++) {
        int32_t shared = h / (s->heads / s->kv_heads);
        for (int64_t other = 0; other < in->all; other++) plain_head(s, in, other, s->heads + shared, in->k_norm, 1, k + other * d);
        for (int64_t i = 0; i < now; i++) {
            int64_t row = earlier + i;
            plain_head(s, in, row, h, in->q_norm, 1 / sqrt((double)d), q);
            double most = -INFINITY, total = 0;
            for (int64_t other = 0; other < in->all; other++) {
                scores[other] = -INFINITY;
                if (in->sequences[other] != in->sequences[row] || in->slots[other] >= limits[i]) continue;
                double score = 0;
                for (int64_t j = 0; j < d; j++) score += q[j] * k[other * d + j];
                scores[other] = score;
                most = fmax(most, score);
            }
            for (int64_t j = 0; j < d; j++) sums[j] = 0;
            for (int64_t other = 0; other < in->all; other++) {
                if (scores[other] == -INFINITY) continue;
                double factor = exp(scores[other] - most);
                total += factor;
                const float *value = in->qkv + other * in->width + (s->heads + s->kv_heads + shared) * d;
                for (int64_t j = 0; j < d; j++) sums[j] += factor * value[j];
            }
            for (int64_t j = 0; j < d; j++) out[i * ldo + h * d + j] = total > 0 ? (float)(sums[j] / total) : 0;
        }
    }
    free(q), free(k), free(scores), free(sums);
    return out;
}

static void check(shape s) {
    input in = inputs(&s);
    int64_t now = s.rows[0] + s.rows[1], earlier = in.all - now;
    int32_t *limits = memory(4 * now);
    for (int64_t i = 0; i < now; i++) {
        int32_t sequence = in.sequences[earlier + i];
        limits[i] = s.causal ? in.slots[earlier + i] + 1 : (int32_t)(s.before[sequence] + s.rows[sequence]);
    }
    about("attention of %lld + %lld rows after %lld + %lld, %d / %d heads of %d, cache type %d, out type %d%s%s%s", (long long)s.rows[0], (long long)s.rows[1],
          (long long)s.before[0], (long long)s.before[1], s.heads, s.kv_heads, s.head_dim, s.kv_type, s.out_type, s.norms ? ", norms" : "",
          s.rotates ? ", rotates" : "", s.causal ? ", causal" : "");
    state x = empty(&s), y = empty(&s), apart = empty(&s);
    attend(&tested, &s, &in, limits, false, &x);
    attend(&tested, &s, &in, limits, true, &apart);
    attend(&reference, &s, &in, limits, false, &y);
    float *z = plain(&s, &in, limits);
    int64_t count = now * (s.heads * s.head_dim + 3);
    near("queries", x.q, y.q, in.all * s.heads * s.head_dim, 0x1p-18, 0x1p-18);
    /* Values are below 1.5; bfloat16 rounds keys and values, and where pairs are multiplied queries and probabilities too. */
    double relative = s.out_type == CK_BF16 ? 0x1p-7 : 0;
    double own = s.kv_type == CK_BF16 && multiplies_pairs(&tested) ? 0x1p-6 : 0x1p-17;
    same("rows one by one", apart.out, x.out, count);
    near("against the portable kernels", x.out, y.out, count, own, relative);
    near("against plain loops", x.out, z, count, s.kv_type == CK_BF16 ? 0x1p-5 : 0x1p-17, relative);
    release(x), release(y), release(apart);
    free(z), free(limits), free(in.qkv), free(in.q_norm), free(in.k_norm), free(in.cosines), free(in.sines), free(in.sequences), free(in.slots);
}

void check_attention(void) {
    static const shape shapes[] = {
        {.rows = {1, 0}, .heads = 1, .kv_heads = 1, .head_dim = 2},
        {.rows = {1, 1}, .before = {300, 17}, .heads = 4, .kv_heads = 2, .head_dim = 16, .norms = true, .rotates = true, .causal = true},
        {.rows = {7, 0}, .before = {3, 0}, .heads = 2, .kv_heads = 1, .head_dim = 15, .norms = true},
        {.rows = {13, 90}, .before = {0, 1}, .heads = 2, .kv_heads = 2, .head_dim = 24, .rotates = true, .causal = true},
        {.rows = {45, 6}, .before = {250, 0}, .heads = 3, .kv_heads = 1, .head_dim = 32, .norms = true, .rotates = true},
        {.rows = {100, 0}, .before = {513, 0}, .heads = 1, .kv_heads = 1, .head_dim = 9, .causal = true},
        {.rows = {85, 20}, .before = {0, 40}, .heads = 2, .kv_heads = 1, .head_dim = 72},
        {.rows = {1, 20}, .before = {260, 3}, .heads = 12, .kv_heads = 2, .head_dim = 32, .rotates = true, .causal = true},
        {.rows = {8, 1}, .before = {30, 700}, .heads = 7, .kv_heads = 1, .head_dim = 72, .norms = true},
        {.rows = {9, 1}, .before = {0, 0}, .heads = 10, .kv_heads = 2, .head_dim = 17, .causal = true},
    };
    for (int i = 0; i < (int)(sizeof(shapes) / sizeof(shapes[0])); i++)
        for (int32_t kv = 0; kv < 2; kv++)
            for (int32_t out = 0; out < 2; out++) {
                shape s = shapes[i];
                s.kv_type = kv;
                s.out_type = out;
                check(s);
            }
}
