/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * @file map.h
 * Maps: the numbering of a release as a text file, to keep under version control or in place of the
 * image. Also what is done with maps: locking one, joining two branches of a lineage, and beginning
 * a registry.
 *
 * A map is an mtree file (mtree(5)), sorted by path as bytes:
 *
 *     #mtree
 *     # sqfs-stable: version=1 uuid=… generation=… top=13771
 *     . type=dir inode=1
 *     ./bin type=link inode=2
 *
 * Paths are escaped as mtree escapes them: a byte up to 0x20 or from 0x7f on, '#', '=' and '\' is
 * written as a backslash and three octal digits. The entry lines alone, without the comment lines,
 * are the canonical map, from which the image's own id is made.
 *
 * The header line always has version and top; it has uuid if the image has a lineage UUID, and
 * generation if it has a stable-numbering record. Without uuid or generation a map has no own id,
 * as such an image has none. Unknown fields and keywords are ignored, and so are empty lines and
 * other comment lines.
 *
 * Thread rule: that of report.h. Two threads that update one map must each lock it, as two
 * processes must.
 *
 * Not promised: see report.h. A later version may write a map of another version, and refuses one
 * that it does not know. The tables of a registry are for this library alone.
 */
#ifndef SQST_MAP_H
#define SQST_MAP_H

#include "sqst/numbers.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Read a map. The image's own id is computed, so a map and the image that it was written with give
 * the same numbers and the same lineage, except for the label, the parents' ids and the root's
 * double, which a map does not have and no child needs. The lines may be in any order.
 *
 * Refused, with the line: a first line other than "#mtree"; a version that is missing or unknown; a
 * field that is missing, given twice or not a number; a number of 0 or above top; a number on two
 * paths, unless both have one type other than directory; a path given twice or without its
 * directory, or with "." or "..", an empty name or one of more than 255 bytes in it; an escape that
 * is not three octal digits, or that stands for NUL or '/'; a control character that is not escaped
 * (a carriage return too); a line that continues in the next; a "/set" line; a last line without a
 * line end; a map without a root.
 *
 * @param path  a file or a FIFO
 * @param out   the caller's to free with sqst_numbers_free(); untouched on failure
 * @return 0, SQST_ERR_NOMEM, SQST_ERR_IO (the system is short of descriptors), SQST_ERR_PARENT
 *         (unreadable or refused)
 */
SQST_API int sqst_map_read(const char *path, struct sqst_numbers **out, struct sqst_report *why);

/**
 * Write a map as sqst_files_write() writes files (report.h): it may replace a map, and nothing
 * else.
 * @return 0, SQST_ERR_NOMEM, SQST_ERR_IO, SQST_ERR_EXISTS (something else is there)
 */
SQST_API int sqst_map_write(const struct sqst_numbers *numbers, const char *path,
			    struct sqst_report *why);

/**
 * The map as text, byte for byte what sqst_map_write() writes.
 * @param out   the caller's to free(); not NUL-terminated; untouched on failure
 * @param size  its length in bytes
 * @return 0 or SQST_ERR_NOMEM
 */
SQST_API int sqst_map_text(const struct sqst_numbers *numbers, char **out, size_t *size,
			   struct sqst_report *why);

/** A map that is locked; opaque. */
struct sqst_map_lock;

/**
 * Lock a map before it is read, in order to replace it afterwards. Without the lock, two processes
 * that both read the map would give one number to two paths. sqst_build() locks a map that is both
 * a parent and its output.
 *
 * While another process holds the lock, the call waits, and says so once through the report's
 * warn(). The lock is an flock(2) on the file itself: it leaves no file behind, and ends with the
 * process that holds it. A map that a rename replaced in the meantime is locked anew. If the file
 * system has no locks, there is a warning and the call succeeds.
 *
 * @param cancel  ends the wait; may be NULL
 * @param out     the caller's to free with sqst_map_lock_free(); NULL on failure, and on success if
 *                the path is not a regular file, which needs no lock
 * @return 0, SQST_ERR_NOMEM, SQST_ERR_IO (the system is short of descriptors), SQST_ERR_PARENT (no
 *         such map, or it cannot be opened or locked), SQST_ERR_CANCELED
 */
SQST_API int sqst_map_lock_take(const char *path, const struct sqst_cancel *cancel,
				struct sqst_map_lock **out, struct sqst_report *why);

/**
 * Check that a locked map is unchanged. Call it right before the map is replaced: a program that
 * takes no lock (a version control system, an editor) may have written it.
 * @param lock  may be NULL: then the answer is 0
 * @return 0, SQST_ERR_CHANGED, SQST_ERR_PARENT (the map cannot be examined)
 */
SQST_API int sqst_map_lock_check(const struct sqst_map_lock *lock, struct sqst_report *why);

/** Unlock the map and free the lock. NULL is allowed. */
SQST_API void sqst_map_lock_free(struct sqst_map_lock *lock);

/* ---- two branches of one lineage */

/*
 * A branch that adds paths gives them numbers above the top of the release that it started from,
 * and so does every other branch: one number means different paths. Rule R8 of sqfs-stable(7) says
 * which of these numbers a child of both may keep. A merge applies that rule without a tree: the
 * paths of the join come from the numberings themselves. The result can be the parent of further
 * builds in place of both branches.
 */

/** Which branch decides where the two give one path different types. */
enum sqst_merge_side {
	/** Neither: that is a conflict. */
	SQST_MERGE_NEITHER,
	SQST_MERGE_OURS,
	SQST_MERGE_THEIRS,
};

/** A path that has different types in the branches, and the type that it had before decides
 * nothing. Valid during the call. */
struct sqst_merge_conflict {
	/** Below the root, "" for the root. */
	const char *path;
	/** The types, each an ::sqst_type. */
	uint8_t ours;
	uint8_t theirs;
};

/** How to merge. Zero-initialise for the defaults. */
struct sqst_merge_options {
	enum sqst_merge_side prefer;
	/** Hard link groups that a branch or the join changed keep their numbers, as with
	 *  SQST_BUILD_KEEP_LINKS (build.h). */
	bool keep_links;
	/** For branches of two lineages: the UUID that the join gets, that of either (any if
	 * neither has one). NULL: branches of two lineages are refused. */
	const uint8_t *uuid;
	/** Called for each conflict in tree order. May be NULL. */
	void (*conflict)(void *user, const struct sqst_merge_conflict *conflict);
	/** Passed to conflict. */
	void *user;
	/** 0; for options to come. */
	uint64_t reserved[4];
};

/** What a merge did. */
struct sqst_merge_result {
	/** Paths with different types in the branches; the merge failed if it is not 0. */
	uint32_t conflicts;
	/** Paths that kept the number that a branch gave them. */
	uint32_t kept;
	/** Paths that could not keep their number: it means, or may mean, something else on a
	 * device that runs the other branch. */
	uint32_t renumbered;
	/** Numbers that a hard link group kept although it changed; see keep_links. */
	uint32_t regrouped;
};

/**
 * Join two branches.
 *
 * Paths are merged three ways: what one branch added is there, what one removed is not, and a type
 * that one changed is changed. A directory that one branch removed stays if the other added
 * something below it. Hard link groups are merged the same way. Numbers, top, generation and UUID
 * are those that a build of the joined tree with the parents THEIRS and OURS, in this order, would
 * give (R5, R8): the map is the one that this build would write. `base` decides only which paths
 * there are, so a wrong one costs numbers, never their safety.
 *
 * @param base     the release that both branches started from; NULL: unknown, and all paths of both
 *                 branches are in the join
 * @param options  may be NULL
 * @param out      the caller's to free with sqst_numbers_free(); untouched on failure
 * @param result   filled on success; on failure its conflicts are counted and the rest is 0; may be
 *                 NULL
 * @return 0, SQST_ERR_NOMEM, SQST_ERR_LIMIT (numbers or generations are used up, or there are too
 *         many paths), SQST_ERR_PARENT (the branches are not of one lineage, there are conflicts,
 * or a numbering contradicts itself), SQST_ERR_OPTION (neither branch has options->uuid)
 */
SQST_API int sqst_numbers_merge(const struct sqst_numbers *base, const struct sqst_numbers *ours,
				const struct sqst_numbers *theirs,
				const struct sqst_merge_options *options, struct sqst_numbers **out,
				struct sqst_merge_result *result, struct sqst_report *why);

/* ---- a registry */

/*
 * A registry holds the numbers of a lineage in a PostgreSQL database, for builds on several
 * machines.
 *
 * A build that names a registry as a parent (its URL in place of a map's file name) reads the
 * number of each identity, numbers its tree, and writes the new identities back, all in one
 * transaction that holds a lock on the lineage. So no number is given twice, and builds of one tree
 * give the same paths the same numbers, whether they run at once or one after the other. A path
 * that comes back after a release without it gets its old number back (rule R3 of sqfs-stable(7)).
 *
 * In the database, table `sqfs_stable_lineage` has one row for each lineage: its UUID, the layout's
 * version (1), the highest number so far, and generation and own id of the last release. Each
 * lineage has a table `sqfs_stable_` followed by the 32 hexadecimal digits of its UUID, with path
 * (bytes below the root), type (::sqst_type) and number.
 */

/**
 * Make a registry for a lineage: its table, its row, and the table of lineages if there is none
 * yet; all in one transaction. Messages never contain the password of the URL.
 * @param url   a database, as libpq takes it: postgresql://HOST/DATABASE
 * @param uuid  in: the lineage, or all zero for that of `from`, or, if that has none, a random one;
 *              out: the lineage that was chosen, on failure too
 * @param from  an image's or a map's numbers to begin with; NULL: none
 * @return 0, SQST_ERR_NOMEM, SQST_ERR_OPTION (the library has no support for registries; not a URL;
 *         uuid is not that of `from`), SQST_ERR_EXISTS (the registry has the lineage already),
 *         SQST_ERR_IO (the database cannot be reached or refuses)
 */
SQST_API int sqst_registry_create(const char *url, uint8_t uuid[SQST_UUID_SIZE],
				  const struct sqst_numbers *from, struct sqst_report *why);

#ifdef __cplusplus
}
#endif

#endif
