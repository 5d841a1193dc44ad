/* How many heaps the system's allocator keeps. */
#include "kernels.h"

#include <stdlib.h>

#if defined(__GLIBC__)
#include <malloc.h>

int32_t ck_limit_heaps(int32_t heaps) { return mallopt(M_ARENA_MAX, heaps) != 0; }
#else
int32_t ck_limit_heaps(int32_t heaps) {
    (void)heaps;
    return 0;
}
#endif
