/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Extended attributes in pax headers. SCHILY.xattr.NAME has the value as it is, and GNU tar writes
 * '=' and '%' of a name as %3D and %25 (xattr_encode_keyword). libarchive also writes
 * LIBARCHIVE.xattr.NAME with the value in base64, and names of both as in a URL
 * (archive_write_pax_header_xattr). RHT.security.selinux has the label without its NUL. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>
#include <string.h>

#include "base/decode.h"
#include "base/digit.h"
#include "source/pax.h"
#include "source/pax_xattr.h"

#define SCHILY     "SCHILY.xattr."
#define LIBARCHIVE "LIBARCHIVE.xattr."
#define SELINUX    "RHT.security.selinux"

struct reading {
	struct sqst_stage *stage;
	struct sqst_stage_body *body;
	const char *path;
	/* Names are written as in a URL. */
	bool url;
};

static int fail_pax_xattr(const struct reading *reading, const char *what)
{
	return sqst_fail(reading->stage->why, SQST_ERR_SOURCE, reading->stage->source,
			 "%s: the archive is damaged: %s", reading->path, what);
}

/* ---- codings */

/* In place, NUL-terminated. False if there is a NUL in it. */
static bool decode_name(char *name, size_t size, bool url)
{
	size_t to = 0;

	for (size_t at = 0; at < size; at++) {
		const int high = size - at > 2 ? sqst_digit_hex(name[at + 1]) : -1;
		const int low = high >= 0 ? sqst_digit_hex(name[at + 2]) : -1;
		const int code = low >= 0 ? high * 16 + low : -1;
		char byte = name[at];

		if (byte == '%' && code >= 0 && (url || code == '=' || code == '%')) {
			byte = (char)code;
			at += 2;
		}
		if (byte == '\0')
			return false;
		name[to++] = byte;
	}
	name[to] = '\0';
	return true;
}

/* ---- records */

static int take(struct reading *reading, const struct sqst_pax_record *record)
{
	struct sqst_stage *stage = reading->stage;
	struct sqst_xattr *xattr = &reading->body->xattr[reading->body->xattrs];
	size_t size = 0, value_size = record->value_size;
	const char *name = sqst_pax_behind(record, SCHILY, &size);
	const bool coded = !name && (name = sqst_pax_behind(record, LIBARCHIVE, &size));
	const bool label = !name && sqst_pax_behind(record, SELINUX, &size) && size == 0;
	char *copy, *value;

	if (label) {
		name = "security.selinux";
		size = strlen(name);
		/* As the kernel has it. */
		value_size += value_size > 0 && record->value[value_size - 1] != '\0';
	}
	if (!name)
		return 0;
	copy = sqst_arena_strndup(stage->arena, name, size);
	value = sqst_arena_strndup(stage->arena, record->value, record->value_size);
	if (!copy || !value)
		return sqst_stage_nomem(stage);
	if (!decode_name(copy, size, reading->url))
		return fail_pax_xattr(reading, "an extended attribute's name has a NUL byte");
	/* libarchive writes no padding, others may. */
	if (coded) {
		const long decoded = sqst_base64_decode(value, value_size, false, value);

		if (decoded < 0)
			return fail_pax_xattr(reading,
					      "an extended attribute's value is not base64");
		value_size = (size_t)decoded;
	}
	if (value_size > UINT32_MAX)
		return fail_pax_xattr(reading, "an extended attribute exceeds 4 GiB");
	*xattr = (struct sqst_xattr){copy, value, (uint32_t)value_size};
	reading->body->xattrs++;
	return 0;
}

static bool has_url_names(const struct sqst_pax_list *list)
{
	size_t size;

	for (size_t i = 0; i < list->count; i++) {
		if (sqst_pax_behind(&list->record[i], LIBARCHIVE, &size))
			return true;
	}
	return false;
}

static int take_list(struct reading *reading, const struct sqst_pax_list *list)
{
	int rc = 0;

	reading->url = has_url_names(list);
	for (size_t i = 0; rc == 0 && i < list->count; i++)
		rc = take(reading, &list->record[i]);
	return rc;
}

/* By name; of one name the last to be taken stands last. */
static int by_name(const void *a, const void *b, void *base)
{
	const size_t one = *(const size_t *)a, two = *(const size_t *)b;
	const struct sqst_xattr *list = base;
	const int order = strcmp(list[one].name, list[two].name);

	return order ? order : one < two ? -1 : one > two;
}

/* Each name once, and only those that are wanted. */
static int settle_pax_xattrs(struct reading *reading)
{
	struct sqst_stage_body *body = reading->body;
	struct sqst_xattr *kept =
	    sqst_arena_array(reading->stage->arena, body->xattrs, sizeof(*kept));
	size_t *order = calloc(body->xattrs, sizeof(*order));
	size_t used = 0;

	if (!kept || !order) {
		free(order);
		return sqst_stage_nomem(reading->stage);
	}
	for (size_t i = 0; i < body->xattrs; i++)
		order[i] = i;
	qsort_r(order, body->xattrs, sizeof(*order), by_name, body->xattr);
	for (size_t i = 0; i < body->xattrs; i++) {
		const struct sqst_xattr *xattr = &body->xattr[order[i]];

		if (i + 1 < body->xattrs &&
		    strcmp(xattr->name, body->xattr[order[i + 1]].name) == 0)
			continue;
		if (sqst_xattr_wanted(&reading->stage->xattrs, xattr->name))
			kept[used++] = *xattr;
	}
	free(order);
	body->xattr = kept;
	body->xattrs = used;
	return 0;
}

int sqst_pax_xattrs(const struct sqst_pax *pax, struct sqst_stage *stage, const char *path,
		    struct sqst_stage_body *body)
{
	struct reading reading = {.stage = stage, .body = body, .path = path};
	const size_t room = pax->global.count + pax->local.count;
	int rc;

	if (room == 0)
		return 0;
	body->xattr = sqst_arena_array(stage->arena, room, sizeof(*body->xattr));
	if (!body->xattr)
		return sqst_stage_nomem(stage);
	rc = take_list(&reading, &pax->global);
	if (rc == 0)
		rc = take_list(&reading, &pax->local);
	return rc == 0 && body->xattrs > 0 ? settle_pax_xattrs(&reading) : rc;
}
