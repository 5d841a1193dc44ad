/* What the comparisons of kernels share: two sets of kernels, random inputs, and counted checks. */
#ifndef CHECK_H
#define CHECK_H

#include "CKernels.h"
#include "kernels.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

/* A set of kernels and how it cuts and arranges. */
typedef struct {
    ck_kernels kernels;
    bool is_reference; /* the portable set, asked directly; else the one that the library chose, by its public functions */
} set;

extern set reference, tested;

/* Whether the set's products of bfloat16 round in their own way. */
bool multiplies_pairs(const set *set);
/* As ck_arranges and ck_arrange_tasks. */
bool arranges(const set *set, int32_t w_type, int32_t x_type, int64_t rows);
int32_t arrange_tasks(const set *set, const ck_arrange *op);

/* Runs all tasks, on two threads. */
void run(ck_task task, const void *op, int32_t tasks);

/* ---- Inputs ------------------------------------------------------------------------------------------------------ */

/* Uniform in [-1, 1), the same on every machine. */
float uniform(void);
/* Of 0 ... below - 1. */
int64_t pick(int64_t below);
/* `count` uniform numbers times `scale`, to be freed. */
float *numbers(int64_t count, float scale);
/* Zeroed and aligned to 64 bytes, to be freed. */
void *memory(int64_t bytes);

uint16_t to_bf16(float x);
float from_bf16(uint16_t x);
/* The numbers rounded to bfloat16; writes them back rounded too if `back`. */
uint16_t *rounded(float *from, int64_t count, bool back);

/* ---- Checks ------------------------------------------------------------------------------------------------------ */

/* What is compared; printed with a failure. Like printf. */
__attribute__((format(printf, 1, 2))) void about(const char *format, ...);

/* The same bits; not-a-numbers are all alike. */
void same(const char *what, const float *x, const float *y, int64_t count);
void same_bytes(const char *what, const void *x, const void *y, int64_t bytes);
/* |x - y| <= absolute + relative * |y|; infinities and not-a-numbers must match. */
void near(const char *what, const float *x, const float *y, int64_t count, double absolute, double relative);

/* Adds to the digest of what must be the same on every machine. */
void digest(const void *bytes, int64_t count);

/* ---- Parts ------------------------------------------------------------------------------------------------------- */

void check_products(void);
void check_stored_products(void);
void check_quantisation(void);
void check_four_bits(void);
void check_independent_rows(void);
void check_norms(void);
void check_attention(void);
void check_patches(void);
void check_winograd(void);

#endif
