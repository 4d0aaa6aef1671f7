/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copying the data of a parent while it is still being compared. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <signal.h>
#include <time.h>

#include "base/cancel.h"
#include "base/thread.h"
#include "data/precopy.h"
#include "image/read.h"

/* Bytes between two looks at whether it is to end. */
#define STEP (UINT64_C(8) << 20)

static void *copy_parent(void *argument)
{
	struct sqst_precopy *precopy = argument;
	uint64_t at = precopy->from;

	while (precopy->rc == 0 && at < precopy->to && !precopy->ending) {
		const uint64_t size = precopy->to - at < STEP ? precopy->to - at : STEP;

		precopy->rc = sqst_output_copy(precopy->output, at, precopy->parent->fd,
					       precopy->parent->base + at, size, &precopy->why);
		at += size;
	}
	return NULL;
}

void sqst_precopy_start(struct sqst_precopy *precopy, struct sqst_output *output,
			const struct sqst_image *parent, uint64_t from, uint64_t to)
{
	sigset_t all, before;

	*precopy =
	    (struct sqst_precopy){.output = output, .parent = parent, .from = from, .to = to};
	/* Signals are the calling thread's. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	precopy->running =
	    from < to && sqst_thread_create(&precopy->thread, copy_parent, precopy) == 0;
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

int sqst_precopy_finish(struct sqst_precopy *precopy, bool *copied,
			const struct sqst_cancel *cancel, struct sqst_report *why)
{
	*copied = precopy->running;
	while (precopy->running) {
		const struct timespec time = next_time();
		const int rc = sqst_canceled(cancel, why);

		if (rc < 0)
			return rc;
		if (pthread_timedjoin_np(precopy->thread, NULL, &time) == 0)
			precopy->running = false;
	}
	return *copied && precopy->rc < 0
		   ? sqst_fail(why, precopy->rc, NULL, "%s", precopy->why.message)
		   : 0;
}

void sqst_precopy_stop(struct sqst_precopy *precopy)
{
	if (!precopy->running)
		return;
	precopy->ending = true;
	pthread_join(precopy->thread, NULL);
	precopy->running = false;
}
