/* A small thread pool for operations of tens of microseconds: workers spin briefly for the next operation, then sleep. */
#include "CKernels.h"

#include <pthread.h>
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

struct ck_pool {
    int32_t threads;
    int32_t started;
    pthread_t *workers;
    pthread_mutex_t turn;      /* callers of ck_pool_run take turns */
    pthread_mutex_t lock;
    pthread_cond_t wake;
    _Atomic uint64_t ticket;   /* operations published so far */
    _Atomic int32_t sleeping;
    _Atomic int32_t stop;
    /* The current operation, written before the ticket is raised. */
    ck_task task;
    const void *op;
    int32_t count;
    _Atomic int32_t next;
    _Atomic int32_t busy;      /* workers that have not left the current operation */
};

static void work(ck_pool *pool) {
    for (;;) {
        int32_t i = atomic_fetch_add_explicit(&pool->next, 1, memory_order_relaxed);
        if (i >= pool->count) return;
        pool->task(pool->op, i);
    }
}

static void *worker(void *argument) {
    ck_pool *pool = argument;
    uint64_t seen = 0;
    ck_single_threaded_openmp();
    for (;;) {
        int spins = 0;
        while (atomic_load_explicit(&pool->ticket, memory_order_acquire) == seen) {
            if (spins++ < SPINS) {
                PAUSE();
                continue;
            }
            pthread_mutex_lock(&pool->lock);
            atomic_fetch_add(&pool->sleeping, 1);
            while (atomic_load(&pool->ticket) == seen) pthread_cond_wait(&pool->wake, &pool->lock);
            atomic_fetch_sub(&pool->sleeping, 1);
            pthread_mutex_unlock(&pool->lock);
        }
        seen++;
        if (atomic_load(&pool->stop)) return NULL;
        work(pool);
        atomic_fetch_sub_explicit(&pool->busy, 1, memory_order_release);
    }
}

static void publish(ck_pool *pool) {
    atomic_fetch_add(&pool->ticket, 1);
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
    publish(pool);
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
        pool->task = task;
        pool->op = op;
        pool->count = count;
        atomic_store_explicit(&pool->next, 0, memory_order_relaxed);
        atomic_store_explicit(&pool->busy, pool->started, memory_order_relaxed);
        publish(pool);
        work(pool);
        while (atomic_load_explicit(&pool->busy, memory_order_acquire) > 0) PAUSE();
    }
    pthread_mutex_unlock(&pool->turn);
}
