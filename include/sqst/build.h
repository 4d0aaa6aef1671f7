/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * @file build.h
 * The main job in one call: parents and sources become an image with stable inode numbers.
 *
 * numbers.h has the table of what becomes of a number, source.h that of the order in which options
 * act on a file. When an output may be replaced, with FORCE for SQST_BUILD_FORCE:
 *
 *     What stands at the path         Image              Map, report
 *     ------------------------------  -----------------  --------------------------------------
 *     nothing                         made               made
 *     an empty regular file           FORCE              replaced
 *     one of the same kind            FORCE              replaced
 *     a squashfs image                FORCE              refused
 *     another regular file            FORCE              FORCE
 *     a block device                  FORCE: written to  refused
 *     standard output, a FIFO or
 *       another character device      refused            written to
 *     a directory, a dangling link    refused            refused
 *     another output of this build    refused            refused
 *     a parent image                  as above           refused
 *     a parent map                    refused            map: as above; report: refused
 *     a source                        as above           refused
 *
 * A symbolic link is followed. A replaced file keeps owner, mode and extended attributes as far as
 * the system permits.
 *
 * Thread rule: that of report.h. Several builds may run at the same time if they write different
 * outputs and share neither a filter nor a list of pseudo definitions. A build starts threads of
 * its own, with all signals blocked, and ends them before it returns. With file_contexts, nothing
 * else in the process may use libselinux meanwhile, whose log callback is set.
 *
 * Not promised: see report.h. The same inputs give the same bytes with the same version of this
 * library and of its compressors, whatever the number of threads; a parent image's data is an input
 * too. Another version may give other bytes, with the same numbers. Which data is taken over from a
 * parent, and where it stands, may change with every version. Nor is there a promise for a source
 * that changes while it is read, beyond what SQST_ERR_CHANGED reports.
 */
#ifndef SQST_BUILD_H
#define SQST_BUILD_H

#include "sqst/codec.h"
#include "sqst/numbers.h"
#include "sqst/source.h"

#ifdef __cplusplus
extern "C" {
#endif

struct sqst_build_result;

/** How an image is built. Or-ed into sqst_build_options.flags. */
enum sqst_build_flag {
	SQST_BUILD_RAW_INODES = 0x0001,    /**< inode and directory tables are not compressed */
	SQST_BUILD_RAW_DATA = 0x0002,      /**< data blocks are not compressed */
	SQST_BUILD_RAW_FRAGMENTS = 0x0004, /**< fragment blocks are not compressed */
	SQST_BUILD_RAW_XATTRS = 0x0008,   /**< the table of extended attributes is not compressed */
	SQST_BUILD_RAW_IDS = 0x0010,      /**< the id table is not compressed */
	SQST_BUILD_NO_FRAGMENTS = 0x0020, /**< no file tail is stored in a fragment block */
	SQST_BUILD_TAILENDS = 0x0040,     /**< tails of files larger than a block are, too */
	SQST_BUILD_NO_DUPLICATES = 0x0080, /**< equal files are stored as often as they occur */
	SQST_BUILD_NO_SPARSE = 0x0100,     /**< blocks of zeros are stored like others */
	SQST_BUILD_NO_PAD = 0x0200,        /**< the image is not padded to 4 KiB */
	SQST_BUILD_NEW_LINEAGE = 0x0400,   /**< R9: every number is above the parents' tops */
	SQST_BUILD_FORCE = 0x0800,      /**< existing outputs are replaced; see the table above */
	SQST_BUILD_MKFS_TIME = 0x1000,  /**< mkfs_time is set */
	SQST_BUILD_KEEP_LINKS = 0x2000, /**< hard link groups that changed keep their numbers */
	SQST_BUILD_MERGE = 0x4000,      /**< sources are laid over one another, in order */
	SQST_BUILD_KEEP_TIMES = 0x8000, /**< what equals the newest parent image keeps its time */
	SQST_BUILD_PSEUDO_OVERRIDE = 0x10000, /**< owners of pseudo files survive overrides */
	SQST_BUILD_KEEP_AS_DIRECTORY =
	    0x20000,                     /**< a single directory becomes an entry of the root */
	SQST_BUILD_NO_STRIP = 0x40000,   /**< entries keep the path by which the source was given */
	SQST_BUILD_NO_DESCENT = 0x80000, /**< directories among the sources are stored empty */
	/* layout: begin */
	SQST_BUILD_NO_HARDLINKS =
	    0x100000, /**< each name gets an inode, and so a number, of its own */
	SQST_BUILD_NO_EXPORTS = 0x200000, /**< no export table; with parents, UNSTABLE is needed */
	SQST_BUILD_FILL_TABLE = 0x400000, /**< an unreferenced inode for each retired number */
	SQST_BUILD_UNSTABLE = 0x800000,   /**< NO_EXPORTS is allowed with parents */
	/* layout: end */
	SQST_BUILD_NO_REUSE = 0x1000000, /**< no data is taken over from a parent image */
	SQST_BUILD_RELAYOUT =
	    0x2000000, /**< data that is taken over is laid out as in a first image */
	SQST_BUILD_PREV_REBUILD =
	    0x4000000, /**< files whose data is damaged in the parent are built anew */
	SQST_BUILD_IN_PLACE = 0x20000000, /**< existing outputs are overwritten, not replaced */
	SQST_BUILD_PURGE = 0x40000000, /**< no byte of a removed file is taken over from a parent */
	/** All of them; other bits are refused. */
	SQST_BUILD_FLAGS_ALL = 0x67FFFFFF,
};

/** The default of sqst_build_options.max_slack, and its largest value; percent. */
#define SQST_SLACK_DEFAULT 5
#define SQST_SLACK_MAX     1000

/** The largest sqst_build_options.align: 64 MiB. */
#define SQST_ALIGN_MAX UINT32_C(0x4000000)

/** What a source is. */
enum sqst_source_kind {
	/** A directory; an archive, an mtree specification or an image, which the first bytes of
	 *  the file tell; "-" is an archive on standard input. */
	SQST_SOURCE_AUTO,
	/** A directory, or any other file, which is stored as it is. */
	SQST_SOURCE_FILES,
	/** tar, cpio or zip, in any compression that libarchive reads; "-" is standard input. */
	SQST_SOURCE_ARCHIVE,
	/** An mtree specification; contents= names the files' contents. */
	SQST_SOURCE_MTREE,
	/** A squashfs image. */
	SQST_SOURCE_IMAGE,
};

/** One source of a build. Nothing is owned. */
struct sqst_source {
	const char *path;
	enum sqst_source_kind kind;
};

/** The file of a parent. Nothing is owned. */
struct sqst_parent_file {
	const char *path;
	/** A map (map.h) rather than an image; or, if `path` is a URL, a registry (map.h). */
	bool is_map;
};

/** How far a build is, for a progress bar: bytes of the sources' regular files. */
struct sqst_progress {
	uint64_t bytes;
	uint64_t bytes_total;
};

/** A path of the new image. */
struct sqst_built_path {
	/** Valid during the call. */
	const char *path;
	enum sqst_type type;
	/** Its inode number, from 1. */
	uint32_t number;
	/** Bytes of a regular file, 0 for other types. */
	uint64_t size;
};

/** The layout of struct sqst_build_options that this header describes. */
#define SQST_BUILD_OPTIONS_VERSION 1

/** What to build. Fill with sqst_build_options_init(), then set what differs. Nothing is owned: all
 *  that it points to must stay valid until sqst_build() returns. */
struct sqst_build_options {
	/** ::SQST_BUILD_OPTIONS_VERSION, set by sqst_build_options_init(). Any other is refused. */
	uint32_t version;
	/** What goes in. A single directory, archive or image is the tree. Several sources, or a
	 *  single file, become entries of the root, unless ::SQST_BUILD_MERGE lays them over one
	 *  another. Without any, the pseudo definitions make the tree. */
	const struct sqst_source *source;
	size_t sources;
	/** The image to make. May be a parent's or a source's path, with ::SQST_BUILD_FORCE. */
	const char *output;
	/** Where to write the map, or NULL. Image, map and report appear together, or none does. */
	const char *map_output;
	/** Where to write a report of the build, or NULL. */
	const char *report_output;
	/** Makes the text of the report when all but the last step is done. *text is allocated with
	 *  malloc(); sqst_build() frees it. Returns 0 or an ::sqst_error, which fails the build.
	 *  NULL: no report is written. */
	int (*report)(void *user, const struct sqst_build_result *result, char **text, size_t *size,
		      struct sqst_report *why);
	/** Parents, oldest first, at most ::SQST_PARENTS_MAX. */
	const struct sqst_parent_file *parent;
	size_t parents;
	/** An or of ::sqst_build_flag. Any other bit is refused. */
	uint32_t flags;
	/** Compressor, its settings, and the block size of the image. */
	struct sqst_codec_config codec;
	/** Threads that compress; 0: one for each processor. The image does not depend on it. */
	unsigned jobs;
	/** With ::SQST_BUILD_MKFS_TIME: the superblock's time, in seconds since 1970. Otherwise it
	 *  is the newest time in the tree. */
	uint32_t mkfs_time;
	/** Lineage UUID. NULL: the parents', or else one that is made from the numbering. All zero
	 *  is refused. */
	const uint8_t *uuid;
	/** Label, UTF-8 of 1 to ::SQST_LABEL_MAX bytes; NULL: none. It is not inherited: a map has
	 *  no label, and a parent's image and map must give the same image. */
	const char *label;
	/** A file_contexts file that gives SELinux labels, as setfiles(8) would, or NULL. */
	const char *file_contexts;
	/** How directories are read; sqst_build() sets its leave_out. */
	struct sqst_scan_options scan;
	/** For sources other than directories; sqst_build() sets its `scan`, `beside` and `cancel`.
	 */
	struct sqst_archive_options archive;
	/** Pseudo file definitions; may be NULL. */
	struct sqst_pseudo *pseudo;
	/** What replaces owners, modes, times and attributes; may be NULL. */
	const struct sqst_overrides *overrides;
	/* layout: begin */
	/** Sort files, as mksquashfs reads them with -sort, one after the other; a later line wins.
	 *  They order the data of files, never their numbers. */
	const char *const *sort_file;
	size_t sort_files;
	/** Bytes in front of the image in the output: zeros in a file, left alone on a block
	 *  device. 0: none. */
	uint64_t offset;
	/** The first block of each file, and each fragment block, starts at a multiple of this many
	 *  bytes, counted from the start of the image. A power of two up to ::SQST_ALIGN_MAX; 0 or
	 *  1: anywhere. */
	uint32_t align;
	/** Bytes that the image may have, padding included; 0: any number. If it has more, the
	 * build fails, and the largest additions are reported through the report's warn(). */
	uint64_t max_size;
	/** With a parent image: by how many percent the data may be longer than that of an image
	 *  without it before data of the parent is moved together. At most ::SQST_SLACK_MAX. */
	uint32_t max_slack;
	/* layout: end */
	/** How many levels of directories below the root are kept; 0: all. */
	uint32_t max_depth;
	/** Called for each path of the numbered tree, in tree order (a directory, then each child
	 * with all below it), before anything is written, and with NULL after the last. May
	 * be NULL. */
	void (*each_path)(void *user, const struct sqst_built_path *path);
	/** Called from time to time while data is written. May be NULL. */
	void (*progress)(void *user, const struct sqst_progress *progress);
	/** Passed to each_path, progress and report. */
	void *user;
	/** Ends the build early, for a signal say: SQST_ERR_CANCELED. May be NULL. */
	const struct sqst_cancel *cancel;
	/** 0; for options to come. */
	uint64_t reserved[16];
};

/** What became of the data of the parent image: the newest parent that is not a map. Bytes are
 *  those of compressed data unless a field says otherwise. All 0 if nothing was taken over. */
struct sqst_reuse_stats {
	/** Bytes taken over from the parent: at the same offset, and at another one. */
	uint64_t in_place;
	uint64_t moved;
	/** Bytes that were compressed anew. */
	uint64_t made;
	/** Zeros between data, and bytes of fragment blocks that belong to no file. */
	uint64_t gaps;
	uint64_t dead;
	/** Uncompressed bytes of removed files in fragment blocks that were kept; 0 with
	 *  ::SQST_BUILD_PURGE. */
	uint64_t removed;
	/** Data blocks of the parent that were found equal, and fragment blocks that were kept. */
	uint64_t blocks;
	uint32_t fragments;
	/** Why nothing, or not all that is equal, was taken over; NULL if all was or if there is no
	 *  parent image. Static text, for people. */
	const char *reason;
};

/** What was built. Nothing needs to be freed. */
struct sqst_build_result {
	struct sqst_numbering numbering;
	struct sqst_lineage lineage;
	/** Bytes of the image, padding included. */
	uint64_t image_bytes;
	/** Bytes of regular files before compression, each hard link group once. */
	uint64_t source_bytes;
	/** Bytes of data and fragment blocks in the image. */
	uint64_t data_bytes;
	/** Bytes of all tables in the image. */
	uint64_t table_bytes;
	/** Regular files whose content another file has already, and the bytes of these files. */
	uint64_t duplicate_files;
	uint64_t duplicate_bytes;
	/** How many there are of each; hard links are one inode and several names. */
	uint32_t names;
	uint32_t inodes;
	uint32_t directories;
	uint32_t fragments;
	struct sqst_reuse_stats reuse;
	/** 0; for figures to come. */
	uint64_t reserved[16];
};

/** Fill in the defaults: gzip, blocks of 128 KiB, ::SQST_SLACK_DEFAULT, no flags, and 0 or NULL for
 *  everything else. Every field is set, whatever it held. */
SQST_API void sqst_build_options_init(struct sqst_build_options *options);

/**
 * Build an image.
 *
 * On failure every file is as it was: outputs are made beside their targets and renamed at the end,
 * and if a rename fails, those before it are undone. A block device, and with
 * ::SQST_BUILD_IN_PLACE a file, is overwritten once the whole image is made and known to fit; if
 * that copy fails, the message says that the output is no longer as it was. Numbers that a registry
 * has given stay given.
 *
 * @param result  filled on success, undefined on failure; may be NULL
 * @return 0 or
 *         - SQST_ERR_OPTION: options contradict each other, are out of range or are not in this
 *           build of the library; an output is also an input
 *         - SQST_ERR_EXISTS: an output exists and may not be replaced
 *         - SQST_ERR_PARENT: a parent is unreadable, damaged, or contradicts another
 *         - SQST_ERR_SOURCE: a source, sort file, pseudo file or file_contexts file is missing,
 *           unreadable or damaged
 *         - SQST_ERR_CHANGED: a source, parent image or locked map changed during the build
 *         - SQST_ERR_LIMIT: the format or max_size has no room
 *         - SQST_ERR_IO: an output cannot be written, a thread not started, a registry not updated
 *         - SQST_ERR_NOMEM
 *         - SQST_ERR_CANCELED
 */
SQST_API int sqst_build(const struct sqst_build_options *options, struct sqst_build_result *result,
			struct sqst_report *why);

#ifdef __cplusplus
}
#endif

#endif
