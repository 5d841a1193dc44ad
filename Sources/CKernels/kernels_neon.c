/* Any ARM64: NEON as ARMv8.0 has it. */
#if defined(__aarch64__)
#include <arm_neon.h>
#define VL 4
#define MR 6
#define HAS_FMA 1
#define IS_NEON 1
#define DOT_BYTES WIDENING
#define DOT_PAIRS NONE
#define NAMED(x) x##_neon
#include "kernels.inc"
#endif
