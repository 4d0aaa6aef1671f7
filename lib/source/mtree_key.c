/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keywords of an mtree line. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/types.h>

#include "base/digit.h"
#include "source/mtree.h"

struct name {
	const char *name;
	unsigned value;
};

static const struct name types[] = {
    {"dir", SQST_TYPE_DIR},       {"file", SQST_TYPE_FILE}, {"link", SQST_TYPE_SYMLINK},
    {"block", SQST_TYPE_BLOCK},   {"char", SQST_TYPE_CHAR}, {"fifo", SQST_TYPE_FIFO},
    {"socket", SQST_TYPE_SOCKET},
};

static const struct name keywords[] = {
    {"type", SQST_MTREE_TYPE},     {"mode", SQST_MTREE_MODE},         {"uid", SQST_MTREE_UID},
    {"gid", SQST_MTREE_GID},       {"time", SQST_MTREE_TIME},         {"size", SQST_MTREE_SIZE},
    {"device", SQST_MTREE_DEVICE}, {"optional", SQST_MTREE_OPTIONAL}, {"ignore", SQST_MTREE_IGNORE},
    {"uname", SQST_MTREE_UNAME},   {"gname", SQST_MTREE_GNAME},
};

static unsigned find_keyword(const struct name *list, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(list[i].name, name) == 0)
			return list[i].value;
	}
	return 0;
}

#define FIND(list, name) find_keyword(list, sizeof(list) / sizeof((list)[0]), name)

bool sqst_mtree_unescape(char *word)
{
	static const char letters[] = "abfnrstv\\#\"";
	static const char values[] = "\a\b\f\n\r \t\v\\#\"";
	char *to = word;

	for (const char *from = word; *from; from++) {
		const int byte = sqst_digit_unescape(from, 4);
		const char *letter;

		if (*from != '\\') {
			*to++ = *from;
			continue;
		}
		if (byte == 0)
			return false;
		if (byte > 0) {
			*to++ = (char)byte;
			from += 3;
			continue;
		}
		letter = *++from ? strchr(letters, *from) : NULL;
		if (!letter)
			return false;
		*to++ = values[letter - letters];
	}
	*to = '\0';
	return true;
}

/* A number and nothing behind it but, if given, one of the characters in `end`. */
static bool number(const char *text, int base, const char *end, int64_t *out, const char **rest)
{
	char *stop;

	if (!(*text >= '0' && *text <= '9') && !(*text == '-' && text[1] >= '0' && text[1] <= '9'))
		return false;
	*out = strtoll(text, &stop, base);
	if (rest)
		*rest = stop;
	return *out != INT64_MAX && *out != INT64_MIN && (!*stop || strchr(end, *stop));
}

/* "FORMAT,MAJOR,MINOR", or a number as Linux has it. */
static bool device(struct sqst_mtree_keys *keys, const char *text)
{
	const char *comma = strchr(text, ','), *rest;
	int64_t one, two;

	if (!comma) {
		if (!number(text, 0, "", &one, NULL) || one < 0)
			return false;
		keys->major = major((dev_t)one);
		keys->minor = minor((dev_t)one);
		return true;
	}
	if (!number(comma + 1, 0, ",", &one, &rest) || *rest != ',' ||
	    !number(rest + 1, 0, "", &two, NULL) || one < 0 || two < 0)
		return false;
	keys->major = (uint64_t)one;
	keys->minor = (uint64_t)two;
	return true;
}

static const char *take_keyword(struct sqst_mtree_keys *keys, unsigned keyword, const char *value)
{
	int64_t got = 0;

	switch (keyword) {
	case SQST_MTREE_TYPE:
		keys->type = (uint8_t)FIND(types, value);
		return keys->type ? NULL
				  : "type must be dir, file, link, block, char, fifo or socket";
	case SQST_MTREE_MODE:
		if (!number(value, 8, "", &got, NULL) || got < 0 || got > 07777)
			return "mode must be an octal number up to 7777";
		keys->mode = (uint16_t)got;
		return NULL;
	case SQST_MTREE_UID:
		return number(value, 10, "", &keys->uid, NULL) ? NULL : "uid must be a number";
	case SQST_MTREE_GID:
		return number(value, 10, "", &keys->gid, NULL) ? NULL : "gid must be a number";
	case SQST_MTREE_TIME:
		return number(value, 10, ".", &keys->time, NULL) ? NULL : "time must be a number";
	case SQST_MTREE_SIZE:
		if (!number(value, 10, "", &got, NULL) || got < 0)
			return "size must be a number";
		keys->size = (uint64_t)got;
		return NULL;
	case SQST_MTREE_DEVICE:
		return device(keys, value) ? NULL : "device must be FORMAT,MAJOR,MINOR or a number";
	default:
		return NULL;
	}
}

const char *sqst_mtree_key(struct sqst_mtree_keys *keys, char *word)
{
	char *value = strchr(word, '=');
	const char *wrong;
	unsigned keyword;

	if (value)
		*value++ = '\0';
	if (strcmp(word, "link") == 0 || strcmp(word, "contents") == 0 ||
	    strcmp(word, "content") == 0) {
		if (!value || !sqst_mtree_unescape(value))
			return "link and contents need a path with mtree escapes";
		*(word[0] == 'l' ? &keys->link : &keys->contents) = value;
		return NULL;
	}
	keyword = FIND(keywords, word);
	wrong = keyword ? take_keyword(keys, keyword, value ? value : "") : NULL;
	if (!wrong)
		keys->has |= keyword;
	return wrong;
}

void sqst_mtree_unset(struct sqst_mtree_keys *keys, const char *name)
{
	if (strcmp(name, "all") == 0)
		*keys = (struct sqst_mtree_keys){0};
	else
		keys->has &= ~FIND(keywords, name);
}
