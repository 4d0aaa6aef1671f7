/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Asking the caller whether a call is still wanted. */
#ifndef LIB_BASE_CANCEL_H
#define LIB_BASE_CANCEL_H

#include "sqst/report.h"

/* Milliseconds that a wait for something outside (another process, a thread) may last before the
 * caller is asked again. */
#define SQST_CANCEL_PAUSE 100

static inline bool sqst_cancel_asked(const struct sqst_cancel *cancel)
{
	return cancel && cancel->asked(cancel->user);
}

/* SQST_ERR_CANCELED if the caller wants the call to end, else 0. cancel may be NULL. */
static inline int sqst_canceled(const struct sqst_cancel *cancel, struct sqst_report *why)
{
	return sqst_cancel_asked(cancel) ? sqst_fail(why, SQST_ERR_CANCELED, NULL, "canceled") : 0;
}

#endif
