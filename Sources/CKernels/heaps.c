/* The heaps of the system's allocator. */
#include "kernels.h"

#include <stdlib.h>

#if defined(__GLIBC__)
#include <malloc.h>

int32_t ck_limit_heaps(int32_t heaps) { return mallopt(M_ARENA_MAX, heaps) != 0; }

int32_t ck_trim_heaps(void) { return malloc_trim(0); }
#else
int32_t ck_limit_heaps(int32_t heaps) {
    (void)heaps;
    return 0;
}

int32_t ck_trim_heaps(void) { return 0; }
#endif
