/* NEON with products of matrices of bytes. */
#if defined(__aarch64__)
#include <arm_neon.h>
#pragma clang attribute push(__attribute__((target("dotprod,i8mm"))), apply_to = function)
#define VL 4
#define MR 6
#define HAS_FMA 1
#define IS_NEON 1
#define MATRICES 1
#define DOT_BYTES SIGNED
#define DOT_PAIRS NONE
#define NAMED(x) x##_neoni8mm
#include "kernels.inc"
#pragma clang attribute pop
#endif
