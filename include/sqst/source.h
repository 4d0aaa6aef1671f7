/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * @file source.h
 * What goes into an image, and what is done to it on the way: how directories and archives are
 * read, names that are left out, pseudo files, and overrides of owners, modes, times and extended
 * attributes. sqst_build() (build.h) takes all of it.
 *
 * The order in which they act on a path, each on the result of the one before:
 *
 *     Step                     What it does
 *     -----------------------  -----------------------------------------------------------------
 *     scan options, filter     decide which files of a source are read, and which attributes
 *     all_root, default_mode   owners as they are read; directories that an archive only implies
 *     max_depth (build.h)      cuts off what is deeper
 *     pseudo definitions       add files, or change their owner, mode, time and attributes
 *     overrides                set, offset or clamp owners, modes, times and attributes
 *     file_contexts (build.h)  SELinux labels
 *     SQST_BUILD_KEEP_TIMES    the time of files that equal the parent's
 *
 * Thread rule: that of report.h. A filter and a list of pseudo definitions change while a build
 * uses them, so each serves one build at a time.
 *
 * Not promised: see report.h. Patterns and regular expressions are those of the system's C library;
 * they are matched in the C locale, whatever the locale of the process.
 */
#ifndef SQST_SOURCE_H
#define SQST_SOURCE_H

#include "sqst/report.h"

#ifdef __cplusplus
extern "C" {
#endif

/** File types, with the values of the basic inode types in an image (fs/squashfs/squashfs_fs.h of
 *  Linux). */
enum sqst_type {
	SQST_TYPE_DIR = 1,
	SQST_TYPE_FILE = 2,
	SQST_TYPE_SYMLINK = 3,
	SQST_TYPE_BLOCK = 4,
	SQST_TYPE_CHAR = 5,
	SQST_TYPE_FIFO = 6,
	SQST_TYPE_SOCKET = 7,
};

/** The largest inode number that a kernel handles: it keeps the number in a signed int. */
#define SQST_NUMBER_MAX UINT32_C(0x7FFFFFFF)

/** The longest name, in bytes (NAME_MAX of Linux). */
#define SQST_NAME_MAX 255

/* ---- names that are left out */

/** How a pattern is read. */
enum sqst_filter_flag {
	/** A path: this very file and all below it. A path that begins with "/", "./" or "../" is
	 *  one of this system; any other is one below the source (with several sources: below any
	 *  of them). As in mksquashfs, the file is found by device and inode number, so its other
	 *  names (hard links) are left out too. */
	SQST_FILTER_PLAIN = 0,
	/** Each component of the path is a shell pattern: fnmatch() with FNM_PATHNAME, FNM_PERIOD
	 *  and FNM_EXTMATCH, so "!(pattern)" too. The path begins below the root of the image; with
	 *  several sources its first component is the source's name. A pattern that begins with
	 *  "... " matches at any depth. A leading "/", "./" or "../" is refused, as in mksquashfs.
	 */
	SQST_FILTER_WILDCARDS = 1,
	/** As wildcards, but each component is a POSIX extended regular expression, which need
	 *  match only a part of the name. */
	SQST_FILTER_REGEX = 2,
};

/** Names to leave out; opaque. */
struct sqst_filter;

/** A filter that leaves nothing out, the caller's to free with sqst_filter_free(). NULL if out of
 *  memory. */
SQST_API struct sqst_filter *sqst_filter_new(void);

/**
 * Leave out what a pattern matches.
 * @param pattern  copied
 * @param flags    one of ::sqst_filter_flag
 * @return 0, SQST_ERR_NOMEM, SQST_ERR_OPTION (unknown flags; the pattern is empty, begins with a
 *         slash or dots where that is refused, or is not a regular expression). On failure the
 *         filter is as it was.
 */
SQST_API int sqst_filter_add(struct sqst_filter *filter, const char *pattern, unsigned flags,
			     struct sqst_report *why);

/**
 * Add the patterns of a file, one a line, as mksquashfs reads the file of -ef: white space before a
 * pattern is ignored, empty lines and lines that begin with '#' are skipped, and one backslash
 * before a pattern is removed (for a name that begins with white space, '#' or a backslash).
 * @return as sqst_filter_add(), with file and line, or SQST_ERR_SOURCE (the file cannot be read).
 *         On failure the patterns of earlier lines stay in the filter.
 */
SQST_API int sqst_filter_load(struct sqst_filter *filter, const char *path, unsigned flags,
			      struct sqst_report *why);

/** Free a filter. NULL is allowed. No build may be using it. */
SQST_API void sqst_filter_free(struct sqst_filter *filter);

/* ---- how sources are read */

/** How many files sqst_scan_options.leave_out names at most. */
#define SQST_LEAVE_OUT_MAX 3

/** How a directory is read. Zero-initialise it for the defaults. Nothing is owned. */
struct sqst_scan_options {
	/** Read no extended attributes. */
	bool no_xattrs;
	/** Every file belongs to uid 0 and gid 0. */
	bool all_root;
	/** Files to leave out, with a warning, where the scan meets them: the outputs, if they are
	 *  inside the source. Each may be NULL, and need not exist. */
	const char *leave_out[SQST_LEAVE_OUT_MAX];
	/** Names to leave out, or NULL. The build notes in it which patterns matched. */
	struct sqst_filter *filter;
	/** Do not enter directories of another file system than the source's; they are stored
	 *  empty (-one-file-system). */
	bool one_file_system;
	/** Leave out such directories, and files of other file systems (-one-file-system-x). */
	bool one_file_system_x;
	/** Store each name of a hard link group as a file of its own (-no-hardlinks). */
	bool no_hardlinks;
	/** POSIX extended regular expressions that are matched against attribute names, namespace
	 *  included: an attribute is read if `include` matches its name and `exclude` does not.
	 *  NULL: `include` matches all, `exclude` none. */
	const char *xattrs_include;
	const char *xattrs_exclude;
	/** Also read the attributes of overlayfs, for a tree that is laid over another.
	 *  sqst_build() sets this itself with SQST_BUILD_MERGE. */
	bool overlay_marks;
	/** 0; for options to come. */
	uint64_t reserved[4];
};

/** What a file is by its first bytes. */
enum sqst_archive_kind {
	/** None of the following. */
	SQST_ARCHIVE_NONE = 0,
	/** tar, cpio or zip, or a compressed file, which may be one of these. */
	SQST_ARCHIVE_ARCHIVE = 1,
	/** An mtree specification that begins with "#mtree". */
	SQST_ARCHIVE_MTREE = 2,
	/** A squashfs image. */
	SQST_ARCHIVE_IMAGE = 3,
};

/** How an archive, an mtree specification or an image is read. Zero-initialise it for the defaults.
 *  Nothing is owned. */
struct sqst_archive_options {
	/** May be NULL. Of the scan's options, these apply: no_xattrs, all_root, filter,
	 *  no_hardlinks, xattrs_include and xattrs_exclude; the others are about file systems. */
	const struct sqst_scan_options *scan;
	/** --root-becomes: a directory of the source, "a/b", that becomes the root; what is not
	 *  below it is left out. A leading or trailing "/" or "./" is ignored. NULL or "": none. */
	const char *root;
	/** Mode and owner of directories, the root among them, that the source only implies: "a/b"
	 *  without an entry for "a". Their time is that of the newest file in them, so that the
	 *  image does not depend on a clock. */
	bool default_mode_set;
	uint16_t default_mode; /**< 07777; 0755 unless default_mode_set */
	uint32_t default_uid;
	uint32_t default_gid;
	/** Read on after an end of archive, for archives that were joined with cat
	 *  (sqfstar -ignore-zeros). */
	bool ignore_zeros;
	/** Take an archive of no bytes for an empty tree, with a warning, as sqfstar does.
	 *  Otherwise it is refused, since most often the program that writes it has failed. */
	bool allow_empty;
	/** The file beside which contents are kept if they must be: the output image. NULL, or if
	 *  there is no room: in $TMPDIR, or else in /var/tmp. */
	const char *beside;
	/** Ends the call early, with SQST_ERR_CANCELED. May be NULL. */
	const struct sqst_cancel *cancel;
	/** 0; for options to come. */
	uint64_t reserved[4];
};

/**
 * Look at the first bytes of a file. A compressed file counts as an archive.
 * @param kind  SQST_ARCHIVE_NONE also for anything but a regular file or a block device; undefined
 *              on failure
 * @return 0, SQST_ERR_SOURCE (cannot be opened or read), SQST_ERR_IO (the system is short of
 *         descriptors), SQST_ERR_NOMEM
 */
SQST_API int sqst_archive_probe(const char *path, enum sqst_archive_kind *kind,
				struct sqst_report *why);

/* ---- pseudo files */

/* clang-format off */
/*
 * Pseudo file definitions, as mksquashfs reads them with -p and -pf, add files that no source has,
 * so that device nodes and owners do not need root. A definition is one line: a name (from the root
 * of the image; leading slashes are ignored), a letter and its arguments:
 *
 *     NAME d MODE UID GID                 directory
 *     NAME m MODE UID GID                 change mode and owner of an existing file
 *     NAME b|c MODE UID GID MAJOR MINOR   block or character device
 *     NAME f MODE UID GID COMMAND         regular file: what `/bin/sh -c COMMAND` writes
 *     NAME s MODE UID GID TARGET          symbolic link (mode always 0777)
 *     NAME i MODE UID GID s|f             socket or FIFO
 *     NAME x XATTR=VALUE                  add an extended attribute (0x hex, 0s base64, 0t octal
 *                                         escapes, anything else as it stands)
 *     NAME l PATH                         the file PATH of this system (a hard link if the tree has
 *                                         it already)
 *     NAME h PATH                         as l, but symbolic links are followed
 *     NAME L OTHER                        hard link to the earlier definition of OTHER
 *     NAME D|M|B|C|F|S|I TIME …           as the small letter, with a modification time
 *     NAME R TIME MODE UID GID LENGTH OFFSET [SPARSE]
 *                                         regular file with its content in the definition file
 *
 * MODE is octal. UID and GID are numbers or names of this system. TIME is seconds since 1970, or
 * anything that date(1) understands. Words with blanks are quoted with "" or escaped with a
 * backslash. In a file, a line that ends in a backslash continues in the next, and '#' starts a
 * comment line. The line "# START OF DATA - DO NOT MODIFY" and a line "#" end the definitions; the
 * bytes after them are those that R definitions refer to, as `unsquashfs -pf` writes them.
 *
 * No command and no date(1) runs before the build applies the definitions. Commands run with the
 * rights of the process.
 */
/* clang-format on */

/** A list of definitions; opaque. */
struct sqst_pseudo;

/** An empty list, the caller's to free with sqst_pseudo_free(). NULL if out of memory. */
SQST_API struct sqst_pseudo *sqst_pseudo_new(void);

/** Free a list. NULL is allowed. No build may be using it. */
SQST_API void sqst_pseudo_free(struct sqst_pseudo *pseudo);

/**
 * Add one definition (-p).
 * @param definition  copied
 * @return 0, SQST_ERR_NOMEM, SQST_ERR_OPTION (not a definition; the message says what is wrong)
 */
SQST_API int sqst_pseudo_add(struct sqst_pseudo *pseudo, const char *definition,
			     struct sqst_report *why);

/**
 * Add all definitions of a file (-pf).
 * @param path  "-" for standard input
 * @return 0, SQST_ERR_NOMEM, SQST_ERR_IO (the system is short of room or descriptors),
 *         SQST_ERR_SOURCE (unreadable, or a line is not a definition; the message names file and
 *         line)
 */
SQST_API int sqst_pseudo_load(struct sqst_pseudo *pseudo, const char *path,
			      struct sqst_report *why);

/**
 * Say how directories are made on the way to a definition if nothing else defines them (-pd). If it
 * is not called, a missing directory is an error of the build.
 * @param definition  "d MODE UID GID" or "D TIME MODE UID GID"
 * @return 0, SQST_ERR_NOMEM, SQST_ERR_OPTION (not such a definition)
 */
SQST_API int sqst_pseudo_default_directory(struct sqst_pseudo *pseudo, const char *definition,
					   struct sqst_report *why);

/* ---- overrides */

/** What is set whatever the source has. Or-ed into sqst_overrides.set. */
enum sqst_override {
	SQST_OVERRIDE_UID = 0x0001,       /**< every uid is `uid` (-force-uid, -all-root) */
	SQST_OVERRIDE_GID = 0x0002,       /**< every gid is `gid` (-force-gid, -all-root) */
	SQST_OVERRIDE_ROOT_UID = 0x0004,  /**< the root directory's uid, unless UID is set */
	SQST_OVERRIDE_ROOT_GID = 0x0008,  /**< the root directory's gid, unless GID is set */
	SQST_OVERRIDE_ROOT_MODE = 0x0010, /**< the root directory's mode, unless dir_mode is set */
	SQST_OVERRIDE_ROOT_TIME = 0x0020, /**< the root directory's time, unless TIME is set */
	SQST_OVERRIDE_TIME = 0x0040,      /**< every time is `time` (-all-time, -inode-time) */
	SQST_OVERRIDE_CLAMP = 0x0080,     /**< no time is after `clamp` (SOURCE_DATE_EPOCH), except
					       `time` and `root_time` */
};

/** One extended attribute; sqst_xattr_parse() makes one from "name=value". */
struct sqst_override_xattr {
	/** With its namespace, NUL-terminated. */
	char *name;
	/** `size` bytes. */
	void *value;
	uint32_t size;
};

/** What replaces owners, modes, times and attributes. Zero-initialise it for none. Nothing is
 *  owned. */
struct sqst_overrides {
	/** An or of ::sqst_override. */
	uint32_t set;
	uint32_t uid;
	uint32_t gid;
	/** Added to every uid and gid, those set here too (-uid-gid-offset). */
	uint32_t id_offset;
	uint32_t root_uid;
	uint32_t root_gid;
	/** 07777. */
	uint32_t root_mode;
	/** Times are seconds since 1970. */
	uint32_t root_time;
	uint32_t time;
	uint32_t clamp;
	/** Modes of everything but directories (-force-file-mode) and of directories
	 *  (-force-dir-mode, which overrides root_mode), as sqst_mode_apply() takes them: "0644" or
	 *  "u=rwX,go=rX"; NULL: none. */
	const char *file_mode;
	const char *dir_mode;
	/** `xattrs` attributes that every inode gets, in place of one of the same name
	 *  (-xattrs-add); those of the namespace user on regular files and directories only
	 *  (xattr(7)). */
	const struct sqst_override_xattr *xattr;
	size_t xattrs;
	/** 0; for options to come. */
	uint64_t reserved[4];
};

/**
 * Apply a mode as chmod(1) takes it: octal, or symbolic clauses with u g o a + - = r w x X s t and
 * copies such as g=u. The umask has no effect.
 * @param directory  whether the mode is that of a directory, for X
 * @param mode       07777, before and after; unchanged on failure
 * @return 0, SQST_ERR_OPTION (not a mode)
 */
SQST_API int sqst_mode_apply(const char *text, bool directory, uint16_t *mode,
			     struct sqst_report *why);

/**
 * Split "name=value". A value that begins with 0x is hexadecimal, 0s base64, and 0t text with \ooo
 * escapes (a backslash and three octal digits; \\ is a backslash); any other is taken as it is.
 * @param out  name and value are the caller's to free() on success; untouched on failure
 * @return 0, SQST_ERR_NOMEM, SQST_ERR_OPTION (no '=', an unknown namespace, a value that does not
 *         decode, a name or a value that is too long)
 */
SQST_API int sqst_xattr_parse(const char *text, struct sqst_override_xattr *out,
			      struct sqst_report *why);

#ifdef __cplusplus
}
#endif

#endif
