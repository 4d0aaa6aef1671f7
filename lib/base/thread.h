/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Threads with a stack of a size of our own: that which they get otherwise is the main thread's
 * limit (glibc), however small, or 128 KiB (musl). */
#ifndef LIB_BASE_THREAD_H
#define LIB_BASE_THREAD_H

#include <pthread.h>

#define SQST_THREAD_STACK (512 * 1024)

/* As pthread_create(). */
static inline int sqst_thread_create(pthread_t *thread, void *(*work)(void *), void *argument)
{
	pthread_attr_t attributes;
	int rc = pthread_attr_init(&attributes);

	if (rc != 0)
		return rc;
	rc = pthread_attr_setstacksize(&attributes, SQST_THREAD_STACK);
	if (rc == 0)
		rc = pthread_create(thread, &attributes, work, argument);
	pthread_attr_destroy(&attributes);
	return rc;
}

#endif
