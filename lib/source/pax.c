/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Records of pax headers, as they stand in the archive. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/digit.h"
#include "base/report.h"
#include "source/pax.h"

/* A tar header: where the size, its type, and "ustar" stand in it. */
#define BLOCK       512
#define SIZE_AT     124
#define SIZE_DIGITS 12
#define TYPE_AT     156

/* Of global records, which every entry pays for. */
#define GLOBALS_MAX     64
#define GLOBAL_SIZE_MAX (64 * 1024)

static int fail_pax(const struct sqst_plain *plain, const char *what)
{
	return sqst_fail(plain->why, SQST_ERR_SOURCE, plain->input->name, "%s", what);
}

static bool add_record(struct sqst_pax_list *list, const struct sqst_pax_record *record)
{
	struct sqst_pax_record *grown =
	    sqst_grow(list->record, list->count, &list->room, sizeof(*grown));

	if (!grown)
		return false;
	list->record = grown;
	grown[list->count++] = *record;
	return true;
}

static bool has_pax_key(const struct sqst_pax_record *record, const char *key, size_t size)
{
	return record->key_size == size && memcmp(record->key, key, size) == 0;
}

const char *sqst_pax_behind(const struct sqst_pax_record *record, const char *prefix, size_t *size)
{
	const size_t length = strlen(prefix);

	if (record->key_size < length || memcmp(record->key, prefix, length) != 0)
		return NULL;
	*size = record->key_size - length;
	return record->key + length;
}

/* What a global header may say of all entries, and what is used. -1: it may not. */
static int is_used(const struct sqst_pax_record *record)
{
	static const char *const used[] = {"mtime", "uid", "gid"};
	static const char *const attributes[] = {"SCHILY.xattr.", "LIBARCHIVE.xattr.",
						 "RHT.security.selinux"};
	static const char *const wrong[] = {"path", "linkpath", "size"};
	size_t size;

	for (size_t i = 0; i < sizeof(used) / sizeof(used[0]); i++) {
		if (has_pax_key(record, used[i], strlen(used[i])))
			return 1;
		if (sqst_pax_behind(record, attributes[i], &size))
			return 1;
		if (has_pax_key(record, wrong[i], strlen(wrong[i])))
			return -1;
	}
	return 0;
}

/* A record without a value takes an earlier one away. */
static int set_global(struct sqst_pax *pax, struct sqst_plain *plain,
		      const struct sqst_pax_record *record)
{
	struct sqst_pax_list *list = &pax->global;
	struct sqst_pax_record copy = *record;
	const int used = is_used(record);

	if (used < 0)
		return fail_pax(plain, "a global pax header sets a path or size for all entries");
	if (used == 0)
		return 0;
	for (size_t i = 0; i < list->count; i++) {
		if (!has_pax_key(&list->record[i], record->key, record->key_size))
			continue;
		list->record[i] = list->record[--list->count];
		break;
	}
	if (record->value_size == 0)
		return 0;
	if (list->count == GLOBALS_MAX || record->key_size + record->value_size > GLOBAL_SIZE_MAX)
		return fail_pax(
		    plain,
		    "its global pax headers have more than 64 attributes, or one above 64 KiB");
	copy.key = sqst_arena_strndup(pax->arena, record->key, record->key_size);
	copy.value = sqst_arena_strndup(pax->arena, record->value, record->value_size);
	return copy.key && copy.value && add_record(list, &copy)
		   ? 0
		   : sqst_no_memory(plain->why, plain->input->name);
}

/* "LENGTH KEY=VALUE\n"; the length is that of all of it. Bytes of the record, 0 if it is none. */
static size_t parse_record(const char *text, size_t size, struct sqst_pax_record *record)
{
	size_t length = 0, at = 0;
	const char *equals;

	while (at < size && text[at] >= '0' && text[at] <= '9' && length <= size)
		length = length * 10 + (size_t)(text[at++] - '0');
	if (at == 0 || at >= size || text[at] != ' ' || length > size || length < at + 3 ||
	    text[length - 1] != '\n')
		return 0;
	record->key = text + at + 1;
	equals = memchr(record->key, '=', length - at - 2);
	if (!equals)
		return 0;
	record->key_size = (size_t)(equals - record->key);
	record->value = equals + 1;
	record->value_size = (size_t)(text + length - 1 - record->value);
	return length;
}

/* What is no record, libarchive has refused or warned of. */
static int read_pax_body(struct sqst_pax *pax, struct sqst_plain *plain, const char *text,
			 size_t size, bool global)
{
	struct sqst_pax_record record;
	size_t length;
	int rc = 0;

	for (; rc == 0 && (length = parse_record(text, size, &record)) > 0; size -= length) {
		if (global)
			rc = set_global(pax, plain, &record);
		else if (!add_record(&pax->local, &record))
			rc = sqst_no_memory(plain->why, plain->input->name);
		text += length;
	}
	return rc;
}

int sqst_pax_read(struct sqst_pax *pax, struct sqst_plain *plain, uint64_t from, uint64_t to)
{
	const uint8_t *bytes = NULL;
	size_t at = 0, all;
	int rc;

	pax->local.count = 0;
	/* A header of any kind has a block of its own before the entry's. */
	if (to - from < (uint64_t)2 * BLOCK)
		return 0;
	if (!pax->arena && !(pax->arena = sqst_arena_new()))
		return sqst_no_memory(plain->why, plain->input->name);
	all = to - from > SIZE_MAX ? SIZE_MAX : (size_t)(to - from);
	rc = sqst_plain_look(plain, from, all, &bytes);
	while (rc == 0 && all - at >= BLOCK) {
		const uint8_t type = bytes[at + TYPE_AT];
		uint64_t size;

		if (!sqst_digit_tar(bytes + at + SIZE_AT, SIZE_DIGITS, &size))
			break;
		at += BLOCK;
		if (type == '\0')
			continue;
		if (!strchr("gxXLKV", type) || size > all - at)
			break;
		pax->seen = pax->seen || strchr("gxX", type);
		if (strchr("gxX", type))
			rc = read_pax_body(pax, plain, (const char *)bytes + at, (size_t)size,
					   type == 'g');
		size = (size + BLOCK - 1) / BLOCK * BLOCK;
		at = size > all - at ? all : at + (size_t)size;
	}
	return rc;
}

const struct sqst_pax_record *sqst_pax_find_global(const struct sqst_pax *pax, const char *key)
{
	const size_t size = strlen(key);

	for (size_t i = 0; i < pax->local.count; i++) {
		if (has_pax_key(&pax->local.record[i], key, size))
			return NULL;
	}
	for (size_t i = 0; i < pax->global.count; i++) {
		if (has_pax_key(&pax->global.record[i], key, size))
			return &pax->global.record[i];
	}
	return NULL;
}

void sqst_pax_release(struct sqst_pax *pax)
{
	free(pax->global.record);
	free(pax->local.record);
	sqst_arena_free(pax->arena);
	*pax = (struct sqst_pax){0};
}
