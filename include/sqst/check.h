/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * @file check.h
 * Is a new release safe on a device that runs an old one? Pure: numbers in, a judgement out.
 *
 * What a device keeps of the old image are the origins in its overlayfs upper layer: file handles,
 * each a number that a path of the old image had. The new image is safe if each of these numbers
 * names the same path and type there (the origin is valid), or nothing (the kernel refuses it, and
 * overlayfs treats the file as one of unknown origin). A number that names something else is a
 * conflict. See "Is it safe" in sqfs-stable-check(1).
 *
 * Hard links: a number stands for a set of paths. It is kept if old and new set have a path in
 * common, with one type; if they are not equal, the number is listed as regrouped, which is unsafe
 * with some overlay options whatever came or went (see "Hard links" in sqfs-stable(7)). Without a
 * common path it is a conflict.
 */
#ifndef SQST_CHECK_H
#define SQST_CHECK_H

#include "sqst/numbers.h"

/** What is known of one release. Nothing is owned. */
struct sqst_check_release {
	const struct sqst_numbers *numbers;
	/** Whether it has an export table. Without one no kernel stores or decodes an origin. A map
	 *  does not say: true is the safe answer. */
	bool exports;
	/** Numbers whose export entry is an inode that no directory names, ascending; only images
	 *  of other tools have such. */
	const uint32_t *orphan;
	size_t orphans;
};

/** The answer, best first. */
enum sqst_verdict {
	/** Every origin names what it named, or is refused. */
	SQST_VERDICT_VALID,
	/** Every origin is refused: safe, but none is kept. With index=on, the overlay does not
	 *  mount until its upper layer is made anew. */
	SQST_VERDICT_REFUSED,
	/** A number names another file or other names of a hard link group, or an overlay with
	 *  index=on that keeps its other origins does not mount. */
	SQST_VERDICT_UNSAFE,
};

/** The verdict's word: "valid", "refused", "unsafe". */
SQST_API const char *sqst_verdict_name(enum sqst_verdict verdict);

/** What became of a number. */
enum sqst_fate {
	/** It names a path that it named before. */
	SQST_FATE_KEPT,
	/** It is above all that the old release can have used. */
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
#define SQST_FATES 6

/** Numbers that follow one another and share a fate. */
struct sqst_check_span {
	uint32_t first;
	uint32_t last;
	/** An ::sqst_fate. */
	uint8_t fate;
};

/** The paths of one number, sorted as bytes: "" for the root, else "a/b". Owned by the check. */
struct sqst_check_names {
	const char *const *path;
	uint32_t count;
	/** An ::sqst_type; 0 if there is none (no path, or an inode that no directory names). */
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

/** A path that both have, with two types. */
struct sqst_check_retyped {
	const char *path;
	uint8_t old_type;
	uint8_t new_type;
};

/** A new release against an old one. */
struct sqst_check {
	enum sqst_verdict verdict;
	/** Paths with the number and type that they had; with their type but another number; with
	 *  another type; of the new release only; of the old one only. */
	uint32_t kept;
	uint32_t renumbered;
	uint32_t changed_type;
	uint32_t added;
	uint32_t removed;
	/** Numbers by what became of them. */
	uint32_t fate[SQST_FATES];
	/** The root has another number. */
	bool root_moved;
	/** The inode count is smaller: what is between could be read beyond the table. */
	bool shrunk;
	/** One of the two has no export table, so conflicts do no harm. */
	bool undecodable;
	/** Both have a UUID, and it is the same; both have one, and it is another. */
	bool same_lineage;
	bool other_lineage;
	/** The new release names the old one as a parent. */
	bool child;
	/** All live numbers, ascending. */
	struct sqst_check_span *span;
	size_t spans;
	/** By number, ascending. */
	struct sqst_check_number *conflict;
	size_t conflicts;
	struct sqst_check_number *regrouped;
	size_t n_regrouped;
	struct sqst_check_number *revived;
	size_t n_revived;
	/** In tree order. */
	struct sqst_check_retyped *retyped;
	size_t n_retyped;
	/** What the lists live in; opaque. */
	struct sqst_arena *arena;
};

/**
 * Compare. Time is that of sorting the paths of both, memory 60 bytes a path and the lists.
 * @param old_release  on the device
 * @param new_release  to come; both may be freed before the check is
 * @param out  the caller's to free with sqst_check_free(); untouched on failure
 * @return 0, SQST_ERR_NOMEM, SQST_ERR_LIMIT (more than 2^31-1 paths together)
 */
SQST_API int sqst_check_compare(const struct sqst_check_release *old_release,
				const struct sqst_check_release *new_release,
				struct sqst_check **out, struct sqst_report *why);

/** Free it. NULL is allowed. */
SQST_API void sqst_check_free(struct sqst_check *check);

/* ---- path by path */

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

#endif
