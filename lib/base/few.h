/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One warning for many things of a kind: how many there are, and the first three. */
#ifndef LIB_BASE_FEW_H
#define LIB_BASE_FEW_H

#include <stddef.h>

#include "sqst/report.h"

/* Zero-initialise it. */
struct sqst_few {
	size_t count;
	/* "one, two, three, ..." */
	char text[512];
	size_t used;
};

/* One more; it is put into words only if it is one of the first three, cut where it is long. */
void sqst_few_add(struct sqst_few *few, const char *format, ...) SQST_PRINTF(2, 3);

#endif
