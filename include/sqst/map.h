/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * @file map.h
 * The persisted path-to-inode map: an mtree file, sorted by path as bytes.
 *
 *     #mtree
 *     # sqfs-stable: version=1 uuid=… generation=… top=13771
 *     . type=dir inode=1
 *     ./bin type=link inode=2
 *
 * Paths are escaped as mtree escapes them: a byte up to 0x20, from 0x7f on, '#', '=' and '\' is
 * written as a backslash and three octal digits. The entry lines alone, without the comment lines,
 * are the canonical map; the image's own id is made from it.
 *
 * The header line has version and top always, uuid if the image has a lineage UUID, and generation
 * if it has a stable-numbering record. Without uuid or without generation the map gives no own id,
 * as such an image has none. Fields and keywords that are not known are ignored, and so are empty
 * lines and other comment lines.
 */
#ifndef SQST_MAP_H
#define SQST_MAP_H

#include "sqst/numbers.h"

/**
 * Read a map. The image's own id is computed, so that a map and the image that it was written with
 * give the same numbers and the same lineage (but for the label, the parents' ids and the root's
 * double, which a map does not carry: no child needs them). The lines may be in any order.
 *
 * Refused, with the line: no "#mtree" first line; no or an unknown version; a field missing, twice
 * or not a number; a number of 0 or above top; a number on two paths that are not both of one type
 * other than directory; a path twice, without its directory, with "." or ".." or an empty name or
 * one of more than 255 bytes in it; an escape that is not three octal digits, or stands for NUL or
 * '/'; a control character that is not escaped (carriage returns too); a line continued in the
 * next; "/set" lines; a last line without its end; no root.
 *
 * @return 0, SQST_ERR_NOMEM, SQST_ERR_PARENT
 */
SQST_API int sqst_map_read(const char *path, struct sqst_numbers **out, struct sqst_report *why);

/**
 * Write the map as sqst_file_write() does (output.h): it replaces a map, and nothing else.
 * @return 0, SQST_ERR_NOMEM, SQST_ERR_IO, SQST_ERR_EXISTS (something else is there)
 */
SQST_API int sqst_map_write(const struct sqst_numbers *numbers, const char *path,
			    struct sqst_report *why);

/**
 * The map as one string, byte for byte as sqst_map_write() writes it.
 * @param out   the caller's to free(); not NUL-terminated
 * @param size  its bytes
 * @return 0 or SQST_ERR_NOMEM
 */
SQST_API int sqst_map_text(const struct sqst_numbers *numbers, char **out, size_t *size,
			   struct sqst_report *why);

struct sqst_map_lock;

/**
 * Lock a map before it is read, to replace it afterwards: else two processes that both read it
 * would give one number to two paths. sqst_build() does so with a map that is a parent and its
 * output.
 *
 * While another process has it locked, this waits, and says so once through the report's warn().
 * What is locked is the file itself (flock(2)): nothing lies around beside it, and the lock of a
 * process that was killed is gone. A map that was replaced by a rename meanwhile is locked anew. A
 * file system that cannot lock is warned of.
 *
 * @param cancel  says whether it is to wait no longer; may be NULL
 * @param out     the caller's to free with sqst_map_lock_free(); NULL for what is no regular file
 * @return 0, SQST_ERR_NOMEM, SQST_ERR_PARENT (no such map), SQST_ERR_CANCELED
 */
SQST_API int sqst_map_lock_take(const char *path, const struct sqst_cancel *cancel,
				struct sqst_map_lock **out, struct sqst_report *why);

/**
 * To be called right before the map is replaced: it must still be what was locked. Something that
 * takes no lock (a version control system, an editor) may have written it.
 * @param lock  may be NULL
 * @return 0 or SQST_ERR_CHANGED
 */
SQST_API int sqst_map_lock_check(const struct sqst_map_lock *lock, struct sqst_report *why);

/** Unlock. NULL is allowed. */
SQST_API void sqst_map_lock_free(struct sqst_map_lock *lock);

/* ---- two branches of one lineage */

/*
 * A branch that adds paths gives them numbers above the top of what it started from, and so does
 * every other branch: the same numbers mean different paths. Rule R8 of sqfs-stable(7) says which
 * of them a child of both may keep. A merge applies that rule without a tree: the paths of the join
 * come from the numberings themselves. What comes out can be the parent of further builds in place
 * of both branches.
 */

/** Whose word counts where two branches give one path different types. */
enum sqst_merge_side {
	/** Nobody's: that is a conflict. */
	SQST_MERGE_NEITHER,
	SQST_MERGE_OURS,
	SQST_MERGE_THEIRS,
};

/** A path with different types in two branches, not the type that it had before in either. */
struct sqst_merge_conflict {
	/** As in struct sqst_change. */
	const char *path;
	/** ::sqst_type, 0 for none. */
	uint8_t ours;
	uint8_t theirs;
};

/** How to merge. Zero-initialise for the defaults. */
struct sqst_merge_options {
	enum sqst_merge_side prefer;
	/** Hard link groups that a branch or the join changed keep numbers, as with
	 *  ::SQST_NUMBERING_KEEP_LINKS. */
	bool keep_links;
	/** With branches of two lineages: the UUID of the one that goes on. NULL: that is refused.
	 */
	const uint8_t *uuid;
	/** Called for each conflict in tree order. May be NULL. */
	void (*conflict)(void *user, const struct sqst_merge_conflict *conflict);
	/** Handed to conflict. */
	void *user;
	/** 0; for options to come. */
	uint64_t reserved[4];
};

/** What a merge did, counted in paths. */
struct sqst_merge_result {
	/** Paths with different types in the branches; the merge failed if it is not 0. */
	uint32_t conflicts;
	/** Paths that have the number that a branch gave them. */
	uint32_t kept;
	/** Paths whose number had to go: it means, or may mean, something else on a device that
	 *  runs the other branch. */
	uint32_t renumbered;
	/** Numbers of hard link groups that changed and kept theirs; see keep_links. */
	uint32_t regrouped;
};

/**
 * Join two branches.
 *
 * The paths are merged three ways: what one branch added is there, what one removed is not, and
 * a type that one changed is changed. A directory that one branch removed stays if the other added
 * something below it. Hard link groups go the same way. Numbers are those that a build of the
 * joined tree with the parents THEIRS and OURS, in this order, would give (R5, R8), and so are top,
 * generation and UUID: the map is the one that this build would write. `base` has a say only in
 * which paths there are, so a wrong one costs numbers, never their safety.
 *
 * @param base     what both branches started from; NULL: nothing is known of it, and all paths of
 *                 both branches are in the join
 * @param options  may be NULL
 * @param out      the caller's to free with sqst_numbers_free(); untouched on failure
 * @param result   its conflicts are filled on failure too; may be NULL
 * @return 0, SQST_ERR_NOMEM, SQST_ERR_LIMIT (numbers or generations used up), SQST_ERR_PARENT (the
 *         branches are not of one lineage, or there are conflicts)
 */
SQST_API int sqst_numbers_merge(const struct sqst_numbers *base, const struct sqst_numbers *ours,
				const struct sqst_numbers *theirs,
				const struct sqst_merge_options *options, struct sqst_numbers **out,
				struct sqst_merge_result *result, struct sqst_report *why);

/* ---- a registry */

/*
 * A registry: the numbers of a lineage in a PostgreSQL database, for builds on several machines.
 *
 * A build that names a registry as a parent (its URL in place of a map's file name) reads which
 * number each identity has, numbers its tree, and writes the new identities back, all in one
 * transaction that holds a lock on the lineage. So no number is given twice, and builds of one tree
 * give the same paths the same numbers, at once or one after the other. An identity whose number
 * no other has had in between gets it back when it returns (rule R3 of sqfs-stable(7)).
 *
 * In the database, table `sqfs_stable_lineage` has one row a lineage: its UUID, the layout's
 * version (1), the highest number so far, generation and own id of the last release. Each lineage
 * has a table `sqfs_stable_` and 32 hexadecimal digits of its UUID: path (bytes below the root),
 * type (::sqst_type) and number.
 */

/**
 * Make a registry for a lineage: its table, its row, and before the first of them the table of
 * lineages. Passwords in the URL are never part of a message.
 * @param url   a database, as libpq takes it
 * @param uuid  the lineage; in: null for from's, or, if that has none, for a random one; out: what
 *              it is
 * @param from  an image's or a map's numbers to begin with; NULL: none
 * @return 0, SQST_ERR_NOMEM, SQST_ERR_OPTION (no support; not a URL; uuid is not from's),
 *         SQST_ERR_EXISTS (the lineage is there), SQST_ERR_IO (the database refuses)
 */
SQST_API int sqst_registry_create(const char *url, uint8_t uuid[SQST_UUID_SIZE],
				  const struct sqst_numbers *from, struct sqst_report *why);

#endif
