/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * @file merge.h
 * Two numberings of one lineage: what differs between them, and, for two branches, how they join.
 *
 * A branch that adds paths gives them numbers above the top of what it started from, and so does
 * every other branch: the same numbers mean different paths. Rule R8 of sqfs-stable(7) says which
 * of them a child of both may keep. A merge applies that rule without a tree: the paths of the join
 * come from the numberings themselves. What comes out can be the parent of further builds in place
 * of both branches.
 */
#ifndef SQST_MERGE_H
#define SQST_MERGE_H

#include "sqst/numbers.h"
#include "sqst/predef.h"
#include "sqst/report.h"

/** What became of a path. */
enum sqst_change_kind {
	/** Same type, same number. */
	SQST_CHANGE_KEPT,
	/** Only the new numbering has the path. */
	SQST_CHANGE_NEW,
	/** Only the old one has it. */
	SQST_CHANGE_GONE,
	/** Both have it, with different types. */
	SQST_CHANGE_RETYPED,
	/** Both have it with one type, but with different numbers. */
	SQST_CHANGE_RENUMBERED,
};

/** How many there are of enum sqst_change_kind. */
#define SQST_CHANGE_KINDS 5

/** One path. Types (::sqst_type) and numbers are 0 where the path is not. */
struct sqst_change {
	enum sqst_change_kind kind;
	/** Below the root, "" for the root. Valid during the call. */
	const char *path;
	uint32_t old_number;
	uint32_t new_number;
	uint8_t old_type;
	uint8_t new_type;
};

/** What differs, counted. */
struct sqst_numbers_difference {
	/** Paths, by enum sqst_change_kind. */
	uint32_t paths[SQST_CHANGE_KINDS];
	/** Numbers that the old one used for a path, and the new one for none. */
	uint32_t retired;
	/** Numbers that the new one uses and the old one did not. */
	uint32_t given;
};

/**
 * Compare two numberings, path by path.
 * @param each  called for each path in tree order (a directory, then each child with all below it);
 *              may be NULL
 * @param user  handed to each
 * @param out   filled on success
 * @return 0, SQST_ERR_NOMEM, SQST_ERR_LIMIT (more than 2^31-1 paths together)
 */
SQST_API int sqst_numbers_compare(const struct sqst_numbers *before,
				  const struct sqst_numbers *after,
				  void (*each)(void *user, const struct sqst_change *change),
				  void *user, struct sqst_numbers_difference *out,
				  struct sqst_report *why);

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

#endif
