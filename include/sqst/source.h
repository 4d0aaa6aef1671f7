/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * @file source.h
 * What goes into an image, and what is done to it on the way: how directories and archives are
 * read, names that are left out, pseudo files, owners, modes, times and attributes that are
 * overridden. build.h has what takes all of it.
 */
#ifndef SQST_SOURCE_H
#define SQST_SOURCE_H

#include "sqst/report.h"

/** File types, with the values of the format's basic inode types. */
enum sqst_type {
	SQST_TYPE_DIR = 1,
	SQST_TYPE_FILE = 2,
	SQST_TYPE_SYMLINK = 3,
	SQST_TYPE_BLOCK = 4,
	SQST_TYPE_CHAR = 5,
	SQST_TYPE_FIFO = 6,
	SQST_TYPE_SOCKET = 7,
};

/** The largest inode number that a kernel handles (it keeps it in a signed int). */
#define SQST_NUMBER_MAX UINT32_C(0x7FFFFFFF)

/** The longest name, in bytes (NAME_MAX of Linux). */
#define SQST_NAME_MAX 255

/* ---- names that are left out */

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

SQST_API void sqst_filter_free(struct sqst_filter *filter);

/* ---- how sources are read */

/** Files that a scan can leave out. */
#define SQST_LEAVE_OUT_MAX 3

/** How a directory is read. Zero-initialise for the defaults. */
struct sqst_scan_options {
	/** Take no extended attributes. */
	bool no_xattrs;
	/** Everything belongs to uid 0 and gid 0. */
	bool all_root;
	/** Files to leave out, with a warning, where they are met: the outputs, when they lie
	 * inside the source. Each may be NULL, and need not exist. */
	const char *leave_out[SQST_LEAVE_OUT_MAX];
	/** Names to leave out, or NULL. It notes which of its patterns fit: for one build
	 * at a time. */
	struct sqst_filter *filter;
	/** Do not go into directories of another file system than the source's; they are stored
	 * empty (-one-file-system). */
	bool one_file_system;
	/** Leave out such directories themselves and files of other file systems
	 * (-one-file-system-x). */
	bool one_file_system_x;
	/** A file that is met again is stored again (-no-hardlinks). */
	bool no_hardlinks;
	/** POSIX extended regular expressions over attribute names with their namespace: only
	 * those that `include` matches are taken, of these none that `exclude` matches. NULL: all,
	 * none. */
	const char *xattrs_include;
	const char *xattrs_exclude;
	/** Take overlayfs' attributes even so, of a tree for sqst_tree_lay(). */
	bool overlay_marks;
};

/** What a file is, by its first bytes. */
enum sqst_archive_kind {
	/** None of those below. */
	SQST_ARCHIVE_NONE = 0,
	/** tar, cpio or zip, or what may be one in a compression. */
	SQST_ARCHIVE_ARCHIVE = 1,
	/** An mtree specification, with its "#mtree" line. */
	SQST_ARCHIVE_MTREE = 2,
	/** A squashfs image. */
	SQST_ARCHIVE_IMAGE = 3,
};

/** How such a source is read. Zero-initialise for the defaults. */
struct sqst_archive_options {
	/** Which of the scan's options hold here: no_xattrs, all_root, filter, no_hardlinks,
	 * xattrs_include, xattrs_exclude; the others are about file systems. May be NULL. */
	const struct sqst_scan_options *scan;
	/** --root-becomes: a directory of the source, "a/b", that becomes the root; what is not
	 * below it is left out. A leading or trailing '/' or "./" is ignored. NULL or "": none. */
	const char *root;
	/** Mode and owner of directories that the source implies ("a/b" without an entry "a"), the
	 * root among them. Their time is that of the newest thing in them, since a clock would make
	 * each image another. */
	bool default_mode_set;
	uint16_t default_mode; /**< else 0755 */
	uint32_t default_uid;
	uint32_t default_gid;
	/** Go on behind an end of archive, for archives that were put together with cat
	 * (sqfstar -ignore-zeros). */
	bool ignore_zeros;
	/** An archive of no bytes at all is an empty tree, with a warning, as for sqfstar; else it
	 * is refused, since most often a program failed before it wrote anything. */
	bool allow_empty;
	/** The file beside which contents are kept, if they must be: the image that is to be made.
	 * NULL, or where there is no room: in $TMPDIR, else /var/tmp. */
	const char *beside;
	/** Polled now and then; SQST_ERR_CANCELED when it becomes true. May be NULL. */
	const struct sqst_cancel *cancel;
};

/**
 * Look at a file's first bytes. A compressed file counts as an archive.
 * @param kind  SQST_ARCHIVE_NONE also for what is no regular file or block device
 * @return 0, or the error of what cannot be opened or read: SQST_ERR_SOURCE, SQST_ERR_NOMEM,
 *         SQST_ERR_IO
 */
SQST_API int sqst_archive_probe(const char *path, enum sqst_archive_kind *kind,
				struct sqst_report *why);

/* ---- pseudo files */

/* clang-format off */
/*
 * Pseudo-file definitions, as mksquashfs reads them with -p and -pf: files that no source has, so
 * that device nodes and owners need no root. A definition is one line, a name (from the root of the
 * image, leading slashes are of no account), a letter and what belongs to it:
 *
 *     NAME d MODE UID GID                 directory
 *     NAME m MODE UID GID                 change mode and owner of what is there
 *     NAME b|c MODE UID GID MAJOR MINOR   block or character device
 *     NAME f MODE UID GID COMMAND         regular file: what `/bin/sh -c COMMAND` writes
 *     NAME s MODE UID GID TARGET          symbolic link (always 0777)
 *     NAME i MODE UID GID s|f             socket or FIFO
 *     NAME x XATTR=VALUE                  add an extended attribute (0x hex, 0s base64, 0t octal
 *                                         escapes, else as it stands)
 *     NAME l PATH                         the file PATH of this system (hard link if it is in the
 *                                         tree)
 *     NAME h PATH                         as l, but symbolic links are followed
 *     NAME L OTHER                        hard link to the earlier definition of OTHER
 *     NAME D|M|B|C|F|S|I TIME …           as the small letter, with a modification time
 *     NAME R TIME MODE UID GID LENGTH OFFSET [SPARSE]
 *                                         regular file, its content inside the definition file
 *
 * MODE is octal. UID and GID are numbers or names of this system. TIME is seconds since 1970, or
 * what date(1) understands. Words with blanks are quoted with "" or escaped with a backslash. In a
 * file, a line that ends in a backslash goes on in the next, '#' starts a comment line, and the
 * line "# START OF DATA - DO NOT MODIFY", a line "#" and then bytes that R definitions point into
 * end it: what `unsquashfs -pf` writes.
 *
 * Nothing is run before sqst_pseudo_apply(): neither commands nor date(1).
 */
/* clang-format on */

/** A list of definitions. */
struct sqst_pseudo;

/** An empty list, to be freed with sqst_pseudo_free(). NULL if memory is short. */
SQST_API struct sqst_pseudo *sqst_pseudo_new(void);

/** Free a list. NULL is allowed. A tree that it was applied to does not need it any more. */
SQST_API void sqst_pseudo_free(struct sqst_pseudo *pseudo);

/**
 * Add one definition (-p).
 * @return 0, SQST_ERR_NOMEM, SQST_ERR_OPTION (not a definition; the message says what is wrong)
 */
SQST_API int sqst_pseudo_add(struct sqst_pseudo *pseudo, const char *definition,
			     struct sqst_report *why);

/**
 * Add all definitions of a file (-pf).
 * @param path  "-" for standard input
 * @return 0, SQST_ERR_NOMEM, SQST_ERR_SOURCE (unreadable, or a line is not a definition; the
 *         message names file and line)
 */
SQST_API int sqst_pseudo_load(struct sqst_pseudo *pseudo, const char *path,
			      struct sqst_report *why);

/**
 * What directories on the way to a definition are, where none is defined (-pd): "d MODE UID GID"
 * or "D TIME MODE UID GID". Without it such a directory is an error.
 * @return 0, SQST_ERR_OPTION
 */
SQST_API int sqst_pseudo_default_directory(struct sqst_pseudo *pseudo, const char *definition,
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

#endif
