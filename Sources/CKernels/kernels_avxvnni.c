/* AVX2 with AVX-VNNI, dot products of bytes in vectors of 256 bits: Alder Lake and later, Zen 5. */
#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c,avxvnni"))), apply_to = function)
#define VL 8
#define MR 6
#define HAS_FMA 1
#define DOT_BYTES REAL
#define DOT_PAIRS NONE
#define NAMED(x) x##_avxvnni
#include "kernels.inc"
#pragma clang attribute pop
#endif
