/* AVX-512 with AVX512_VNNI and AVX512_BF16, where the latter is fast: Zen 4 and later. */
#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c,avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx512bf16"))), apply_to = function)
#define VL 16
#define IS_AVX512 1
#define MR 14
#define HAS_FMA 1
#define DOT_BYTES REAL
#define DOT_PAIRS REAL
#define NAMED(x) x##_avx512dot
#include "kernels.inc"
#pragma clang attribute pop
#endif
