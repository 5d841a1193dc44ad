/* AVX-512's vector width and tile on AVX2 instructions (FLASHU_MAX_ISA=wide), its dot-product instructions as plain arithmetic: the same
 * index arithmetic as kernels_avx512dot.c, which thereby is tested on processors without AVX-512. */
#if defined(__x86_64__)
#pragma clang diagnostic ignored "-Wpsabi" /* wide vectors are passed between inlined functions only */
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)
#define VL 16
#define MR 14
#define HAS_FMA 1
#define DOT_BYTES EMULATED
#define DOT_PAIRS EMULATED
#define NAMED(x) x##_wide
#include "kernels.inc"
#pragma clang attribute pop
#endif
