/* The dot products of kernels_avxvnni.c as plain arithmetic (FLASHU_MAX_ISA=narrow): its index arithmetic, tested on processors without AVX-VNNI. */
#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)
#define VL 8
#define MR 6
#define HAS_FMA 1
#define DOT_BYTES EMULATED
#define DOT_PAIRS NONE
#define NAMED(x) x##_narrow
#include "kernels.inc"
#pragma clang attribute pop
#endif
