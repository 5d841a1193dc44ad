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

/* An operation's tasks are claimed one by one from `claims`: its generation above, the next task's index below. The caller
 * claims too, and waits only for tasks that others claimed, never for a worker that the system has not scheduled. */
struct ck_pool {
    int32_t threads;
    int32_t started;
    pthread_t *workers;
    pthread_mutex_t turn;      /* callers of ck_pool_run take turns */
    pthread_mutex_t lock;
    pthread_cond_t wake;
    _Atomic uint64_t claims;
    _Atomic int32_t sleeping;
    _Atomic int32_t stop;
    /* The current operation. Changed only while `claims` is closed, so a claim that succeeds has read the right one. */
    _Atomic(ck_task) task;
    _Atomic(const void *) op;
    _Atomic uint32_t count;
    _Atomic int32_t unfinished;
};

#define CLOSED 0xffffffffu
#define GENERATION(claims) ((uint32_t)((claims) >> 32))
#define INDEX(claims) ((uint32_t)(claims))

/* Claims and runs tasks until there are none. */
static void work(ck_pool *pool) {
    for (;;) {
        uint64_t claims = atomic_load(&pool->claims);
        ck_task task = atomic_load(&pool->task);
        const void *op = atomic_load(&pool->op);
        if (INDEX(claims) == CLOSED || INDEX(claims) >= atomic_load(&pool->count)) return;
        if (!atomic_compare_exchange_strong(&pool->claims, &claims, claims + 1)) continue;
        task(op, (int32_t)INDEX(claims));
        atomic_fetch_sub_explicit(&pool->unfinished, 1, memory_order_release);
    }
}

static void *worker(void *argument) {
    ck_pool *pool = argument;
    uint32_t seen = 0;
    ck_single_threaded_openmp();
    for (;;) {
        int spins = 0;
        while (GENERATION(atomic_load_explicit(&pool->claims, memory_order_acquire)) == seen) {
            if (spins++ < SPINS) {
                PAUSE();
                continue;
            }
            pthread_mutex_lock(&pool->lock);
            atomic_fetch_add(&pool->sleeping, 1);
            while (GENERATION(atomic_load(&pool->claims)) == seen) pthread_cond_wait(&pool->wake, &pool->lock);
            atomic_fetch_sub(&pool->sleeping, 1);
            pthread_mutex_unlock(&pool->lock);
        }
        seen = GENERATION(atomic_load(&pool->claims));
        if (atomic_load(&pool->stop)) return NULL;
        work(pool);
    }
}

/* Opens a new generation at task `index`. */
static void publish(ck_pool *pool, uint32_t index) {
    uint64_t generation = (uint64_t)GENERATION(atomic_load(&pool->claims)) + 1;
    atomic_store(&pool->claims, generation << 32 | index);
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
    atomic_store(&pool->claims, CLOSED);
    pool->workers = calloc((size_t)threads, sizeof(pthread_t));
    pthread_mutex_init(&pool->turn, NULL);
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->wake, NULL);
    for (int32_t i = 0; pool->workers && i < threads - 1; i++) {
        if (pthread_create(&pool->workers[i], NULL, worker, pool) != 0) break;
        pool->started++;
    }
    if (!pool->workers || pool->started != threads - 1) {
        ck_pool_destroy(pool);
        return NULL;
    }
    return pool;
}

void ck_pool_destroy(ck_pool *pool) {
    atomic_store(&pool->stop, 1);
    publish(pool, CLOSED);
    for (int32_t i = 0; i < pool->started; i++) pthread_join(pool->workers[i], NULL);
    pthread_cond_destroy(&pool->wake);
    pthread_mutex_destroy(&pool->lock);
    pthread_mutex_destroy(&pool->turn);
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
        publish(pool, 0);
        work(pool);
        for (int spins = 0; atomic_load_explicit(&pool->unfinished, memory_order_acquire) > 0; spins++) {
            if (spins < SPINS) PAUSE();
            else sched_yield();
        }
        atomic_store(&pool->claims, atomic_load(&pool->claims) | CLOSED);
    }
    pthread_mutex_unlock(&pool->turn);
}
