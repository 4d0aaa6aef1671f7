/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Threads that compress blocks. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/report.h"
#include "base/thread.h"
#include "codec/pool.h"

#define JOBS_MAX 1024

struct worker {
	struct sqst_pool *pool;
	struct sqst_tools tools;
	pthread_t thread;
};

struct sqst_pool {
	pthread_mutex_t lock;
	pthread_cond_t work;
	pthread_cond_t finished;
	struct sqst_block *first;
	struct sqst_block **last;
	/* Workers asleep on `work`, and whether the submitter sleeps on `finished`: who is awake
	 * needs no system call to be woken. */
	unsigned idle;
	const struct sqst_block *awaited;
	bool ending;
	atomic_bool hurry;
	unsigned jobs;
	unsigned started;
	struct worker worker[];
};

void sqst_block_compress(struct sqst_block *block, struct sqst_tools *tools)
{
	/* Not smaller is not compressed: the format then stores the block as it is. */
	block->out_size = tools->compressor->codec->compress(
	    tools->compressor, block->in, block->in_size, block->out, block->in_size - 1);
	if (block->out_size < 0)
		block->failure = (struct sqst_failure){
		    .code = block->out_size,
		    .what = block->out_size == SQST_ERR_NOMEM ? "out of memory for a compressor"
							      : "cannot compress a block"};
}

static struct sqst_block *take_block(struct sqst_pool *pool)
{
	struct sqst_block *block;

	while (!pool->first && !pool->ending) {
		pool->idle++;
		pthread_cond_wait(&pool->work, &pool->lock);
		pool->idle--;
	}
	block = pool->first;
	if (block) {
		pool->first = block->next;
		if (!pool->first)
			pool->last = &pool->first;
	}
	return block;
}

static void *work(void *argument)
{
	struct worker *worker = argument;
	struct sqst_pool *pool = worker->pool;
	struct sqst_block *block;

	pthread_mutex_lock(&pool->lock);
	while ((block = take_block(pool))) {
		pthread_mutex_unlock(&pool->lock);
		if (block->work)
			block->work(block, &worker->tools);
		else
			sqst_block_compress(block, &worker->tools);
		pthread_mutex_lock(&pool->lock);
		block->done = true;
		if (pool->awaited == block)
			pthread_cond_signal(&pool->finished);
	}
	pthread_mutex_unlock(&pool->lock);
	return NULL;
}

static unsigned processors(void)
{
	cpu_set_t set;
	long count;

	if (sched_getaffinity(0, sizeof(set), &set) == 0)
		return (unsigned)CPU_COUNT(&set);
	count = sysconf(_SC_NPROCESSORS_ONLN);
	return count > 0 ? (unsigned)count : 1;
}

/* Signals are the calling thread's: workers block them all. */
static int start_workers(struct sqst_pool *pool, const struct sqst_codec_config *config,
			 struct sqst_report *why)
{
	const struct sqst_codec *codec = sqst_codec_get((int)config->id);
	sigset_t all, before;
	int rc = 0;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	for (unsigned i = 0; i < pool->jobs && rc == 0; i++) {
		struct worker *worker = &pool->worker[i];

		worker->pool = pool;
		worker->tools.compressor = codec->compressor(config);
		if (!worker->tools.compressor) {
			rc = sqst_fail(why, SQST_ERR_NOMEM, NULL, "out of memory for compressors");
			break;
		}
		worker->tools.compressor->unwanted = &pool->hurry;
		rc = sqst_thread_create(&worker->thread, work, worker);
		if (rc != 0)
			rc = sqst_fail_errno(why, SQST_ERR_IO, rc, NULL, "cannot start a thread");
		else
			pool->started++;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return rc;
}

int sqst_pool_new(const struct sqst_codec_config *config, unsigned jobs, struct sqst_pool **out,
		  struct sqst_report *why)
{
	struct sqst_pool *pool;
	int rc;

	if (jobs == 0)
		jobs = processors();
	if (jobs > JOBS_MAX)
		jobs = JOBS_MAX;
	pool = calloc(1, sizeof(*pool) + jobs * sizeof(struct worker));
	if (!pool)
		return sqst_no_memory(why, NULL);
	pthread_mutex_init(&pool->lock, NULL);
	pthread_cond_init(&pool->work, NULL);
	pthread_cond_init(&pool->finished, NULL);
	pool->last = &pool->first;
	pool->jobs = jobs;
	rc = start_workers(pool, config, why);
	if (rc < 0) {
		sqst_pool_free(pool);
		return rc;
	}
	*out = pool;
	return 0;
}

unsigned sqst_pool_jobs(const struct sqst_pool *pool)
{
	return pool->jobs;
}

void sqst_pool_submit(struct sqst_pool *pool, struct sqst_block *block)
{
	block->next = NULL;
	block->done = false;
	pthread_mutex_lock(&pool->lock);
	*pool->last = block;
	pool->last = &block->next;
	if (pool->idle > 0)
		pthread_cond_signal(&pool->work);
	pthread_mutex_unlock(&pool->lock);
}

void sqst_pool_wait(struct sqst_pool *pool, struct sqst_block *block)
{
	pthread_mutex_lock(&pool->lock);
	pool->awaited = block;
	while (!block->done)
		pthread_cond_wait(&pool->finished, &pool->lock);
	pool->awaited = NULL;
	pthread_mutex_unlock(&pool->lock);
}

void sqst_pool_withdraw(struct sqst_pool *pool, struct sqst_block *block)
{
	struct sqst_block **at = &pool->first;

	pthread_mutex_lock(&pool->lock);
	while (*at && *at != block)
		at = &(*at)->next;
	if (*at) {
		*at = block->next;
		if (pool->last == &block->next)
			pool->last = at;
		block->done = true;
	}
	pthread_mutex_unlock(&pool->lock);
}

void sqst_pool_hurry(struct sqst_pool *pool, bool hurry)
{
	pool->hurry = hurry;
}

void sqst_pool_free(struct sqst_pool *pool)
{
	if (!pool)
		return;
	pthread_mutex_lock(&pool->lock);
	pool->ending = true;
	pthread_cond_broadcast(&pool->work);
	pthread_mutex_unlock(&pool->lock);
	for (unsigned i = 0; i < pool->jobs; i++) {
		if (i < pool->started)
			pthread_join(pool->worker[i].thread, NULL);
		sqst_tools_release(&pool->worker[i].tools);
	}
	pthread_cond_destroy(&pool->finished);
	pthread_cond_destroy(&pool->work);
	pthread_mutex_destroy(&pool->lock);
	free(pool);
}
