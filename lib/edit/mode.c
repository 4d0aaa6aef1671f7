/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Modes as chmod(1) takes them. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <string.h>

#include "edit/edit.h"

/* Who a clause is about: the bits that it may change. */
static unsigned take_who(const char **at)
{
	unsigned mask = 0;

	for (;; (*at)++) {
		switch (**at) {
		case 'u':
			mask |= 04700;
			break;
		case 'g':
			mask |= 02070;
			break;
		case 'o':
			mask |= 01007;
			break;
		case 'a':
			mask |= 07777;
			break;
		default:
			/* None: all, without a umask; a sticky bit too, as chmod does. */
			return mask ? mask : 07777;
		}
	}
}

/* What comes after an operator; false if it is none of the letters. */
static bool take_bits(const char **at, bool directory, unsigned mode, unsigned *bits)
{
	unsigned copy;

	*bits = 0;
	if (**at && strchr("ugo", **at)) {
		copy = (**at == 'u' ? mode >> 6 : **at == 'g' ? mode >> 3 : mode) & 7;
		*bits = copy << 6 | copy << 3 | copy;
		(*at)++;
		return true;
	}
	for (;; (*at)++) {
		switch (**at) {
		case 'r':
			*bits |= 0444;
			break;
		case 'w':
			*bits |= 0222;
			break;
		case 'x':
			*bits |= 0111;
			break;
		case 'X':
			if (directory || mode & 0111)
				*bits |= 0111;
			break;
		case 's':
			*bits |= 06000;
			break;
		case 't':
			*bits |= 01000;
			break;
		case '+':
		case '-':
		case '=':
		case ',':
		case '\0':
			return true;
		default:
			return false;
		}
	}
}

/* [ugoa]*([-+=]([ugo]|[rwxXst]*))+ */
static bool take_clause(const char **at, bool directory, unsigned *mode)
{
	const unsigned mask = take_who(at);

	if (**at == '\0' || !strchr("+-=", **at))
		return false;
	while (**at && strchr("+-=", **at)) {
		const char operator= *(*at)++;
		unsigned bits;

		if (!take_bits(at, directory, *mode, &bits))
			return false;
		bits &= mask;
		if (operator== '+')
			*mode |= bits;
		else if (operator== '-')
			*mode &= ~bits;
		else
			*mode = (*mode & ~mask) | bits;
	}
	return **at == '\0' || **at == ',';
}

static bool take_octal(const char *text, unsigned *mode)
{
	const size_t length = strspn(text, "01234567");

	*mode = 0;
	if (length == 0 || text[length] || length > 6)
		return false;
	for (; *text; text++)
		*mode = *mode << 3 | (unsigned)(*text - '0');
	return *mode <= 07777;
}

int sqst_mode_apply(const char *text, bool directory, uint16_t *mode, struct sqst_report *why)
{
	unsigned result = *mode;
	const char *at = text;
	bool good;

	if (*text >= '0' && *text <= '9') {
		good = take_octal(text, &result);
	} else {
		good = take_clause(&at, directory, &result);
		while (good && *at == ',') {
			at++;
			good = take_clause(&at, directory, &result);
		}
	}
	if (!good)
		return sqst_fail(
		    why, SQST_ERR_OPTION, text,
		    "is not a mode; use octal up to 7777, or clauses such as u=rwX,go=rX");
	*mode = (uint16_t)result;
	return 0;
}
