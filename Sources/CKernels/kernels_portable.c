/* Any processor: 128-bit vectors as the compiler lowers them (SSE2, NEON). */
#define VL 4
#if defined(__aarch64__)
#define MR 6
#define HAS_FMA 1
#else
#define MR 2
#define HAS_FMA 0
#endif
#define DOT_BYTES NONE
#define DOT_PAIRS NONE
#define NAMED(x) x##_portable
#include "kernels.inc"
