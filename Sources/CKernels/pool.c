/* A small thread pool for operations of tens of microseconds: workers spin briefly for the next operation, then sleep. */
#include "CKernels.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

#if defined(__x86_64__)
#define PAUSE() __builtin_ia32_pause()
#elif defined(__aarch64__)
#define PAUSE() __asm__ volatile("yield")
#else
#define PAUSE() ((void)0)
#endif

#define SPINS 4000 /* about 50 microseconds */

/* Where a thread's share of the tasks stands: the operation's generation above, the next task's index below. On a cache line of its own. */
typedef struct {
    _Alignas(64) _Atomic uint64_t claims;
} share;

/* An operation's tasks are cut into one share of neighbours for each thread, so that a thread's tasks find in its caches what its tasks before
 * them read, and memory is read in long runs. A thread claims its own share one by one, then what others have left. The caller
 * claims too, and waits only for tasks that others claimed, never for a worker that the system has not scheduled. */
struct ck_pool {
    int32_t threads;
    int32_t started;
    pthread_t *workers;
    share *shares;             /* [threads] */
    pthread_mutex_t turn;      /* callers of ck_pool_run take turns */
    pthread_mutex_t lock;
    pthread_cond_t wake;
    _Atomic uint32_t generation;
    _Atomic int32_t entered;
    _Atomic int32_t sleeping;
    _Atomic int32_t stop;
    /* The current operation. Changed only while all shares are closed, so a claim that succeeds has read the right one. */
    _Atomic(ck_task) task;
    _Atomic(const void *) op;
    _Atomic uint32_t count;
    _Atomic int32_t unfinished;
};

#define CLOSED 0xffffffffu
#define INDEX(claims) ((uint32_t)(claims))

/* The first task of a share. */
static uint32_t first_of(uint32_t count, int32_t share, int32_t shares) { return (uint32_t)((uint64_t)count * (uint32_t)share / (uint32_t)shares); }

/* Claims and runs the tasks of a share until there are none. */
static void work_on(ck_pool *pool, int32_t index) {
    share *share = &pool->shares[index];
    for (;;) {
        uint64_t claims = atomic_load(&share->claims);
        ck_task task = atomic_load(&pool->task);
        const void *op = atomic_load(&pool->op);
        if (INDEX(claims) == CLOSED || INDEX(claims) >= first_of(atomic_load(&pool->count), index + 1, pool->threads)) return;
        if (!atomic_compare_exchange_strong(&share->claims, &claims, claims + 1)) continue;
        task(op, (int32_t)INDEX(claims));
        atomic_fetch_sub_explicit(&pool->unfinished, 1, memory_order_release);
    }
}

static void work(ck_pool *pool, int32_t own) {
    for (int32_t i = 0; i < pool->threads; i++) work_on(pool, (own + i) % pool->threads);
}

static void *worker(void *argument) {
    ck_pool *pool = argument;
    int32_t own = 1 + atomic_fetch_add(&pool->entered, 1); /* 0 is the caller's share */
    uint32_t seen = 0;
    ck_single_threaded_openmp();
    for (;;) {
        int spins = 0;
        while (atomic_load_explicit(&pool->generation, memory_order_acquire) == seen) {
            if (spins++ < SPINS) {
                PAUSE();
                continue;
            }
            pthread_mutex_lock(&pool->lock);
            atomic_fetch_add(&pool->sleeping, 1);
            while (atomic_load(&pool->generation) == seen) pthread_cond_wait(&pool->wake, &pool->lock);
            atomic_fetch_sub(&pool->sleeping, 1);
            pthread_mutex_unlock(&pool->lock);
        }
        seen = atomic_load(&pool->generation);
        if (atomic_load(&pool->stop)) return NULL;
        work(pool, own);
    }
}

/* Opens a new generation of `count` tasks. Of none, the shares stay closed. */
static void publish(ck_pool *pool, uint32_t count) {
    uint32_t generation = atomic_load(&pool->generation) + 1;
    for (int32_t i = 0; i < pool->threads && count > 0; i++)
        atomic_store(&pool->shares[i].claims, (uint64_t)generation << 32 | first_of(count, i, pool->threads));
    atomic_store(&pool->generation, generation);
    if (atomic_load(&pool->sleeping) > 0) {
        pthread_mutex_lock(&pool->lock);
        pthread_cond_broadcast(&pool->wake);
        pthread_mutex_unlock(&pool->lock);
    }
}

ck_pool *ck_pool_create(int32_t threads) {
    if (threads < 1) threads = 1;
    ck_pool *pool = calloc(1, sizeof(ck_pool));
    if (!pool) return NULL;
    pool->threads = threads;
    pool->workers = calloc((size_t)threads, sizeof(pthread_t));
    pool->shares = aligned_alloc(_Alignof(share), (size_t)threads * sizeof(share));
    for (int32_t i = 0; pool->shares && i < threads; i++) atomic_init(&pool->shares[i].claims, CLOSED);
    pthread_mutex_init(&pool->turn, NULL);
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->wake, NULL);
    for (int32_t i = 0; pool->workers && pool->shares && i < threads - 1; i++) {
        if (pthread_create(&pool->workers[i], NULL, worker, pool) != 0) break;
        pool->started++;
    }
    if (!pool->workers || !pool->shares || pool->started != threads - 1) {
        ck_pool_destroy(pool);
        return NULL;
    }
    return pool;
}

void ck_pool_destroy(ck_pool *pool) {
    atomic_store(&pool->stop, 1);
    publish(pool, 0);
    for (int32_t i = 0; i < pool->started; i++) pthread_join(pool->workers[i], NULL);
    pthread_cond_destroy(&pool->wake);
    pthread_mutex_destroy(&pool->lock);
    pthread_mutex_destroy(&pool->turn);
    free(pool->shares);
    free(pool->workers);
    free(pool);
}

int32_t ck_pool_threads(const ck_pool *pool) { return pool->threads; }

void ck_pool_run(ck_pool *pool, ck_task task, const void *op, int32_t count) {
    if (count <= 0) return;
    pthread_mutex_lock(&pool->turn);
    if (count == 1 || pool->started == 0) {
        for (int32_t i = 0; i < count; i++) task(op, i);
    } else {
        atomic_store(&pool->task, task);
        atomic_store(&pool->op, op);
        atomic_store(&pool->count, (uint32_t)count);
        atomic_store(&pool->unfinished, count);
        publish(pool, (uint32_t)count);
        work(pool, 0);
        for (int spins = 0; atomic_load_explicit(&pool->unfinished, memory_order_acquire) > 0; spins++) {
            if (spins < SPINS) PAUSE();
            else sched_yield();
        }
        for (int32_t i = 0; i < pool->threads; i++) atomic_fetch_or(&pool->shares[i].claims, CLOSED);
    }
    pthread_mutex_unlock(&pool->turn);
}
