/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * @file numbers.h
 * Which path has which inode number in one release, and what names that numbering: all that a next
 * build needs of a parent. It comes from an image (image.h), from a map (map.h) or from a numbered
 * tree, and is the same whichever it comes from.
 */
#ifndef SQST_NUMBERS_H
#define SQST_NUMBERS_H

#include "sqst/predef.h"
#include "sqst/report.h"
#include "sqst/tree.h"

/** Bytes of a UUID, in the order of RFC 9562. */
#define SQST_UUID_SIZE 16

/** Parents that one image can name in its stable-numbering record. */
#define SQST_PARENTS_MAX 8

/** Bytes of the longest label. */
#define SQST_LABEL_MAX 255

/** One path. Children stand in one array, sorted by name as unsigned bytes. */
struct sqst_entry {
	/** NUL-terminated, "" for the root. Owned by the numbers' memory. */
	const char *name;
	struct sqst_entry *child;
	uint32_t count;
	uint32_t number;
	/** An ::sqst_type. */
	uint8_t type;
};

/** What names a numbering; see "The bytes" in sqfs-stable(7). */
struct sqst_lineage {
	/** Lineage UUID; all zero: none (an image of another tool). */
	uint8_t uuid[SQST_UUID_SIZE];
	/** The image's own id; all zero: none. */
	uint8_t id[SQST_UUID_SIZE];
	/** Whether a stable-numbering record (or a map's header) was there. */
	bool recorded;
	/** Whether the image holds the root's double, numbered top. */
	bool root_double;
	/** 0 for the first image of a lineage. */
	uint32_t generation;
	/** The root directory's number. */
	uint32_t root;
	/** The superblock's inode count: all numbers of the lineage so far are at most this. */
	uint32_t top;
	/** Ids of the parents that the record names. */
	uint32_t parents;
	uint8_t parent[SQST_PARENTS_MAX][SQST_UUID_SIZE];
	/** Label, NUL-terminated UTF-8; "" for none. */
	char label[SQST_LABEL_MAX + 1];
};

/** The numbering of one release. */
struct sqst_numbers {
	/** Where it came from, for messages. Owned. */
	char *source;
	struct sqst_lineage lineage;
	struct sqst_entry root;
	/** Paths, the root among them. */
	uint32_t paths;
	/** What the entries' names and arrays live in; opaque. */
	struct sqst_arena *arena;
};

/** A new, empty set of numbers. NULL if memory is short. */
SQST_API struct sqst_numbers *sqst_numbers_new(const char *source);

/** Free it. NULL is allowed. */
SQST_API void sqst_numbers_free(struct sqst_numbers *numbers);

/**
 * Take the numbers of a numbered tree, without a lineage (all zero).
 * @param out  the caller's to free; untouched on failure
 * @return 0 or SQST_ERR_NOMEM
 */
SQST_API int sqst_numbers_from_tree(const struct sqst_tree *tree, const char *source,
				    struct sqst_numbers **out, struct sqst_report *why);

/** Whether all 16 bytes are zero. */
SQST_API bool sqst_uuid_is_null(const uint8_t uuid[SQST_UUID_SIZE]);

#endif
