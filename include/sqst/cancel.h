/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * @file cancel.h
 * Ending a call early. Long calls ask the caller from time to time whether they are still wanted;
 * when they are not, they end with ::SQST_ERR_CANCELED and leave every file as it was.
 */
#ifndef SQST_CANCEL_H
#define SQST_CANCEL_H

#include "sqst/predef.h"

/** How a call asks. It must stay valid until the call returns. */
struct sqst_cancel {
	/** Whether the call is to end. Asked on the thread that made the call and on no other, at
	 *  least five times a second unless the system blocks a read or a write, and very often
	 *  otherwise: it should do no more than read a variable. What a signal handler or another
	 *  thread sets there is to be atomic. */
	bool (*asked)(void *user);
	/** Handed to it. */
	void *user;
};

#endif
