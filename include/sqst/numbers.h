/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * @file numbers.h
 * Which path has which inode number in one release, and what names that numbering: all that a next
 * build needs of a parent. It comes from an image (image.h), from a map (map.h) or from a numbered
 * tree, and is the same whichever it comes from.
 */
#ifndef SQST_NUMBERS_H
#define SQST_NUMBERS_H

#include "sqst/source.h"

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

/** Free it. NULL is allowed. */
SQST_API void sqst_numbers_free(struct sqst_numbers *numbers);

/** Whether all 16 bytes are zero. */
SQST_API bool sqst_uuid_is_null(const uint8_t uuid[SQST_UUID_SIZE]);

/* ---- what numbering did */

/** What numbering did, counted in paths (the root among them). */
struct sqst_numbering_stats {
	/** Paths that have the number that a parent gave them. */
	uint32_t kept;
	/** All other paths: new ones, names that joined a hard link group, and those of `retyped`
	 *  and `renumbered`. */
	uint32_t added;
	/** Of those: paths that the newest parent that has them has with another file type. */
	uint32_t retyped;
	/** Of those: identities that a parent has, but whose number had to go (R5: hard link groups
	 *  that changed, R8: conflicts). */
	uint32_t renumbered;
	/** Numbers that at least one parent used for a path and that no path has any more. */
	uint32_t retired;
	/** Numbers of hard link groups that a path joined or left, and that the group kept: 0 but
	 *  with ::SQST_NUMBERING_KEEP_LINKS. An upper layer with index=on or metacopy=on may not
	 *  survive that; see "Hard links" in sqfs-stable(7). */
	uint32_t regrouped;
	/** Numbers in use, one an inode; the root's double is not counted. */
	uint32_t live;
};

/** What comes out beside the numbers in the tree. */
struct sqst_numbering {
	/** The superblock's inode count of the new image (R4). */
	uint32_t top;
	/** The root directory's number. */
	uint32_t root;
	/** Whether the root's double is needed; its number is top (R7). */
	bool root_double;
	struct sqst_numbering_stats stats;
};

#endif
