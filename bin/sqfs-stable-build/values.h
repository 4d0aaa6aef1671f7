/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Values of options. */
#ifndef BIN_SQFS_STABLE_BUILD_VALUES_H
#define BIN_SQFS_STABLE_BUILD_VALUES_H

#include <stdint.h>

#include "common/options.h"

/* Decimal digits only. */
bool value_number(const char *text, uint64_t *out);

/* A number of least to most; false after mistake(), which says the rule. */
bool read_number(const struct option_row *row, const char *value, uint32_t least, uint32_t most,
		 const char *rule, uint32_t *out);

/* Decimal digits, then nothing or one of k K m M g G. */
bool value_size(const char *text, uint64_t *out);

/* Seconds since 1970 in 32 bits. `words`: or what date(1) makes of the text, as mksquashfs asks
 * it. */
bool value_time(const char *text, bool words, uint32_t *out);

#endif
