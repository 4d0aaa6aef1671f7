/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The sources of a build become one tree. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/scope.h"
#include "build/build.h"
#include "sqst/edit.h"

SQST_DEFINE_SCOPE(tree, struct sqst_tree, sqst_tree_free)

static enum sqst_source_kind kind_of(const struct sqst_source *source)
{
	struct stat st;

	if (source->kind != SQST_SOURCE_AUTO)
		return source->kind;
	if (strcmp(source->path, "-") == 0)
		return SQST_SOURCE_ARCHIVE;
	/* A path that is not there is for the scan to tell of. */
	if (stat(source->path, &st) != 0 || S_ISDIR(st.st_mode))
		return SQST_SOURCE_FILES;
	switch (sqst_archive_probe(source->path)) {
	case SQST_ARCHIVE_ARCHIVE:
		return SQST_SOURCE_ARCHIVE;
	case SQST_ARCHIVE_MTREE:
		return SQST_SOURCE_MTREE;
	case SQST_ARCHIVE_IMAGE:
		return SQST_SOURCE_IMAGE;
	case SQST_ARCHIVE_NONE:
		break;
	}
	return SQST_SOURCE_AUTO;
}

/* Directories and files, all of them together. */
static int read_files(const struct sqst_build_options *options,
		      const struct sqst_scan_options *scan, struct sqst_tree **out,
		      struct sqst_report *why)
{
	const unsigned flags =
	    (options->flags & SQST_BUILD_KEEP_AS_DIRECTORY ? SQST_SOURCES_KEEP_DIRECTORY : 0u) |
	    (options->flags & SQST_BUILD_NO_STRIP ? SQST_SOURCES_NO_STRIP : 0u) |
	    (options->flags & SQST_BUILD_NO_DESCENT ? SQST_SOURCES_NO_DESCENT : 0u);
	SQST_AUTO_FREE const char **path = calloc(options->sources, sizeof(*path));

	if (!path)
		return sqst_fail(why, SQST_ERR_NOMEM, NULL, "out of memory");
	for (size_t i = 0; i < options->sources; i++)
		path[i] = options->source[i].path;
	return sqst_tree_scan_sources(path, options->sources, flags, scan, options->cancel, out,
				      why);
}

/* A source that is a tree by itself. */
static int read_one(const struct sqst_build_options *options, const struct sqst_scan_options *scan,
		    const char *path, enum sqst_source_kind kind, struct sqst_tree **out,
		    struct sqst_report *why)
{
	struct sqst_archive_options archive = options->archive;

	archive.scan = scan;
	archive.beside = options->output;
	archive.cancel = options->cancel;
	switch (kind) {
	case SQST_SOURCE_ARCHIVE:
		return sqst_tree_read_archive(path, &archive, out, why);
	case SQST_SOURCE_MTREE:
		return sqst_tree_read_mtree(path, &archive, out, why);
	case SQST_SOURCE_IMAGE:
		return sqst_tree_read_image(path, &archive, out, why);
	case SQST_SOURCE_FILES:
	case SQST_SOURCE_AUTO:
		break;
	}
	return sqst_fail(why, SQST_ERR_SOURCE, path,
			 "neither a directory nor an archive, an mtree specification or a squashfs "
			 "image (--sources files stores it as a file)");
}

/* Laid over one another. The lowest one is laid over nothing, since it may have marks as well. */
static int read_layers(const struct sqst_build_options *options, struct sqst_scan_options *scan,
		       struct sqst_tree **out, struct sqst_report *why)
{
	SQST_CLEANUP(sqst_scope_tree) struct sqst_tree *tree = sqst_tree_new();
	int rc = 0;

	if (!tree)
		return sqst_fail(why, SQST_ERR_NOMEM, NULL, "out of memory");
	sqst_tree_root(tree)->inode->subkey = 1;
	scan->overlay_marks = true;
	for (size_t i = 0; rc == 0 && i < options->sources; i++) {
		SQST_CLEANUP(sqst_scope_tree) struct sqst_tree *layer = NULL;
		const char *path = options->source[i].path;
		const enum sqst_source_kind kind = kind_of(&options->source[i]);

		if (kind == SQST_SOURCE_FILES)
			rc = sqst_tree_scan(path, scan, options->cancel, &layer, why);
		else
			rc = read_one(options, scan, path, kind, &layer, why);
		if (rc == 0)
			rc = sqst_tree_lay(tree, layer, why);
	}
	if (rc == 0)
		*out = sqst_steal(&tree);
	return rc;
}

static int read_any(const struct sqst_build_options *options, struct sqst_tree **out,
		    struct sqst_report *why)
{
	const unsigned places =
	    SQST_BUILD_KEEP_AS_DIRECTORY | SQST_BUILD_NO_STRIP | SQST_BUILD_NO_DESCENT;
	struct sqst_scan_options scan = options->scan;

	if ((options->flags & SQST_BUILD_MERGE) && (options->flags & places))
		return sqst_fail(why, SQST_ERR_OPTION, NULL,
				 "with --merge each source becomes the root; -keep-as-directory, "
				 "-no-strip, -tarstyle and -cpiostyle do not go with it");
	/* With several sources an archive is a file among others. */
	if (options->sources == 1 && !(options->flags & SQST_BUILD_MERGE)) {
		enum sqst_source_kind kind = kind_of(&options->source[0]);

		/* A name to be kept with its directories is one of a file. */
		if (kind == SQST_SOURCE_AUTO && (options->flags & places))
			kind = SQST_SOURCE_FILES;
		if (kind != SQST_SOURCE_FILES)
			return read_one(options, &options->scan, options->source[0].path, kind, out,
					why);
	}
	scan.leave_out = options->output;
	if (options->flags & SQST_BUILD_MERGE)
		return read_layers(options, &scan, out, why);
	for (size_t i = 0; i < options->sources; i++) {
		if (options->source[i].kind > SQST_SOURCE_FILES)
			return sqst_fail(why, SQST_ERR_OPTION, options->source[i].path,
					 "an archive, mtree specification or image must be the "
					 "only source");
	}
	return read_files(options, &scan, out, why);
}

int sqst_sources_read(const struct sqst_build_options *options, struct sqst_tree **out,
		      struct sqst_report *why)
{
	if (options->sources > 0)
		return read_any(options, out, why);
	*out = sqst_tree_new();
	return *out ? 0 : sqst_fail(why, SQST_ERR_NOMEM, NULL, "out of memory");
}
