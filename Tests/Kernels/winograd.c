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

/* As ck_winograd_floats; `groups`: of the reference's register tiles. */
static int64_t floats(const set *set, int64_t groups, int64_t tiles, int64_t channels) {
    return set->is_reference ? groups * set->kernels.tile_rows * ((channels + 15) / 16 * 16) : ck_winograd_floats(tiles, channels);
}

/* An image's transformed tiles times `panels` [36][count][channels][16], [36][tiles][16 * count]; without panels the tiles themselves, of all channels in whole
 * panels: their products with unit matrices, since each set arranges them in its own way. */
static float *transform(const set *set, const ck_winograd_input *image, const float *panels, int64_t count) {
    int64_t channels = image->channels, groups = set->is_reference ? (image->tiles + set->kernels.tile_rows - 1) / set->kernels.tile_rows : 0;
    float *units = 0;
    if (!panels) {
        count = (channels + 15) / 16;
        panels = units = memory(4 * 36 * count * channels * 16);
        for (int place = 0; place < 36; place++)
            for (int64_t c = 0; c < channels; c++) units[((place * count + c / 16) * channels + c) * 16 + c % 16] = 1;
    }
    int64_t columns = count * 16, stride = floats(set, groups, image->tiles, channels) + 16, products_stride = floats(set, groups, image->tiles, columns) + 16;
    float *values = memory(4 * 36 * stride), *products = memory(4 * 36 * products_stride), *out = memory(4 * 36 * image->tiles * columns);
    ck_winograd_input in = *image;
    in.values = values, in.stride = stride;
    run(set->kernels.winograd_input, &in, set->is_reference ? (int32_t)groups : ck_winograd_input_tasks(&in));
    ck_winograd_product op = {.values = values, .stride = stride, .tiles = image->tiles, .inputs = channels, .panels = panels, .panel_count = count,
                              .products = products, .products_stride = products_stride};
    run(set->kernels.winograd_product, &op, ck_winograd_product_tasks(&op));
    for (int place = 0; place < 36; place++)
        memcpy(out + place * image->tiles * columns, products + place * products_stride, (size_t)(4 * image->tiles * columns));
    free(values), free(products), free(units);
    return out;
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
        int64_t values_stride = tiles * ldv;
        float *products = memory(4 * 36 * values_stride);
        ck_winograd_input in = {.image = image, .height = height, .width = width, .channels = channels, .upsampling = upsampling, .rows_before = 1,
                                .columns = columns, .first_tile = 0, .tiles = tiles};
        transformed[which] = transform(set, &in, 0, 0);
        /* A kernel for each channel alone: every place of a tile is multiplied by the kernel's value there. */
        for (int place = 0; place < 36; place++)
            for (int64_t c = 0; c < channels; c++) {
                double factor = 0;
                for (int r = 0; r < 3; r++)
                    for (int n = 0; n < 3; n++) factor += g[place / 6][r] * g[place % 6][n] * kernels[(3 * r + n) * channels + c];
                for (int64_t t = 0; t < tiles; t++)
                    products[place * values_stride + t * ldv + c] = (float)(factor * transformed[which][(place * tiles + t) * ldv + c]);
            }
        out[which] = memory(4 * high * broad * channels);
        memcpy(out[which], before, (size_t)(4 * high * broad * channels));
        ck_winograd_output back = {.values = products, .stride = values_stride, .ldv = ldv, .bias = bias, .columns = columns, .first_tile = 0,
                                   .tiles = tiles, .image = out[which], .height = high, .width = broad, .channels = channels, .accumulate = accumulate};
        run(set->kernels.winograd_output, &back, ck_winograd_output_tasks(&back));
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
    near("transformed images", transformed[0], transformed[1], 36 * tiles * ldv, 0x1p-18, 0x1p-18);
    near("against the portable kernels", out[0], out[1], high * broad * channels, 0x1p-16, 0x1p-16);
    near("against plain loops", out[0], out[2], high * broad * channels, 0x1p-14, 0x1p-14);
    for (int which = 0; which < 3; which++) free(out[which]);
    free(transformed[0]), free(transformed[1]), free(image), free(bias), free(kernels), free(before);
}

/* The 36 products, of an image `tiles` tiles wide. */
static void check_product(int64_t tiles, int64_t inputs, int64_t count) {
    float *image = numbers(16 * tiles * inputs, 1), *panels = numbers(36 * inputs * 16 * count, 1 / sqrtf((float)inputs));
    int64_t columns = 16 * count, padded = (inputs + 15) / 16 * 16;
    about("36 products of %lld tiles, %lld -> %lld", (long long)tiles, (long long)inputs, (long long)columns);
    ck_winograd_input in = {.image = image, .height = 4, .width = 4 * tiles, .channels = inputs, .upsampling = 1, .rows_before = 1, .columns = tiles, .tiles = tiles};
    float *values = transform(&tested, &in, 0, 0), *out = transform(&tested, &in, panels, count), *expected = memory(4 * 36 * tiles * columns);
    for (int64_t i = 0; i < 36 * tiles; i++)
        for (int64_t c = 0; c < columns; c++) {
            const float *panel = panels + (i / tiles * count + c / 16) * inputs * 16 + c % 16;
            double sum = 0;
            for (int64_t k = 0; k < inputs; k++) sum += (double)values[i * padded + k] * panel[k * 16];
            expected[i * columns + c] = (float)sum;
        }
    near("against plain loops", out, expected, 36 * tiles * columns, 0x1p-17, 0x1p-17);
    free(image), free(panels), free(values), free(out), free(expected);
}

void check_winograd(void) {
    static const int64_t products[][3] = {{1, 1, 1}, {5, 16, 1}, {15, 33, 3}, {200, 20, 9}, {30, 600, 2}};
    for (int i = 0; i < 5; i++) check_product(products[i][0], products[i][1], products[i][2]);
    static const int64_t sizes[][4] = {{1, 1, 1, 1}, {4, 4, 16, 1}, {7, 9, 5, 1}, {6, 5, 3, 2}, {13, 18, 33, 1}, {9, 8, 20, 2}};
    for (int i = 0; i < 6; i++)
        for (int accumulate = 0; accumulate < 2; accumulate++) check(sizes[i][0], sizes[i][1], sizes[i][2], sizes[i][3], accumulate);
}
