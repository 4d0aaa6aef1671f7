/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * @file check.h
 * Is a new release safe on a device that runs an old one? Numbers in, a verdict out: nothing here
 * reads a file.
 *
 * What a device keeps of the old image are the origins in its overlayfs upper layer: file handles,
 * each of them the number that a path had in the old image. The new image is safe if each such
 * number names the same path and type there (the origin is valid), or nothing (the kernel refuses
 * the handle, and overlayfs treats the file as one of unknown origin). A number that names
 * something else is a conflict. See "Is it safe" in sqfs-stable-check(1).
 *
 * The fate of a number, by what it names in either release:
 *
 *     Old release                     New release                         Fate
 *     ------------------------------  ----------------------------------  --------
 *     paths                           one of them, of the same type       kept
 *     paths                           only others, or of another type     conflict
 *     paths                           an inode that no directory names    conflict
 *     paths                           nothing; within the inode count     retired
 *     paths                           nothing; above the inode count      beyond
 *     nothing; above the inode count  paths                               new
 *     nothing; within the count       paths                               revived
 *
 * Hard links: a number stands for a set of paths. A kept number whose two sets are not equal is
 * listed as regrouped as well, which is unsafe with some overlay options (see "Hard links" in
 * sqfs-stable(7)).
 *
 * The verdict; the first line that fits decides:
 *
 *     Condition                                               Verdict
 *     ------------------------------------------------------  -------
 *     the new release has no export table                     refused
 *     a conflict, and the old release has no export table     refused
 *     a conflict                                              unsafe
 *     no number is kept                                       refused
 *     the old release has an export table, and the root has
 *       another number or a number is regrouped               unsafe
 *     otherwise                                               valid
 *
 * Thread rule: that of report.h. Numberings are only read, so several threads may compare the same
 * ones.
 *
 * Not promised: see report.h. struct sqst_check may grow at its end, and later versions may add
 * fates and verdicts. Nothing is said of the files' content: a valid origin can name a file whose
 * data is another.
 */
#ifndef SQST_CHECK_H
#define SQST_CHECK_H

#include "sqst/numbers.h"

#ifdef __cplusplus
extern "C" {
#endif

/** What is known of one release. Zero-initialise it. Nothing is owned. */
struct sqst_check_release {
	const struct sqst_numbers *numbers;
	/** Whether it has an export table. Without one, no kernel stores or decodes an origin. A
	 *  map does not say: true is the safe answer. */
	bool exports;
	/** `orphans` numbers, ascending, whose export entry is an inode that no directory names;
	 *  only images of other tools have such inodes. Counts for the new release only. */
	const uint32_t *orphan;
	size_t orphans;
	/** 0; for facts to come. */
	uint64_t reserved[4];
};

/** The answer, best first. */
enum sqst_verdict {
	/** Every origin names what it named, or is refused. */
	SQST_VERDICT_VALID,
	/** Every origin is refused: safe, but no origin survives. With index=on, the overlay does
	 *  not mount until its upper layer is made anew. */
	SQST_VERDICT_REFUSED,
	/** A number names another file, or other names of a hard link group; or the root moved, and
	 *  an overlay with index=on that keeps its other origins does not mount. */
	SQST_VERDICT_UNSAFE,
};

/** The verdict's word: "valid", "refused" or "unsafe"; "unknown" for any other number. Static
 *  text, never NULL. */
SQST_API const char *sqst_verdict_name(enum sqst_verdict verdict);

/** What became of a number; the table above has the rule. */
enum sqst_fate {
	/** It names a path that it named before. */
	SQST_FATE_KEPT,
	/** It is above every number that the old release can have used. */
	SQST_FATE_NEW,
	/** It named something, and now names nothing. */
	SQST_FATE_RETIRED,
	/** It named something, and is above the new inode count; Linux before 5.11 does not refuse
	 *  that (see sqfs-stable(7), "A/B slots"). */
	SQST_FATE_BEYOND,
	/** It named nothing although the old release had reached it, and now names something. Older
	 *  releases may have used it for something else. */
	SQST_FATE_REVIVED,
	/** It names something else. */
	SQST_FATE_CONFLICT,
};

/** How many fates there are. */
#define SQST_FATES 6

/** Consecutive numbers that share a fate, `first` and `last` included. */
struct sqst_check_span {
	uint32_t first;
	uint32_t last;
	/** An ::sqst_fate. */
	uint8_t fate;
};

/** The paths of one number, sorted as bytes. Owned by the check. */
struct sqst_check_names {
	const char *const *path;
	uint32_t count;
	/** An ::sqst_type; 0 if there is no path. */
	uint8_t type;
};

/** What a number named, and what it names. */
struct sqst_check_number {
	uint32_t number;
	/** The new release's export entry is an inode that no directory names. */
	bool orphan;
	struct sqst_check_names old_names;
	struct sqst_check_names new_names;
};

/** A path that has another type in the new release. Types are ::sqst_type. */
struct sqst_check_retyped {
	/** Owned by the check. */
	const char *path;
	uint8_t old_type;
	uint8_t new_type;
};

/** A new release compared with an old one. Allocated by the library; may grow at its end. It owns
 *  all that it points to. */
struct sqst_check {
	enum sqst_verdict verdict;
	/** Paths: with the same number and type; with the same type and another number; with
	 *  another type; in the new release only; in the old release only. */
	uint32_t kept;
	uint32_t renumbered;
	uint32_t changed_type;
	uint32_t added;
	uint32_t removed;
	/** How many numbers have each ::sqst_fate. */
	uint32_t fate[SQST_FATES];
	/** The root has another number. */
	bool root_moved;
	/** The inode count is smaller: a kernel before 5.11 may read an old number beyond the end
	 *  of the export table. */
	bool shrunk;
	/** One of the two has no export table, so conflicts do no harm. */
	bool undecodable;
	/** Both have a lineage UUID, and the two are equal; both have one, and they differ. */
	bool same_lineage;
	bool other_lineage;
	/** The new release names the old one as a parent. */
	bool child;
	/** All numbers that name a path in either release, ascending. */
	struct sqst_check_span *span;
	size_t spans;
	/** Numbers with the fates conflict, kept (with other names) and revived; ascending. */
	struct sqst_check_number *conflict;
	size_t conflicts;
	struct sqst_check_number *regrouped;
	size_t n_regrouped;
	struct sqst_check_number *revived;
	size_t n_revived;
	/** In tree order: a directory, then each child with all below it. */
	struct sqst_check_retyped *retyped;
	size_t n_retyped;
	/** Memory of the paths; opaque. */
	struct sqst_arena *arena;
};

/**
 * Compare two releases. Takes the time to sort the paths of both, and about 60 bytes of memory a
 * path besides the lists.
 * @param old_release  on the device
 * @param new_release  to come; both may be freed before the check is
 * @param out  the caller's to free with sqst_check_free(); untouched on failure
 * @return 0, SQST_ERR_NOMEM, SQST_ERR_LIMIT (more than 2^31-1 paths together)
 */
SQST_API int sqst_check_compare(const struct sqst_check_release *old_release,
				const struct sqst_check_release *new_release,
				struct sqst_check **out, struct sqst_report *why);

/** Free a check and all that it owns. NULL is allowed. */
SQST_API void sqst_check_free(struct sqst_check *check);

/* ---- path by path */

/** What became of a path. */
enum sqst_change_kind {
	/** Same type, same number. */
	SQST_CHANGE_KEPT,
	/** In the new numbering only. */
	SQST_CHANGE_NEW,
	/** In the old numbering only. */
	SQST_CHANGE_GONE,
	/** In both, with different types. */
	SQST_CHANGE_RETYPED,
	/** In both, with one type but different numbers. */
	SQST_CHANGE_RENUMBERED,
};

/** How many kinds of change there are. */
#define SQST_CHANGE_KINDS 5

/** One path. Its number and its type (an ::sqst_type) are 0 on the side that does not have it. */
struct sqst_change {
	enum sqst_change_kind kind;
	/** Valid during the call. */
	const char *path;
	uint32_t old_number;
	uint32_t new_number;
	uint8_t old_type;
	uint8_t new_type;
};

/** What differs, counted. */
struct sqst_numbers_difference {
	/** Paths, by ::sqst_change_kind. */
	uint32_t paths[SQST_CHANGE_KINDS];
	/** Numbers that the old numbering uses for a path, and the new one does not. */
	uint32_t retired;
	/** Numbers that the new numbering uses for a path, and the old one does not. */
	uint32_t given;
};

/**
 * Compare two numberings, path by path.
 * @param before  neither is changed
 * @param after   may be the same object
 * @param each    called for each path of either, in tree order (a directory, then each child with
 *                all below it); may be NULL. It may have been called before the call fails.
 * @param user    passed to each
 * @param out     filled on success, untouched on failure
 * @return 0, SQST_ERR_NOMEM, SQST_ERR_LIMIT (more than 2^31-1 paths together)
 */
SQST_API int sqst_numbers_compare(const struct sqst_numbers *before,
				  const struct sqst_numbers *after,
				  void (*each)(void *user, const struct sqst_change *change),
				  void *user, struct sqst_numbers_difference *out,
				  struct sqst_report *why);

#ifdef __cplusplus
}
#endif

#endif
