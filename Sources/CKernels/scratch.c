/* Scratch memory of a thread. Grows, never shrinks; freed with the thread. Large pages: rows arranged for a product are read
 * all over, and processors remember where some 16 MB of small pages are. */
#include "kernels.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>

#define SLOTS 4
#define LARGE_PAGE (2 << 20)

typedef struct {
    void *block[SLOTS];
    int64_t size[SLOTS];
} scratch;

static pthread_key_t key;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static __thread scratch *mine;

static void release(void *pointer) {
    scratch *s = pointer;
    for (int i = 0; i < SLOTS; i++) free(s->block[i]);
    free(s);
}

static void make_key(void) { pthread_key_create(&key, release); }

void *ck_scratch(int slot, int64_t bytes) {
    if (!mine) {
        pthread_once(&once, make_key);
        mine = calloc(1, sizeof(scratch));
        if (!mine) abort();
        pthread_setspecific(key, mine);
    }
    if (mine->size[slot] < bytes) {
        int64_t page = bytes < LARGE_PAGE / 32 ? 4096 : LARGE_PAGE, rounded = (bytes + page - 1) & ~(page - 1);
        free(mine->block[slot]);
        mine->block[slot] = aligned_alloc((size_t)page, (size_t)rounded);
        if (!mine->block[slot]) abort();
#ifdef MADV_HUGEPAGE
        if (page == LARGE_PAGE) madvise(mine->block[slot], (size_t)rounded, MADV_HUGEPAGE);
#endif
        mine->size[slot] = rounded;
    }
    return mine->block[slot];
}

void *ck_thread_scratch(int64_t bytes) { return ck_scratch(SLOTS - 1, bytes > 0 ? bytes : 1); }
