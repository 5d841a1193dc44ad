/* Convolutions as products over patches, against plain loops. */
#include "check.h"

#include <math.h>
#include <string.h>

typedef struct {
    int64_t height, width, channels, outputs;
    int32_t upsampling, kernel, stride;
    int64_t before, after; /* zeros on all sides */
    bool accumulate;
} shape;

static void check(const shape *s) {
    int64_t high = s->height * s->upsampling, broad = s->width * s->upsampling, kernel = s->kernel;
    int64_t out_height = (high + s->before + s->after - kernel) / s->stride + 1, out_width = (broad + s->before + s->after - kernel) / s->stride + 1;
    int64_t depth = kernel * kernel * s->channels, panels = (s->outputs + 15) / 16, all = out_height * out_width * s->outputs;
    float *image = numbers(s->height * s->width * s->channels, 1), *weight = numbers(s->outputs * depth, 1 / sqrtf((float)depth));
    float *bias = numbers(s->outputs, 1), *before = numbers(all, 1), *packed = memory(4 * panels * depth * 16), *out[3];
    about("a convolution of %lld x %lld x %lld -> %lld, upsampled %d times, kernel %d, step %d%s", (long long)s->height, (long long)s->width,
          (long long)s->channels, (long long)s->outputs, s->upsampling, s->kernel, s->stride, s->accumulate ? ", added" : "");
    /* weight: [outputs][kernel][kernel][channels] */
    for (int64_t o = 0; o < s->outputs; o++)
        for (int64_t k = 0; k < depth; k++) packed[(o / 16 * depth + k) * 16 + o % 16] = weight[o * depth + k];
    for (int which = 0; which < 3; which++) {
        out[which] = memory(4 * all);
        memcpy(out[which], before, (size_t)(4 * all));
        ck_patches op = {.image = image, .height = s->height, .width = s->width, .channels = s->channels, .upsampling = s->upsampling, .kernel = s->kernel,
                         .stride = s->stride, .rows_before = s->before, .columns_before = s->before, .panels = packed, .bias = bias, .out = out[which],
                         .out_height = out_height, .out_width = out_width, .outputs = s->outputs, .accumulate = s->accumulate};
        if (which < 2) run((which ? &reference : &tested)->kernels.patches, &op, ck_patches_tasks(&op));
    }
    for (int64_t y = 0; y < out_height; y++)
        for (int64_t x = 0; x < out_width; x++)
            for (int64_t o = 0; o < s->outputs; o++) {
                int64_t at = (y * out_width + x) * s->outputs + o;
                double sum = bias[o] + (s->accumulate ? before[at] : 0);
                for (int64_t i = 0; i < kernel; i++)
                    for (int64_t j = 0; j < kernel; j++) {
                        int64_t from = y * s->stride + i - s->before, column = x * s->stride + j - s->before;
                        if (from < 0 || from >= high || column < 0 || column >= broad) continue;
                        const float *pixel = image + (from / s->upsampling * s->width + column / s->upsampling) * s->channels;
                        for (int64_t c = 0; c < s->channels; c++) sum += (double)weight[o * depth + (i * kernel + j) * s->channels + c] * pixel[c];
                    }
                out[2][at] = (float)sum;
            }
    near("against the portable kernels", out[0], out[1], all, 0x1p-17, 0x1p-17);
    near("against plain loops", out[0], out[2], all, 0x1p-17, 0x1p-17);
    for (int which = 0; which < 3; which++) free(out[which]);
    free(image), free(weight), free(bias), free(before), free(packed);
}

void check_patches(void) {
    static const shape shapes[] = {{1, 1, 1, 1, 1, 1, 1, 0, 0, false}, {8, 9, 3, 20, 1, 3, 1, 1, 1, false}, {6, 180, 20, 17, 1, 3, 2, 0, 1, true},
                                   {7, 5, 33, 3, 1, 5, 1, 2, 2, true}, {3, 4, 5, 16, 2, 3, 1, 1, 1, false}, {8, 8, 16, 40, 1, 4, 4, 0, 0, false},
                                   {4, 3, 40, 130, 1, 2, 1, 3, 2, true}};
    for (int i = 0; i < 7; i++) check(&shapes[i]);
}
