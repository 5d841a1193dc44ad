/* Scratch memory of a thread. Grows, never shrinks; freed with the thread. Large pages: rows arranged for a product are read
 * all over, and processors remember where some 16 MB of small pages are. */
#include "kernels.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

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

/* NULL if there is no memory. */
static void *grown(int slot, int64_t bytes) {
    if (!mine) {
        pthread_once(&once, make_key);
        mine = calloc(1, sizeof(scratch));
        if (!mine) return NULL;
        pthread_setspecific(key, mine);
    }
    if (mine->size[slot] < bytes || !mine->block[slot]) {
        int64_t page = bytes < LARGE_PAGE / 32 ? 4096 : LARGE_PAGE;
        if (bytes > INT64_MAX - page) return NULL;
        int64_t rounded = bytes > 0 ? (bytes + page - 1) & ~(page - 1) : page;
        free(mine->block[slot]);
        mine->size[slot] = 0;
        mine->block[slot] = aligned_alloc((size_t)page, (size_t)rounded);
        if (!mine->block[slot]) return NULL;
#ifdef MADV_HUGEPAGE
        if (page == LARGE_PAGE) madvise(mine->block[slot], (size_t)rounded, MADV_HUGEPAGE);
#endif
        mine->size[slot] = rounded;
    }
    return mine->block[slot];
}

static void (*_Atomic last_resort)(int64_t bytes);

void ck_on_out_of_memory(void (*handler)(int64_t bytes)) { atomic_store(&last_resort, handler); }

void *ck_scratch(int slot, int64_t bytes) {
    void *memory = grown(slot, bytes);
    if (memory) return memory;
    void (*handler)(int64_t) = atomic_load(&last_resort);
    if (handler) handler(bytes);
    _exit(1);
}

void *ck_thread_scratch(int64_t bytes) { return grown(SLOTS - 1, bytes); }
