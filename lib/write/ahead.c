/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copying the data of a parent while it is still being compared. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <signal.h>
#include <time.h>

#include "base/cancel.h"
#include "base/thread.h"
#include "image/read.h"
#include "write/ahead.h"

/* Bytes between two looks at whether it is to end. */
#define STEP (UINT64_C(8) << 20)

static void *copy(void *argument)
{
	struct sqst_ahead *ahead = argument;
	uint64_t at = ahead->from;

	while (ahead->rc == 0 && at < ahead->to && !ahead->ending) {
		const uint64_t size = ahead->to - at < STEP ? ahead->to - at : STEP;

		ahead->rc = sqst_output_copy(ahead->output, at, ahead->parent->fd,
					     ahead->parent->base + at, size, &ahead->why);
		at += size;
	}
	return NULL;
}

void sqst_ahead_start(struct sqst_ahead *ahead, struct sqst_output *output,
		      const struct sqst_image *parent, uint64_t from, uint64_t to)
{
	sigset_t all, before;

	*ahead = (struct sqst_ahead){.output = output, .parent = parent, .from = from, .to = to};
	/* Signals are the calling thread's. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	ahead->running = from < to && sqst_thread_create(&ahead->thread, copy, ahead) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* The next time that the caller is to be asked. */
static struct timespec next_time(void)
{
	struct timespec time;

	clock_gettime(CLOCK_REALTIME, &time);
	time.tv_nsec += SQST_CANCEL_PAUSE * 1000000L;
	time.tv_sec += time.tv_nsec / 1000000000L;
	time.tv_nsec %= 1000000000L;
	return time;
}

int sqst_ahead_finish(struct sqst_ahead *ahead, bool *copied, const struct sqst_cancel *cancel,
		      struct sqst_report *why)
{
	*copied = ahead->running;
	while (ahead->running) {
		const struct timespec time = next_time();
		const int rc = sqst_canceled(cancel, why);

		if (rc < 0)
			return rc;
		if (pthread_timedjoin_np(ahead->thread, NULL, &time) == 0)
			ahead->running = false;
	}
	return *copied && ahead->rc < 0 ? sqst_fail(why, ahead->rc, NULL, "%s", ahead->why.message)
					: 0;
}

void sqst_ahead_stop(struct sqst_ahead *ahead)
{
	if (!ahead->running)
		return;
	ahead->ending = true;
	pthread_join(ahead->thread, NULL);
	ahead->running = false;
}
