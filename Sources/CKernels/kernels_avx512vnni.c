/* AVX-512 with AVX512_VNNI: Cascade Lake, Ice Lake and later. Those of them that have AVX512_BF16 do half as many multiplications a second with it as in
 * float32. */
#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c,avx512f,avx512bw,avx512vl,avx512dq,avx512vnni"))), apply_to = function)
#define VL 16
#define IS_AVX512 1
#define MR 14
#define HAS_FMA 1
#define DOT_BYTES REAL
#define DOT_PAIRS NONE
#define NAMED(x) x##_avx512vnni
#include "kernels.inc"
#pragma clang attribute pop
#endif
