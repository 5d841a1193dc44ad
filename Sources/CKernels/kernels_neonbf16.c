/* NEON with products of matrices of bytes and of bfloat16 (ARMv8.6 and later: Neoverse V1 and N2, Apple M2). */
#if defined(__aarch64__)
#include <arm_neon.h>
#pragma clang attribute push(__attribute__((target("dotprod,i8mm,bf16"))), apply_to = function)
#define VL 4
#define MR 6
#define HAS_FMA 1
#define IS_NEON 1
#define MATRICES 1
#define DOT_BYTES SIGNED
#define DOT_PAIRS REAL
#define NAMED(x) x##_neonbf16
#include "kernels.inc"
#pragma clang attribute pop
#endif
