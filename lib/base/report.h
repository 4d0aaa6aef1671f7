/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The report that needs no words of its own. */
#ifndef LIB_BASE_REPORT_H
#define LIB_BASE_REPORT_H

#include "sqst/report.h"

/* Memory is short; `file` is what was worked on, or NULL. Returns SQST_ERR_NOMEM. */
int sqst_no_memory(struct sqst_report *why, const char *file);

#endif
