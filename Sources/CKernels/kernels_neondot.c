/* NEON with dot products of signed bytes (ARMv8.2 and later: Cortex-A55 and A75, Neoverse N1, Apple M1). */
#if defined(__aarch64__)
#include <arm_neon.h>
#pragma clang attribute push(__attribute__((target("dotprod"))), apply_to = function)
#define VL 4
#define MR 6
#define HAS_FMA 1
#define IS_NEON 1
#define DOT_BYTES SIGNED
#define DOT_PAIRS NONE
#define NAMED(x) x##_neondot
#include "kernels.inc"
#pragma clang attribute pop
#endif
