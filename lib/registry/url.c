/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* URLs of registries, and what of them may be shown. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>
#include <string.h>

#include "registry/registry.h"
#include "registry/registry_url.h"

static const char *const schemes[] = {"postgresql://", "postgres://"};

static size_t scheme_length(const char *name)
{
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		if (strncmp(name, schemes[i], strlen(schemes[i])) == 0)
			return strlen(schemes[i]);
	}
	return 0;
}

bool sqst_registry_is_url(const char *name)
{
	return scheme_length(name) > 0;
}

/* Where a port that is none begins, the end of the authority if it has no such. */
static size_t authority_length(const char *text)
{
	const size_t length = strcspn(text, "/?");
	size_t colon = length;

	for (size_t i = length; i > 0 && text[i - 1] != ']' && colon == length; i--) {
		if (text[i - 1] == ':')
			colon = i - 1;
	}
	if (colon < length && strspn(text + colon + 1, "0123456789,") == length - colon - 1)
		return length;
	return colon;
}

/* scheme://USER:PASSWORD@HOST:PORT/DATABASE?PARAMETERS, and any of it may be wrong: what stands
 * between the first ':' after the scheme and the last '@' is taken for the password, and so is a
 * port that is no number. */
char *sqst_registry_shown(const char *url)
{
	const char *start = url + scheme_length(url);
	const char *at = strrchr(start, '@');
	const char *rest = at ? at + 1 : start;
	const size_t user = at ? strcspn(start, ":/?@") : 0;
	const size_t host = authority_length(rest);
	const char *path = rest + strcspn(rest, "/?");
	char *out = calloc(1, strlen(url) + 2);
	char *to = out;

	if (!out)
		return NULL;
	memcpy(to, url, (size_t)(start - url));
	to += start - url;
	if (at) {
		memcpy(to, start, user);
		to += user;
		*to++ = '@';
	}
	memcpy(to, rest, host);
	memcpy(to + host, path, strcspn(path, "?"));
	return out;
}
