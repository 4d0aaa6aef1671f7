/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * @file pseudo.h
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
 * tree) NAME h PATH                         as l, but symbolic links are followed NAME L OTHER hard
 * link to the earlier definition of OTHER NAME D|M|B|C|F|S|I TIME …           as the small letter,
 * with a modification time NAME R TIME MODE UID GID LENGTH OFFSET [SPARSE] regular file, its
 * content inside the definition file
 *
 * MODE is octal. UID and GID are numbers or names of this system. TIME is seconds since 1970, or
 * what date(1) understands. Words with blanks are quoted with "" or escaped with a backslash. In a
 * file, a line that ends in a backslash goes on in the next, '#' starts a comment line, and the
 * line "# START OF DATA - DO NOT MODIFY", a line "#" and then bytes that R definitions point into
 * end it: what `unsquashfs -pf` writes.
 *
 * Nothing is run before sqst_pseudo_apply(): neither commands nor date(1).
 */
#ifndef SQST_PSEUDO_H
#define SQST_PSEUDO_H

#include "sqst/cancel.h"
#include "sqst/predef.h"
#include "sqst/report.h"
#include "sqst/tree.h"

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

/** How many definitions there are. */
SQST_API size_t sqst_pseudo_count(const struct sqst_pseudo *pseudo);

/** How definitions are applied. Zero-initialise for the defaults. */
struct sqst_pseudo_options {
	/** There is no source, the tree is empty: the root is as "/ d …" or else -pd says, and one
	 * of them must. With a source the root is the source's, and "/ d …" is left out. */
	bool no_source;
	/** Time of what is made by a definition without one. The caller's choice, so that the
	 * library asks no clock: SOURCE_DATE_EPOCH, or the time of the build. */
	uint32_t time;
	/** Take and add no extended attributes (x definitions are ignored). */
	bool no_xattrs;
	/** Says whether to end (with SQST_ERR_CANCELED), also while commands run. May be NULL. */
	const struct sqst_cancel *cancel;
};

/**
 * Apply the definitions, once, to a finished tree (sqst_tree_scan(), or sqst_tree_finish() was
 * called); the tree is finished again afterwards. Commands are run here, one after the other, and
 * what they write goes to an unlinked file in TMPDIR that the tree owns.
 *
 * As with mksquashfs, a definition of a name that the tree has already is left out with a warning
 * (except m and x), so is m of a name that the tree lacks, and of several definitions of a name the
 * first holds. The directory that a name is in must exist or be defined, before or after it, or
 * else -pd says what it is.
 *
 * @param options  may be NULL
 * @return 0, SQST_ERR_NOMEM, SQST_ERR_SOURCE (a command failed, a directory is missing, …),
 *         SQST_ERR_OPTION (a TIME that date(1) does not understand), SQST_ERR_IO (temporary file),
 *         SQST_ERR_LIMIT, SQST_ERR_CANCELED; the tree is then only good for sqst_tree_free()
 */
SQST_API int sqst_pseudo_apply(struct sqst_pseudo *pseudo, struct sqst_tree *tree,
			       const struct sqst_pseudo_options *options, struct sqst_report *why);

/**
 * Set the owners and modes of the definitions that sqst_pseudo_apply() applied once more
 * (-pseudo-override): to be called after sqst_tree_override(), so that the definitions win. Names
 * that the tree has no longer are passed over.
 */
SQST_API void sqst_pseudo_restore_owners(const struct sqst_pseudo *pseudo, struct sqst_tree *tree);

#endif
