/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Values of options. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stddef.h>
#include <string.h>

#include "values.h"

/* Reads digits; returns what follows them, NULL if there are none or too many. */
static const char *digits(const char *text, uint64_t *out)
{
	uint64_t number = 0;

	if (*text < '0' || *text > '9')
		return NULL;
	for (; *text >= '0' && *text <= '9'; text++) {
		if (__builtin_mul_overflow(number, UINT64_C(10), &number) ||
		    __builtin_add_overflow(number, (uint64_t)(*text - '0'), &number))
			return NULL;
	}
	*out = number;
	return text;
}

bool value_number(const char *text, uint64_t *out)
{
	const char *end = digits(text, out);

	return end && *end == '\0';
}

bool value_size(const char *text, uint64_t *out)
{
	static const char suffixes[] = "kKmMgG";
	const char *end = digits(text, out);
	const char *suffix;

	if (!end || *end == '\0')
		return end != NULL;
	suffix = strchr(suffixes, *end);
	if (!suffix || end[1] != '\0')
		return false;
	return !__builtin_mul_overflow(*out, UINT64_C(1) << (10 * ((suffix - suffixes) / 2 + 1)),
				       out);
}
