/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The extra-information block: encoding and decoding its records. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <string.h>

#include "base/bytes.h"
#include "numbers/record.h"

enum tag {
	TAG_END = 0,
	TAG_LABEL = 1,
	TAG_UUID = 2,
	TAG_STABLE = 0x53,
};

/* The stable-numbering record, version 1: version, flags, two zero bytes, generation, root number,
 * top, own id; then the parents' ids. */
#define STABLE_VERSION     1
#define STABLE_FIXED       (1 + 1 + 2 + 4 + 4 + 4 + SQST_UUID_SIZE)
#define STABLE_ROOT_DOUBLE 1

_Static_assert(STABLE_FIXED + SQST_PARENTS_MAX * SQST_UUID_SIZE <= UINT8_MAX,
	       "a record's length is one byte");
_Static_assert(2 + 2 + SQST_UUID_SIZE + 2 + SQST_LABEL_MAX + 2 + UINT8_MAX + 1 <= SQST_EXTRA_MAX,
	       "room for the longest block");

/* Bit 15 of a metadata block's header: stored uncompressed. */
#define META_UNCOMPRESSED 0x8000

static uint8_t *put_bytes(uint8_t *to, const void *from, size_t size)
{
	memcpy(to, from, size);
	return to + size;
}

static uint8_t *put_record(uint8_t *to, enum tag tag, size_t size)
{
	*to++ = (uint8_t)tag;
	*to++ = (uint8_t)size;
	return to;
}

static uint8_t *put_stable(uint8_t *to, const struct sqst_lineage *lineage)
{
	const uint32_t parents =
	    lineage->parents < SQST_PARENTS_MAX ? lineage->parents : SQST_PARENTS_MAX;

	to = put_record(to, TAG_STABLE, STABLE_FIXED + parents * SQST_UUID_SIZE);
	*to++ = STABLE_VERSION;
	*to++ = lineage->root_double ? STABLE_ROOT_DOUBLE : 0;
	to = sqst_put16(to, 0);
	to = sqst_put32(to, lineage->generation);
	to = sqst_put32(to, lineage->root);
	to = sqst_put32(to, lineage->top);
	to = put_bytes(to, lineage->id, SQST_UUID_SIZE);
	return put_bytes(to, lineage->parent, parents * SQST_UUID_SIZE);
}

size_t sqst_extra_encode(const struct sqst_lineage *lineage, uint8_t out[SQST_EXTRA_MAX])
{
	const size_t label = strnlen(lineage->label, SQST_LABEL_MAX);
	uint8_t *to = out + 2;

	if (!sqst_uuid_is_null(lineage->uuid)) {
		to = put_record(to, TAG_UUID, SQST_UUID_SIZE);
		to = put_bytes(to, lineage->uuid, SQST_UUID_SIZE);
	}
	if (label > 0) {
		to = put_record(to, TAG_LABEL, label);
		to = put_bytes(to, lineage->label, label);
	}
	to = put_stable(to, lineage);
	*to++ = TAG_END;
	sqst_put16(out, (uint32_t)(to - out - 2) | META_UNCOMPRESSED);
	return (size_t)(to - out);
}

/* A record being decoded, and where. */
struct record {
	const char *name;
	uint64_t offset;
	uint8_t tag;
	uint8_t size;
	const uint8_t *value;
	struct sqst_report *why;
};

static int fail_record(const struct record *record, const char *what)
{
	return sqst_fail(record->why, SQST_ERR_PARENT, record->name,
			 "extra-information record with tag %u at offset %llu: %s", record->tag,
			 (unsigned long long)record->offset, what);
}

static int get_label(const struct record *record, struct sqst_lineage *lineage)
{
	if (lineage->label[0])
		return fail_record(record, "a second label");
	if (record->size == 0)
		return fail_record(record, "the label is empty");
	if (memchr(record->value, '\0', record->size))
		return fail_record(record, "the label has a NUL byte");
	memcpy(lineage->label, record->value, record->size);
	lineage->label[record->size] = '\0';
	return 0;
}

static int get_stable(const struct record *record, struct sqst_lineage *lineage)
{
	const uint8_t *value = record->value;
	const uint32_t ids = (uint32_t)(record->size - STABLE_FIXED);

	if (lineage->recorded)
		return fail_record(record, "the stable-numbering record appears twice");
	if (record->size < 1)
		return fail_record(record, "the stable-numbering record is empty");
	if (value[0] != STABLE_VERSION)
		return fail_record(record, "the stable-numbering record has an unknown version; a "
					   "newer sqfs-stable may support it");
	if (record->size < STABLE_FIXED || ids % SQST_UUID_SIZE != 0 ||
	    ids / SQST_UUID_SIZE > SQST_PARENTS_MAX)
		return fail_record(record, "the stable-numbering record has a wrong length");
	if ((value[1] & ~STABLE_ROOT_DOUBLE) != 0 || sqst_get16(value + 2) != 0)
		return fail_record(record, "the stable-numbering record has unknown flags");
	lineage->recorded = true;
	lineage->root_double = (value[1] & STABLE_ROOT_DOUBLE) != 0;
	lineage->generation = sqst_get32(value + 4);
	lineage->root = sqst_get32(value + 8);
	lineage->top = sqst_get32(value + 12);
	memcpy(lineage->id, value + 16, SQST_UUID_SIZE);
	lineage->parents = ids / SQST_UUID_SIZE;
	memcpy(lineage->parent, value + STABLE_FIXED, ids);
	if (lineage->top > SQST_NUMBER_MAX || lineage->root == 0 || lineage->root > lineage->top)
		return fail_record(record,
				   "the stable-numbering record's root number is 0 or above its "
				   "inode count, or that is above 2147483647");
	if (lineage->root_double && lineage->root == lineage->top)
		return fail_record(
		    record,
		    "the stable-numbering record gives the root's double the root's own number");
	return 0;
}

static int get_record(const struct record *record, struct sqst_lineage *lineage, bool *has_uuid)
{
	if (record->tag == TAG_LABEL)
		return get_label(record, lineage);
	if (record->tag == TAG_STABLE)
		return get_stable(record, lineage);
	if (record->tag != TAG_UUID)
		return 0;
	if (*has_uuid)
		return fail_record(record, "a second UUID");
	if (record->size != SQST_UUID_SIZE)
		return fail_record(record, "the UUID has a wrong length");
	memcpy(lineage->uuid, record->value, SQST_UUID_SIZE);
	*has_uuid = true;
	return 0;
}

/* The record at `at`; false if it runs past the end. */
static bool next_record(struct record *record, const uint8_t *data, size_t size, size_t at)
{
	record->tag = data[at];
	if (size - at < 2 || size - at - 2 < data[at + 1])
		return false;
	record->size = data[at + 1];
	record->value = data + at + 2;
	return true;
}

int sqst_extra_decode(const char *name, uint64_t offset, const uint8_t *data, size_t size,
		      struct sqst_lineage *lineage, struct sqst_report *why)
{
	struct sqst_lineage found = {0};
	bool has_uuid = false;

	for (size_t at = 0; at < size && data[at] != TAG_END;) {
		struct record record = {.name = name, .offset = offset + at, .why = why};
		int rc;

		if (!next_record(&record, data, size, at))
			return fail_record(&record, "the record runs past the end of the block");
		rc = get_record(&record, &found, &has_uuid);
		if (rc < 0)
			return rc;
		at += 2 + (size_t)record.size;
	}
	if (!found.recorded) {
		found.root = lineage->root;
		found.top = lineage->top;
	}
	*lineage = found;
	return 0;
}

void sqst_extra_salvage(const uint8_t *data, size_t size, struct sqst_lineage *lineage)
{
	struct record record = {0};
	bool has_uuid = false;

	for (size_t at = 0; at < size && data[at] != TAG_END; at += 2 + (size_t)record.size) {
		if (!next_record(&record, data, size, at))
			return;
		/* What of these is wrong too is left alone. */
		if (record.tag == TAG_UUID || record.tag == TAG_LABEL)
			(void)get_record(&record, lineage, &has_uuid);
	}
}
