/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Wildcards and regular expressions over bytes. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <fnmatch.h>
#include <locale.h>

#include "base/pattern.h"

struct c_locale {
	locale_t own;
	locale_t before;
};

/* The C locale is part of the C library, so there is no memory to run short of. */
static struct c_locale enter_c(void)
{
	const locale_t own = newlocale(LC_ALL_MASK, "C", (locale_t)0);

	return (struct c_locale){own, uselocale(own)};
}

static void leave_c(const struct c_locale *locale)
{
	uselocale(locale->before);
	if (locale->own)
		freelocale(locale->own);
}

bool sqst_wildcard_matches(const char *pattern, const char *text, int flags)
{
	const struct c_locale locale = enter_c();
	const bool matches = fnmatch(pattern, text, flags) == 0;

	leave_c(&locale);
	return matches;
}

int sqst_regex_compile(regex_t *regex, const char *text)
{
	const struct c_locale locale = enter_c();
	const int rc = regcomp(regex, text, REG_EXTENDED | REG_NOSUB);

	leave_c(&locale);
	return rc;
}

bool sqst_regex_matches(const regex_t *regex, const char *text)
{
	const struct c_locale locale = enter_c();
	const bool matches = regexec(regex, text, 0, NULL, 0) == 0;

	leave_c(&locale);
	return matches;
}
