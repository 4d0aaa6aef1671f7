/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One warning for many things of a kind. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/few.h"

#define SHOWN 3

/* Of one; three of them, what stands between them and an ellipsis fit. */
#define ONE_MAX 160

_Static_assert(SHOWN *(ONE_MAX + 2) + sizeof(", ...") <= sizeof(((struct sqst_few *)0)->text),
	       "room for the first ones");

static void append_few(struct sqst_few *few, const char *text)
{
	const size_t length = strlen(text);

	memcpy(few->text + few->used, text, length + 1);
	few->used += length;
}

void sqst_few_add(struct sqst_few *few, const char *format, ...)
{
	static const char cut[] = "[...]";
	char one[ONE_MAX];
	va_list list;
	int length;

	few->count++;
	if (few->count == SHOWN + 1)
		append_few(few, ", ...");
	if (few->count > SHOWN)
		return;
	va_start(list, format);
	length = vsnprintf(one, sizeof(one), format, list);
	va_end(list);
	if (length >= (int)sizeof(one))
		memcpy(one + sizeof(one) - sizeof(cut), cut, sizeof(cut));
	if (few->count > 1)
		append_few(few, ", ");
	append_few(few, one);
}
