/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Wildcards and regular expressions over bytes: names are no text of any locale, and an image does
 * not depend on one. So these match in the C locale, whatever setlocale() was given. */
#ifndef LIB_BASE_PATTERN_H
#define LIB_BASE_PATTERN_H

#include <regex.h>

#include "sqst/report.h"

/* fnmatch() == 0. */
bool sqst_wildcard_matches(const char *pattern, const char *text, int flags);

/* regcomp() of a POSIX extended one that takes no substrings apart; what it returns. */
int sqst_regex_compile(regex_t *regex, const char *text);

/* Whether it matches a part of the text. */
bool sqst_regex_matches(const regex_t *regex, const char *text);

#endif
