/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sources that are no directory: archives, mtree specifications, squashfs images.
 *
 * Each call gives a finished tree (sorted, with contents), the same that sqst_tree_scan() gives for
 * the directory that the source was made from: so both give the same image. */
#ifndef LIB_SOURCE_READ_SOURCE_H
#define LIB_SOURCE_READ_SOURCE_H

#include "tree/node.h"

/** Whether this build of the library can read archives (libarchive). */
bool sqst_archive_supported(void);

/**
 * Read a tar, cpio or zip archive, in any compression that libarchive reads.
 *
 * Owners are the numeric ones. Attributes come from pax headers (SCHILY.xattr., LIBARCHIVE.xattr.,
 * RHT.security.selinux); of global ones these, mtime, uid and gid are used. cpio archives that
 * stand one after the other are all read, whatever compression each is in. A format that cannot
 * have extended attributes or more of a tree is warned of. A leading "/" or "./" of a path means
 * nothing, and ".." in one is refused. Of two entries with one path the last wins; a directory that
 * comes again keeps what is in it. An entry below a name that is no directory is refused. A hard
 * link may come in any form that libarchive knows, and its target must come before it. Names are
 * bytes, except in zip, where libarchive makes UTF-8 of them (composed, NFC).
 *
 * Contents stay in the archive if it is a regular file and not compressed; it must then stay as it
 * is until the tree is freed. Else they are kept, compressed by lz4, in an unlinked file beside
 * options->beside or in $TMPDIR (else /var/tmp) as long as the tree.
 *
 * @param path     a file, or "-" for standard input, which is read to its end
 * @param options  may be NULL
 * @param out      the caller's to free with sqst_tree_free(); untouched on failure
 * @return 0, SQST_ERR_NOMEM, SQST_ERR_SOURCE (unreadable, damaged, cut short, what cannot be
 *         stored), SQST_ERR_IO (the spool file), SQST_ERR_OPTION (built without libarchive),
 *         SQST_ERR_CANCELED
 */
int sqst_tree_read_archive(const char *path, const struct sqst_archive_options *options,
			   struct sqst_tree **out, struct sqst_report *why);

/**
 * Read an mtree specification, as of mtree(5) or bsdtar --format=mtree. Keywords: type, mode, uid,
 * gid, time, link, device, contents, size, optional, ignore, and /set, /unset; a name with a '/' is
 * a path from the root, one without is in the directory that the lines before went to, ".." leaves
 * it. Other keywords are skipped; so hard links become files of their own.
 *
 * The content of a file is that of the file that `contents` names (followed, if it is a symbolic
 * link), else that of the file of its own path; both are taken from the working directory, unless
 * absolute, as bsdtar and makefs do. What a line does not say is taken from that file, too, or if
 * there is none: mode 0755 or 0644, owner 0, time 0. A name without a type, and without a file to
 * take it from, is refused, and so is an owner that is given by name only. Names that the
 * specification does not have are not read.
 *
 * @param path  a file, or "-" for standard input
 * @return as sqst_tree_read_archive(); messages name the line
 */
int sqst_tree_read_mtree(const char *path, const struct sqst_archive_options *options,
			 struct sqst_tree **out, struct sqst_report *why);

/**
 * Read an image of any builder: names, owners, modes, times, attributes, hard links and contents,
 * but not the numbers. Contents are read from the image when they are asked for, so it must stay
 * as it is until the tree is freed; that they can be unpacked is seen only then.
 *
 * @return 0, SQST_ERR_NOMEM, SQST_ERR_SOURCE (damaged, or a compressor that is not in this build),
 *         SQST_ERR_CANCELED
 */
int sqst_tree_read_image(const char *path, const struct sqst_archive_options *options,
			 struct sqst_tree **out, struct sqst_report *why);

#endif
