#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c,avx512f,avx512bw,avx512vl,avx512dq"))), apply_to = function)
#define VL 16
#define IS_AVX512 1
#define MR 14
#define HAS_FMA 1
#define DOT_BYTES NONE
#define DOT_PAIRS NONE
#define NAMED(x) x##_avx512
#include "kernels.inc"
#pragma clang attribute pop
#endif
