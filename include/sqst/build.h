/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * @file build.h
 * The main job in one call: parents and a source become an image with stable numbers.
 */
#ifndef SQST_BUILD_H
#define SQST_BUILD_H

#include "sqst/codec.h"
#include "sqst/numbers.h"
#include "sqst/source.h"

struct sqst_build_result;
struct sqst_overrides;
struct sqst_pseudo;

/** What is left out of, or not done to, an image. Or-ed into sqst_build_options.flags. */
enum sqst_build_flag {
	SQST_BUILD_RAW_INODES = 0x0001,    /**< inode and directory tables are not compressed */
	SQST_BUILD_RAW_DATA = 0x0002,      /**< data blocks are not compressed */
	SQST_BUILD_RAW_FRAGMENTS = 0x0004, /**< fragment blocks are not compressed */
	SQST_BUILD_RAW_XATTRS = 0x0008,    /**< the xattr table is not compressed */
	SQST_BUILD_RAW_IDS = 0x0010,       /**< the id table is not compressed */
	SQST_BUILD_NO_FRAGMENTS = 0x0020,  /**< no tail goes into a fragment block */
	SQST_BUILD_TAILENDS = 0x0040,      /**< tails of files above a block go there too */
	SQST_BUILD_NO_DUPLICATES = 0x0080, /**< equal files are stored as often as they occur */
	SQST_BUILD_NO_SPARSE = 0x0100,     /**< blocks of zeros are stored like others */
	SQST_BUILD_NO_PAD = 0x0200,        /**< the image is not padded to 4 KiB */
	SQST_BUILD_NEW_LINEAGE = 0x0400,   /**< R9: every number above the parents' tops */
	SQST_BUILD_FORCE = 0x0800,         /**< an existing output file is replaced */
	SQST_BUILD_MKFS_TIME = 0x1000,     /**< mkfs_time is set */
	SQST_BUILD_KEEP_LINKS = 0x2000,    /**< hard link groups that changed keep numbers */
	SQST_BUILD_MERGE = 0x4000,         /**< the sources are laid over one another, in order */
	SQST_BUILD_KEEP_TIMES = 0x8000, /**< what equals the newest parent image keeps its time */
	SQST_BUILD_PSEUDO_OVERRIDE = 0x10000,   /**< owners of pseudo files win over overrides */
	SQST_BUILD_KEEP_AS_DIRECTORY = 0x20000, /**< one directory is an entry of the root too */
	SQST_BUILD_NO_STRIP = 0x40000, /**< entries keep the path that the source was given by */
	SQST_BUILD_NO_DESCENT =
	    0x80000, /**< directories among the sources without what is in them */
	/* layout: begin */
	SQST_BUILD_NO_HARDLINKS =
	    0x100000,                     /**< each name gets an inode, and a number, of its own */
	SQST_BUILD_NO_EXPORTS = 0x200000, /**< no export table; refused with parents, see below */
	SQST_BUILD_FILL_TABLE = 0x400000, /**< an unreferenced inode for each retired number */
	SQST_BUILD_UNSTABLE = 0x800000,   /**< NO_EXPORTS goes with parents all the same */
	/* layout: end */
	SQST_BUILD_NO_REUSE = 0x1000000, /**< no data of a parent image is taken over */
	SQST_BUILD_RELAYOUT =
	    0x2000000, /**< data that is taken over is laid out as that of a first image */
	SQST_BUILD_PREV_REBUILD =
	    0x4000000, /**< files whose data is damaged in the parent are built anew */
	SQST_BUILD_IN_PLACE = 0x20000000, /**< outputs that exist are written over, not replaced */
	SQST_BUILD_PURGE = 0x40000000, /**< no byte of a removed file is taken over from a parent */
	SQST_BUILD_FLAGS_ALL = 0x67FFFFFF,
};

/** The default of sqst_build_options.max_slack, and its largest value. */
#define SQST_SLACK_DEFAULT 5
#define SQST_SLACK_MAX     1000

/** The largest sqst_build_options.align. */
#define SQST_ALIGN_MAX UINT32_C(0x4000000)

/** What a source is. */
enum sqst_source_kind {
	/** A directory; a file is an archive, an image or an mtree specification by its first
	 * bytes;
	 *  "-" is an archive on standard input. */
	SQST_SOURCE_AUTO,
	/** A directory, or any other file, stored as what it is. */
	SQST_SOURCE_FILES,
	/** tar, cpio, zip, in any compression; "-" is standard input. */
	SQST_SOURCE_ARCHIVE,
	/** An mtree specification with contents=. */
	SQST_SOURCE_MTREE,
	/** A squashfs image. */
	SQST_SOURCE_IMAGE,
};

/** One source of a build. */
struct sqst_source {
	const char *path;
	enum sqst_source_kind kind;
};

/** A parent's file. */
struct sqst_parent_file {
	const char *path;
	/** A map (map.h) rather than an image; or, if it is a URL, a registry (registry.h). */
	bool is_map;
};

/** How far a build is, for a progress bar. Bytes are those of the source's regular files. */
struct sqst_progress {
	uint64_t bytes;
	uint64_t bytes_total;
};

/** A path of the new image. */
struct sqst_built_path {
	/** Below the root, "" for the root. Valid during the call. */
	const char *path;
	enum sqst_type type;
	/** Its inode number. */
	uint32_t number;
	/** Bytes of a regular file. */
	uint64_t size;
};

/** The layout of struct sqst_build_options that this header describes. */
#define SQST_BUILD_OPTIONS_VERSION 1

/** What to build. Fill with sqst_build_options_init(), then set what differs. */
struct sqst_build_options {
	/** ::SQST_BUILD_OPTIONS_VERSION, set by sqst_build_options_init(); others are refused. */
	uint32_t version;
	/** What goes in. One directory, archive or image is the tree; of several sources, or one
	 *  file, each becomes an entry of the root, unless ::SQST_BUILD_MERGE lays them over one
	 *  another. None: the pseudo definitions make the tree. */
	const struct sqst_source *source;
	size_t sources;
	/** The image to make. May be the path of a parent (with SQST_BUILD_FORCE). */
	const char *output;
	/** Where to write the map, or NULL. Image, map and report appear together, or none does;
	 *  output.h has the rule for what may be replaced. */
	const char *map_output;
	/** Where to write a report of the build, or NULL. */
	const char *report_output;
	/** Makes the text of the report, when all but the last step is done: *text is allocated
	 * with malloc(), and freed by sqst_build(). 0 or an ::sqst_error. */
	int (*report)(void *user, const struct sqst_build_result *result, char **text, size_t *size,
		      struct sqst_report *why);
	/** Parents, oldest first. */
	const struct sqst_parent_file *parent;
	size_t parents;
	/** An or of ::sqst_build_flag. Unknown bits are refused. */
	uint32_t flags;
	/** Compressor, its settings, and the block size of the image. */
	struct sqst_codec_config codec;
	/** Threads that compress; 0: one a processor. The image does not depend on it. */
	unsigned jobs;
	/** With SQST_BUILD_MKFS_TIME: the superblock's time. Else the newest time in the tree. */
	uint32_t mkfs_time;
	/** Lineage UUID, or NULL: the parents', else one made from the numbering. */
	const uint8_t *uuid;
	/** Label, UTF-8 of 1 to ::SQST_LABEL_MAX bytes; NULL: none. It is not taken over from a
	 *  parent: a map has none, and image and map as parent give the same image. */
	const char *label;
	/** A file_contexts file that gives SELinux labels (sqst_tree_label()), or NULL. */
	const char *file_contexts;
	struct sqst_scan_options scan;
	/** For a source that is no directory; `scan` and `cancel` in it are set by sqst_build(). */
	struct sqst_archive_options archive;
	/** Pseudo file definitions (pseudo.h), applied to the tree; may be NULL. */
	struct sqst_pseudo *pseudo;
	/** What replaces owners, modes, times and attributes (edit.h), after that; may be NULL. */
	const struct sqst_overrides *overrides;
	/* layout: begin */
	/** Sort files (sort.h), read one after the other; a later line wins. They order the data of
	 *  files, never their numbers. */
	const char *const *sort_file;
	size_t sort_files;
	/** Bytes in front of the image in the output: zeros in a file, left as they are on a block
	 *  device. 0: none. */
	uint64_t offset;
	/** Each file's first block, and each fragment block, starts at a multiple of this, counted
	 *  from the start of the image. A power of two up to ::SQST_ALIGN_MAX; 0 or 1: anywhere. */
	uint32_t align;
	/** The image, padding included, may have this many bytes; 0: any number. If it has more,
	 *  nothing is replaced, and the largest additions are told through the report's warn(). */
	uint64_t max_size;
	/** With a parent image: by how many percent the data may be longer than that of an image
	 *  without it, before data of the parent is moved together. */
	uint32_t max_slack;
	/* layout: end */
	/** Levels of directories below the root that are kept; 0: all. */
	uint32_t max_depth;
	/** Called for each path of the numbered tree, in tree order (a directory, then each child
	 * with all below it), before anything is written, and with NULL behind the last. May
	 * be NULL. */
	void (*each_path)(void *user, const struct sqst_built_path *path);
	/** Called from time to time on the calling thread. May be NULL. */
	void (*progress)(void *user, const struct sqst_progress *progress);
	/** Handed to each_path, progress and report. */
	void *user;
	/** Says whether the build is to end (a signal came, say). May be NULL. */
	const struct sqst_cancel *cancel;
	/** 0; for options to come. */
	uint64_t reserved[16];
};

/** What became of the data of the parent image (the newest that is no map). All bytes are those of
 *  compressed data, all 0 if nothing was taken over. */
struct sqst_reuse_stats {
	/** Bytes of the parent that stand where they stood, and at another place. */
	uint64_t in_place;
	uint64_t moved;
	/** Bytes that were made anew. */
	uint64_t made;
	/** Zeros between data, and bytes of fragment blocks that no file has. */
	uint64_t gaps;
	uint64_t dead;
	/** Bytes, as they were before compression, of files that are not in the image, in fragment
	 *  blocks that were kept; 0 with SQST_BUILD_PURGE. */
	uint64_t removed;
	/** Data blocks of the parent that were found equal, and fragment blocks that were kept. */
	uint64_t blocks;
	uint32_t fragments;
	/** Why nothing, or not all that is equal, was taken over; NULL if all was, or if there is
	 * no parent image. Static text. */
	const char *reason;
};

/** What was built. */
struct sqst_build_result {
	struct sqst_numbering numbering;
	struct sqst_lineage lineage;
	/** Bytes of the image, padding included. */
	uint64_t image_bytes;
	/** Bytes of regular files, each hard link group once. */
	uint64_t source_bytes;
	/** Bytes of blocks and fragments in the image. */
	uint64_t data_bytes;
	/** Bytes of all tables in the image. */
	uint64_t table_bytes;
	/** Regular files whose content another file has already, and its bytes. */
	uint64_t duplicate_files;
	uint64_t duplicate_bytes;
	uint32_t names;
	uint32_t inodes;
	uint32_t directories;
	uint32_t fragments;
	struct sqst_reuse_stats reuse;
	/** 0; for figures to come. */
	uint64_t reserved[16];
};

/** gzip, 128 KiB blocks, no flags. */
SQST_API void sqst_build_options_init(struct sqst_build_options *options);

/**
 * Build an image. On failure every file is as it was: outputs are made beside their targets and
 * renamed at the end, and a rename is taken back if another fails. A block device, and with
 * SQST_BUILD_IN_PLACE a file, is written over when all of the image is made and has room; if that
 * copy fails, the message says that it is no longer as it was.
 *
 * @param result  filled on success; may be NULL
 * @return 0 or any ::sqst_error
 */
SQST_API int sqst_build(const struct sqst_build_options *options, struct sqst_build_result *result,
			struct sqst_report *why);

#endif
