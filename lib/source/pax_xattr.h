/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Extended attributes in pax headers. */
#ifndef LIB_SOURCE_PAX_XATTR_H
#define LIB_SOURCE_PAX_XATTR_H

#include "source/pax.h"
#include "source/stage.h"

/* Take the attributes of the entry whose headers were read last; an entry's own win over global
 * ones. `path` is for messages. SQST_ERR_SOURCE, SQST_ERR_NOMEM. */
int sqst_pax_xattrs(const struct sqst_pax *pax, struct sqst_stage *stage, const char *path,
		    struct sqst_stage_body *body);

#endif
