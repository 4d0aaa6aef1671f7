/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * @file numbers.h
 * The numbering of one release: which path has which inode number, and which lineage it belongs to.
 * This is all that the next build needs of a parent. It comes from an image (image.h), from a map
 * (map.h) or from a build, and is the same whichever it comes from.
 *
 * An identity is a path and its file type. What becomes of its number in a build (the rules R1 to
 * R9 are in sqfs-stable(7)):
 *
 *     What happened to the path                       Its number
 *     ----------------------------------------------  --------------------------------------------
 *     content, owner, mode, time, attributes changed  kept (R1)
 *     new                                             new, above every parent's top (R2)
 *     file type changed                               new; the old one is retired (R2)
 *     renamed or moved                                new for the new path; the old one is retired
 *     removed                                         retired, never given to another (R3)
 *     back after a release without it                 new; from a registry its old one (R3)
 *     its hard link group gained or lost a name       new for the whole group (R5); kept by most of
 *                                                     its names with SQST_BUILD_KEEP_LINKS
 *     the root directory                              as any path (R6)
 *     different numbers in several parents            the newest parent's if it cannot mean
 *                                                     something else in another, else new (R8)
 *     any, with SQST_BUILD_NEW_LINEAGE                new, above every parent's top (R9)
 *
 * Thread rule: that of report.h. A numbering does not change once it is made, so any number of
 * threads may read it.
 *
 * Not promised: see report.h. In particular struct sqst_numbers may grow at its end.
 */
#ifndef SQST_NUMBERS_H
#define SQST_NUMBERS_H

#include "sqst/source.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Bytes of a UUID, in the order of RFC 9562. */
#define SQST_UUID_SIZE 16

/** Parents that the stable-numbering record of an image can name. */
#define SQST_PARENTS_MAX 8

/** Bytes of the longest label, without its NUL. */
#define SQST_LABEL_MAX 255

/** One path. */
struct sqst_entry {
	/** NUL-terminated, "" for the root. Owned by the numbering. */
	const char *name;
	/** `count` children, sorted by name as unsigned bytes. Owned by the numbering. */
	struct sqst_entry *child;
	uint32_t count;
	/** Inode number, from 1 to lineage.top. Hard links share one. */
	uint32_t number;
	/** An ::sqst_type. */
	uint8_t type;
};

/** What identifies a numbering; see "The bytes" in sqfs-stable(7). */
struct sqst_lineage {
	/** Lineage UUID; all zero: none (an image of another tool). */
	uint8_t uuid[SQST_UUID_SIZE];
	/** The image's own id; all zero: none. */
	uint8_t id[SQST_UUID_SIZE];
	/** Whether there was a stable-numbering record (or the header of a map). */
	bool recorded;
	/** Whether the image holds the root's double, a second inode of the root numbered top (R7).
	 */
	bool root_double;
	/** Builds since the first image of the lineage, whose generation is 0. */
	uint32_t generation;
	/** The root directory's number. */
	uint32_t root;
	/** The superblock's inode count: no number of the lineage so far is above it. */
	uint32_t top;
	/** How many parents the record names, and their ids, oldest first. */
	uint32_t parents;
	uint8_t parent[SQST_PARENTS_MAX][SQST_UUID_SIZE];
	/** Label, NUL-terminated UTF-8; "" for none. */
	char label[SQST_LABEL_MAX + 1];
};

/** The numbering of one release. Allocated by the library; may grow at its end. */
struct sqst_numbers {
	/** The file it came from, for messages. Owned. */
	char *source;
	struct sqst_lineage lineage;
	struct sqst_entry root;
	/** How many paths there are, the root included. */
	uint32_t paths;
	/** Memory of the names and arrays; opaque. */
	struct sqst_arena *arena;
};

/** Free a numbering and all that it owns. NULL is allowed. */
SQST_API void sqst_numbers_free(struct sqst_numbers *numbers);

/** Whether all 16 bytes are zero, which stands for no UUID. */
SQST_API bool sqst_uuid_is_null(const uint8_t uuid[SQST_UUID_SIZE]);

/* ---- what numbering did */

/** What numbering did. Paths are counted with the root among them. */
struct sqst_numbering_stats {
	/** Paths that kept the number that a parent gave them. */
	uint32_t kept;
	/** All other paths: new ones, names that joined a hard link group, and those that `retyped`
	 *  and `renumbered` count. */
	uint32_t added;
	/** Of those: paths that have another file type in the newest parent that has them. */
	uint32_t retyped;
	/** Of those: identities that a parent has, but that could not keep their number (R5: their
	 *  hard link group changed; R8: parents conflict). */
	uint32_t renumbered;
	/** Numbers that at least one parent used for a path and that no path has any more. */
	uint32_t retired;
	/** Numbers that a hard link group kept although a path joined or left it: always 0 without
	 *  SQST_BUILD_KEEP_LINKS (build.h) or keep_links (map.h). An overlay with index=on or
	 *  metacopy=on may not survive that; see "Hard links" in sqfs-stable(7). */
	uint32_t regrouped;
	/** Numbers in use, one for each inode; the root's double is not counted. */
	uint32_t live;
};

/** The result of numbering a tree. */
struct sqst_numbering {
	/** The superblock's inode count of the new image (R4). */
	uint32_t top;
	/** The root directory's number. */
	uint32_t root;
	/** Whether the image needs the root's double, whose number is top (R7). */
	bool root_double;
	struct sqst_numbering_stats stats;
};

#ifdef __cplusplus
}
#endif

#endif
