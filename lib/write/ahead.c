/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copying the data of a parent while it is still being compared. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <signal.h>
#include <time.h>

#include "base/cancel.h"
#include "write/ahead.h"

static bool is_ending(void *user)
{
	struct sqst_ahead *ahead = user;

	return ahead->ending;
}

static void *copy(void *argument)
{
	struct sqst_ahead *ahead = argument;
	const struct sqst_cancel cancel = {is_ending, ahead};

	ahead->rc = sqst_output_copy(ahead->output, ahead->from, ahead->parent, ahead->from,
				     ahead->to - ahead->from, &cancel, &ahead->why);
	pthread_mutex_lock(&ahead->lock);
	ahead->done = true;
	pthread_cond_signal(&ahead->ended);
	pthread_mutex_unlock(&ahead->lock);
	return NULL;
}

/* Waiting is not to depend on what somebody sets the clock to. */
static void init(struct sqst_ahead *ahead)
{
	pthread_condattr_t attributes;

	pthread_mutex_init(&ahead->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&ahead->ended, &attributes);
	pthread_condattr_destroy(&attributes);
}

static void join(struct sqst_ahead *ahead)
{
	if (ahead->running)
		pthread_join(ahead->thread, NULL);
	ahead->running = false;
	pthread_cond_destroy(&ahead->ended);
	pthread_mutex_destroy(&ahead->lock);
}

void sqst_ahead_start(struct sqst_ahead *ahead, struct sqst_output *output, int parent,
		      uint64_t from, uint64_t to)
{
	sigset_t all, before;

	*ahead = (struct sqst_ahead){.output = output, .parent = parent, .from = from, .to = to};
	if (from >= to)
		return;
	init(ahead);
	/* Signals are the calling thread's. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	ahead->running = pthread_create(&ahead->thread, NULL, copy, ahead) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!ahead->running)
		join(ahead);
}

static bool wait_a_moment(struct sqst_ahead *ahead)
{
	struct timespec until;
	bool done;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += SQST_CANCEL_PAUSE * 1000000L;
	until.tv_sec += until.tv_nsec / 1000000000L;
	until.tv_nsec %= 1000000000L;
	pthread_mutex_lock(&ahead->lock);
	if (!ahead->done)
		pthread_cond_timedwait(&ahead->ended, &ahead->lock, &until);
	done = ahead->done;
	pthread_mutex_unlock(&ahead->lock);
	return done;
}

int sqst_ahead_finish(struct sqst_ahead *ahead, const struct sqst_cancel *cancel, bool *copied,
		      struct sqst_report *why)
{
	*copied = ahead->running;
	if (!ahead->running)
		return 0;
	do {
		const int rc = sqst_canceled(cancel, why);

		if (rc < 0)
			return rc;
	} while (!wait_a_moment(ahead));
	join(ahead);
	if (ahead->rc < 0)
		return sqst_fail(why, ahead->rc, NULL, "%s", ahead->why.message);
	return 0;
}

void sqst_ahead_stop(struct sqst_ahead *ahead)
{
	if (!ahead->running)
		return;
	ahead->ending = true;
	join(ahead);
}
