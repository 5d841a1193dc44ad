/* Scratch memory of a thread. Grows, never shrinks; freed with the thread. */
#include "kernels.h"

#include <pthread.h>
#include <stdlib.h>

#define SLOTS 4

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
        int64_t rounded = (bytes + 4095) & ~(int64_t)4095;
        free(mine->block[slot]);
        mine->block[slot] = aligned_alloc(64, (size_t)rounded);
        if (!mine->block[slot]) abort();
        mine->size[slot] = rounded;
    }
    return mine->block[slot];
}

void *ck_thread_scratch(int64_t bytes) { return ck_scratch(SLOTS - 1, bytes > 0 ? bytes : 1); }
