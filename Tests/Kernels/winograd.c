/* Winograd's transforms, and a whole convolution by them against plain loops. */
#include "check.h"

#include <math.h>
#include <string.h>

/* G of F(4 x 4, 3 x 3) with the header's points 0, a, -a, b, -b, infinity: the coefficients of the interpolation times powers of the point. */
static void kernel_transform(double g[6][3]) {
    const double points[5] = {0, CK_WINOGRAD_A, -CK_WINOGRAD_A, CK_WINOGRAD_B, -CK_WINOGRAD_B};
    for (int i = 0; i < 5; i++) {
        double divisor = 1;
        for (int j = 0; j < 5; j++)
            if (j != i) divisor *= points[i] - points[j];
        for (int n = 0; n < 3; n++) g[i][n] = pow(points[i], n) / divisor;
    }
    g[5][0] = g[5][1] = 0;
    g[5][2] = 1;
}

static void check(int64_t height, int64_t width, int64_t channels, int64_t upsampling, bool accumulate) {
    int64_t columns = (width * upsampling + 3) / 4, tiles = columns * ((height * upsampling + 3) / 4), ldv = (channels + 15) / 16 * 16;
    int64_t high = height * upsampling, broad = width * upsampling;
    float *image = numbers(height * width * channels, 1), *bias = numbers(ldv, 1), *kernels = numbers(9 * channels, 1);
    float *before = numbers(high * broad * channels, 1), *out[3];
    double g[6][3];
    kernel_transform(g);
    about("a Winograd convolution of %lld x %lld x %lld, upsampled %lld times%s", (long long)height, (long long)width, (long long)channels,
          (long long)upsampling, accumulate ? ", added" : "");
    float *transformed[2];
    for (int which = 0; which < 2; which++) {
        const set *set = which ? &reference : &tested;
        int64_t stride = tiles * channels + 5, values_stride = tiles * ldv;
        float *values = transformed[which] = memory(4 * 36 * stride), *products = memory(4 * 36 * values_stride);
        ck_winograd_input in = {.image = image, .height = height, .width = width, .channels = channels, .upsampling = upsampling, .rows_before = 1,
                                .columns = columns, .first_tile = 0, .tiles = tiles, .values = values, .stride = stride};
        run(set->kernels.winograd_input, &in, ck_winograd_tasks(tiles));
        /* A kernel for each channel alone: every place of a tile is multiplied by the kernel's value there. */
        for (int place = 0; place < 36; place++)
            for (int64_t c = 0; c < channels; c++) {
                double factor = 0;
                for (int r = 0; r < 3; r++)
                    for (int n = 0; n < 3; n++) factor += g[place / 6][r] * g[place % 6][n] * kernels[(3 * r + n) * channels + c];
                for (int64_t t = 0; t < tiles; t++)
                    products[place * values_stride + t * ldv + c] = (float)(factor * values[place * stride + t * channels + c]);
            }
        out[which] = memory(4 * high * broad * channels);
        memcpy(out[which], before, (size_t)(4 * high * broad * channels));
        ck_winograd_output back = {.values = products, .stride = values_stride, .ldv = ldv, .bias = bias, .columns = columns, .first_tile = 0,
                                   .tiles = tiles, .image = out[which], .height = high, .width = broad, .channels = channels, .accumulate = accumulate};
        run(set->kernels.winograd_output, &back, ck_winograd_tasks(tiles));
        free(products);
    }
    out[2] = memory(4 * high * broad * channels);
    for (int64_t y = 0; y < high; y++)
        for (int64_t x = 0; x < broad; x++)
            for (int64_t c = 0; c < channels; c++) {
                int64_t at = (y * broad + x) * channels + c;
                double sum = bias[c] + (accumulate ? before[at] : 0);
                for (int64_t r = 0; r < 3; r++)
                    for (int64_t n = 0; n < 3; n++) {
                        int64_t from = y + r - 1, column = x + n - 1;
                        if (from < 0 || from >= high || column < 0 || column >= broad) continue;
                        sum += (double)kernels[(3 * r + n) * channels + c] * image[(from / upsampling * width + column / upsampling) * channels + c];
                    }
                out[2][at] = (float)sum;
            }
    near("transformed images", transformed[0], transformed[1], 36 * (tiles * channels + 5), 0x1p-18, 0x1p-18);
    near("against the portable kernels", out[0], out[1], high * broad * channels, 0x1p-16, 0x1p-16);
    near("against plain loops", out[0], out[2], high * broad * channels, 0x1p-14, 0x1p-14);
    for (int which = 0; which < 3; which++) free(out[which]);
    free(transformed[0]), free(transformed[1]), free(image), free(bias), free(kernels), free(before);
}

void check_winograd(void) {
    static const int64_t sizes[][4] = {{1, 1, 1, 1}, {4, 4, 16, 1}, {7, 9, 5, 1}, {6, 5, 3, 2}, {13, 18, 33, 1}, {9, 8, 20, 2}};
    for (int i = 0; i < 6; i++)
        for (int accumulate = 0; accumulate < 2; accumulate++) check(sizes[i][0], sizes[i][1], sizes[i][2], sizes[i][3], accumulate);
}
