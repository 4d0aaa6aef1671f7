/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * @file edit.h
 * What is done to a tree between reading it and numbering it: names left out, several sources put
 * or laid together, owners, modes, times and attributes overridden, times kept from a parent.
 *
 * The usual order: filters while the sources are read, then pseudo files, then
 * sqst_tree_override(), then sqst_tree_keep_times(). All calls here leave every directory sorted,
 * so sqst_tree_finish() need not be called again. After a failure the tree is only good to be
 * freed.
 */
#ifndef SQST_EDIT_H
#define SQST_EDIT_H

#include "sqst/cancel.h"
#include "sqst/predef.h"
#include "sqst/report.h"
#include "sqst/tree.h"

/**
 * Take a name, and if it is a directory all below it, out of the tree. An inode that has no name
 * left is no longer counted.
 * @param node  not the root (which is left alone); invalid afterwards
 */
SQST_API void sqst_tree_remove(struct sqst_tree *tree, struct sqst_node *node);

/* ---- filters */

/** How a pattern is read. */
enum sqst_filter_flag {
	/** A path: exactly this file and all below it. A path that begins with "/", "./" or "../"
	 * is one of the file system; any other is one below the source (with several sources:
	 * below any of them). As mksquashfs does, the file is found by device and inode number, so
	 * its other names (hard links) are left out too. */
	SQST_FILTER_PLAIN = 0,
	/** Each component of the path is a shell pattern (fnmatch() with FNM_PATHNAME, FNM_PERIOD
	 * and FNM_EXTMATCH: also "!(pattern)"). The path begins below the root of the image, so
	 * with several sources with the source's name. A pattern that begins with "... " holds at
	 * any depth. A leading "/", "./" or "../" is refused, as mksquashfs does. */
	SQST_FILTER_WILDCARDS = 1,
	/** As wildcards, but each component is a POSIX extended regular expression, which need
	 * match only a part of the name. */
	SQST_FILTER_REGEX = 2,
};

struct sqst_filter;

/** A filter that leaves nothing out. NULL if memory is short. */
SQST_API struct sqst_filter *sqst_filter_new(void);

/**
 * Leave out what a pattern matches.
 * @param flags  one of ::sqst_filter_flag
 * @return 0, SQST_ERR_NOMEM, SQST_ERR_OPTION (empty, a pattern that begins with a slash or
 *         dots, a regular expression that is none)
 */
SQST_API int sqst_filter_add(struct sqst_filter *filter, const char *pattern, unsigned flags,
			     struct sqst_report *why);

/**
 * Add the patterns of a file, one a line, as mksquashfs' -ef reads it: white space before a pattern
 * is dropped, empty lines and lines that begin with '#' are skipped, and one backslash before the
 * pattern is dropped (for a name that begins with white space, '#' or a backslash).
 * @return as sqst_filter_add(), with file and line; SQST_ERR_SOURCE when it cannot be read
 */
SQST_API int sqst_filter_load(struct sqst_filter *filter, const char *path, unsigned flags,
			      struct sqst_report *why);

/** How many patterns it has. */
SQST_API size_t sqst_filter_count(const struct sqst_filter *filter);

/**
 * Whether a path is left out, itself or with a directory above it. For sources that are no
 * directory of the file system: a plain pattern is compared as text.
 * @param path  below the root, "a/b/c"
 */
SQST_API bool sqst_filter_excludes(struct sqst_filter *filter, const char *path);

/** Take out of a tree what sqst_filter_excludes() says. */
SQST_API void sqst_tree_filter(struct sqst_tree *tree, struct sqst_filter *filter);

SQST_API void sqst_filter_free(struct sqst_filter *filter);

/* ---- several sources */

/** How several sources become one tree. Or-ed. */
enum sqst_sources_flag {
	/** A single directory too becomes an entry of the root (-keep-as-directory). */
	SQST_SOURCES_KEEP_DIRECTORY = 1,
	/** Keep the leading directories of each source, as tar does (-no-strip, -tarstyle). "/",
	 * "." and ".." at the beginning are stripped; where they all lead to the same directory,
	 * this is the root. */
	SQST_SOURCES_NO_STRIP = 2,
	/** As no-strip, and a directory is stored without what is in it (-cpiostyle). */
	SQST_SOURCES_NO_DESCENT = 4,
};

/**
 * Read sources as mksquashfs does. One directory: its content is the root's. One file, or several
 * sources: each becomes an entry of the root under its last path component; a name that is taken
 * gets "_1", "_2" and so on, with a warning. The root is then 0777, owned by the caller (0:0 with
 * all_root) and as old as its newest entry (mksquashfs asks the clock, which would make each image
 * another). Files that the sources share are hard links.
 *
 * @param source   paths, count of them, at least 1. A symbolic link is followed when it leads to a
 *                 single source directory, else it is stored.
 * @param flags    an or of ::sqst_sources_flag
 * @param options  may be NULL
 * @param cancel   as for sqst_tree_scan()
 * @return as sqst_tree_scan(); SQST_ERR_LIMIT with more than 255 different parent directories
 */
SQST_API int sqst_tree_scan_sources(const char *const *source, size_t count, unsigned flags,
				    const struct sqst_scan_options *options,
				    const struct sqst_cancel *cancel, struct sqst_tree **out,
				    struct sqst_report *why);

/**
 * Read a directory and lay it over a tree (--merge). A directory that both have is merged and gets
 * the upper one's owner, mode, time and attributes; any other name of the upper one replaces the
 * lower one's, whole. Whiteouts take names of the lower one away and are not stored:
 * - a character device 0:0 (overlayfs), and a file ".wh.NAME" (OCI, aufs): NAME;
 * - an empty file with the attribute trusted.overlay.whiteout or user.overlay.whiteout: its name;
 * - a directory with the attribute trusted.overlay.opaque or user.overlay.opaque = "y", or with a
 *   file ".wh..wh..opq" in it: all that the lower one has in this directory.
 * The attributes trusted.overlay.* and user.overlay.* are not stored; redirect and metacopy, which
 * point into other layers, are refused. A directory that an archive only implied (subkey 1) changes
 * nothing of a lower one.
 *
 * @param tree  what lies below; changed
 * @param path  the directory that is laid over it
 * @return as sqst_tree_scan(); SQST_ERR_LIMIT with more than 255 sources
 */
SQST_API int sqst_tree_merge(struct sqst_tree *tree, const char *path,
			     const struct sqst_scan_options *options,
			     const struct sqst_cancel *cancel, struct sqst_report *why);

/**
 * As sqst_tree_merge(), with any tree (of an archive, say, read with overlay_marks).
 * @param upper  finished; its content moves to `tree`, then it is only good to be freed, before
 *               `tree` is
 */
SQST_API int sqst_tree_lay(struct sqst_tree *tree, struct sqst_tree *upper,
			   struct sqst_report *why);

/* ---- overrides */

/** What is set regardless of the source. Or-ed into sqst_overrides.set. */
enum sqst_override {
	SQST_OVERRIDE_UID = 0x0001,       /**< every uid is `uid` (-force-uid, -all-root) */
	SQST_OVERRIDE_GID = 0x0002,       /**< every gid is `gid` (-force-gid, -all-root) */
	SQST_OVERRIDE_ROOT_UID = 0x0004,  /**< the root directory's uid (the two above win) */
	SQST_OVERRIDE_ROOT_GID = 0x0008,  /**< the root directory's gid */
	SQST_OVERRIDE_ROOT_MODE = 0x0010, /**< the root directory's mode */
	SQST_OVERRIDE_ROOT_TIME = 0x0020, /**< the root directory's time (`time` wins) */
	SQST_OVERRIDE_TIME = 0x0040,      /**< every time is `time` (-all-time, -inode-time) */
	SQST_OVERRIDE_CLAMP = 0x0080,     /**< no time is after `clamp` (SOURCE_DATE_EPOCH); what
					       `time` and `root_time` say is not clamped */
};

/** One attribute for every inode: "name=value" as taken apart by sqst_xattr_parse(). */
struct sqst_override_xattr {
	char *name;
	void *value;
	uint32_t size;
};

/** Zero-initialise it. */
struct sqst_overrides {
	/** An or of ::sqst_override. */
	uint32_t set;
	uint32_t uid;
	uint32_t gid;
	/** Added to every uid and gid, those given above too (-uid-gid-offset). */
	uint32_t id_offset;
	uint32_t root_uid;
	uint32_t root_gid;
	uint32_t root_mode;
	uint32_t root_time;
	uint32_t time;
	uint32_t clamp;
	/** -force-file-mode (all that is no directory), -force-dir-mode (wins over root_mode): as
	 * chmod(1) takes them, "0644" or "u=rwX,go=rX"; NULL: none. */
	const char *file_mode;
	const char *dir_mode;
	/** -xattrs-add: set on every inode, those of the namespace user on regular files and
	 * directories only (xattr(7)), in place of one of the same name. */
	const struct sqst_override_xattr *xattr;
	size_t xattrs;
};

/**
 * Set owners, modes, times and attributes.
 * @return 0, SQST_ERR_NOMEM, SQST_ERR_OPTION (a mode that is none, an unknown namespace),
 *         SQST_ERR_LIMIT (an offset makes an id overflow)
 */
SQST_API int sqst_tree_override(struct sqst_tree *tree, const struct sqst_overrides *overrides,
				struct sqst_report *why);

/**
 * Apply a mode as chmod(1) takes it (octal, or symbolic clauses with u g o a + - = r w x X s t and
 * copies as g=u), without a umask.
 * @param mode       07777 before and after
 * @param directory  for X
 * @return 0, SQST_ERR_OPTION
 */
SQST_API int sqst_mode_apply(const char *text, bool directory, uint16_t *mode,
			     struct sqst_report *why);

/**
 * Take "name=value" apart. A value that begins with 0x is hexadecimal, 0s base64, 0t text with
 * \ooo escapes (backslash and three octal digits; \\ a backslash); any other is taken as it is.
 * @param out  name and value are the caller's to free() on success
 * @return 0, SQST_ERR_NOMEM, SQST_ERR_OPTION
 */
SQST_API int sqst_xattr_parse(const char *text, struct sqst_override_xattr *out,
			      struct sqst_report *why);

/* ---- times from a parent */

/** How sqst_tree_keep_times() compares. Or-ed. */
enum sqst_keep_flag {
	/** A file whose data is damaged in the parent is another: a warning, and no error. */
	SQST_KEEP_DAMAGED_DIFFER = 1,
};

/** What sqst_tree_keep_times() did. */
struct sqst_keep_stats {
	/** Inodes whose time was another and is the parent's now. */
	uint32_t kept;
	/** Regular files that were read in both trees to compare them. */
	uint32_t compared;
	uint64_t bytes;
};

/**
 * Give paths their time in a parent (--prev-mtime=keep): a path whose type, mode, owner, attributes
 * and content (link target, device number) equal the parent's gets the parent's time. Of a
 * directory the content is the set of names in it. Of a hard link group every name must agree.
 * So a build system that touches every file makes the same image.
 *
 * @param parent  a tree with contents, of the parent image
 * @param flags   an or of ::sqst_keep_flag
 * @param cancel  may be NULL
 * @param stats   may be NULL
 * @return 0, SQST_ERR_NOMEM, SQST_ERR_SOURCE, SQST_ERR_CHANGED, SQST_ERR_PARENT, SQST_ERR_CANCELED
 */
SQST_API int sqst_tree_keep_times(struct sqst_tree *tree, const struct sqst_tree *parent,
				  unsigned flags, const struct sqst_cancel *cancel,
				  struct sqst_keep_stats *stats, struct sqst_report *why);

/**
 * Set security.selinux of every inode from a file_contexts file (libselinux), as setfiles would for
 * a root file system that is mounted at "/". A path that no line fits keeps what it has; a hard
 * link group gets the label of its first path in tree order. libselinux' log callback is taken over
 * while the call lasts, so it must not run beside other users of libselinux in the process.
 * @return 0, SQST_ERR_NOMEM, SQST_ERR_SOURCE (no such file, not readable as one), SQST_ERR_OPTION
 *         (the library was built without libselinux)
 */
SQST_API int sqst_tree_label(struct sqst_tree *tree, const char *file_contexts,
			     struct sqst_report *why);

#endif
