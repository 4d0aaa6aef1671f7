/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The sources of a build become one tree. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/report.h"
#include "base/scope.h"
#include "edit/edit.h"
#include "pipeline/pipeline.h"
#include "source/read_source.h"
#include "tree/filter.h"
#include "tree/sources.h"

SQST_DEFINE_SCOPE(tree, struct sqst_tree, sqst_tree_free)

static int probe_source(const char *path, enum sqst_source_kind *kind, struct sqst_report *why)
{
	enum sqst_archive_kind found;
	const int rc = sqst_archive_probe(path, &found, why);

	*kind = SQST_SOURCE_AUTO;
	if (rc < 0)
		return rc;
	switch (found) {
	case SQST_ARCHIVE_ARCHIVE:
		*kind = SQST_SOURCE_ARCHIVE;
		break;
	case SQST_ARCHIVE_MTREE:
		*kind = SQST_SOURCE_MTREE;
		break;
	case SQST_ARCHIVE_IMAGE:
		*kind = SQST_SOURCE_IMAGE;
		break;
	case SQST_ARCHIVE_NONE:
		break;
	}
	return 0;
}

/* SQST_SOURCE_AUTO remains for what is none of them. */
static int source_kind(const struct sqst_source *source, enum sqst_source_kind *kind,
		       struct sqst_report *why)
{
	struct stat st;

	*kind = source->kind;
	if (*kind != SQST_SOURCE_AUTO)
		return 0;
	if (strcmp(source->path, "-") == 0) {
		*kind = SQST_SOURCE_ARCHIVE;
		return 0;
	}
	if (stat(source->path, &st) != 0) {
		const int number = errno;
		/* It may be IMAGE@OFFSET. */
		const int rc = number == ENOENT ? probe_source(source->path, kind, why) : 0;

		if (rc < 0 || *kind == SQST_SOURCE_IMAGE)
			return rc;
		return sqst_fail_errno(why, SQST_ERR_SOURCE, number, source->path,
				       "cannot read the source");
	}
	if (!S_ISDIR(st.st_mode))
		return probe_source(source->path, kind, why);
	*kind = SQST_SOURCE_FILES;
	return 0;
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
		return sqst_no_memory(why, NULL);
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
			 "is not a directory, an archive, an mtree specification or a squashfs "
			 "image (--sources files stores it as a file)");
}

/* Laid over one another. The lowest one is laid over nothing, since it may have marks as well. */
static int read_layers(const struct sqst_build_options *options, struct sqst_scan_options *scan,
		       struct sqst_tree **out, struct sqst_report *why)
{
	SQST_CLEANUP(sqst_scope_tree) struct sqst_tree *tree = sqst_tree_new();
	int rc = 0;

	if (!tree)
		return sqst_no_memory(why, NULL);
	sqst_tree_root(tree)->inode->subkey = 1;
	scan->overlay_marks = true;
	for (size_t i = 0; rc == 0 && i < options->sources; i++) {
		SQST_CLEANUP(sqst_scope_tree) struct sqst_tree *layer = NULL;
		const char *path = options->source[i].path;
		enum sqst_source_kind kind;

		rc = source_kind(&options->source[i], &kind, why);
		if (rc < 0)
			break;
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
		enum sqst_source_kind kind;
		const int rc = source_kind(&options->source[0], &kind, why);

		if (rc < 0)
			return rc;
		/* A name to be kept with its directories is one of a file. */
		if (kind == SQST_SOURCE_AUTO && (options->flags & places))
			kind = SQST_SOURCE_FILES;
		if (kind != SQST_SOURCE_FILES)
			return read_one(options, &options->scan, options->source[0].path, kind, out,
					why);
	}
	scan.leave_out[0] = options->output;
	scan.leave_out[1] = options->map_output;
	scan.leave_out[2] = options->report_output;
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
	struct sqst_filter *filter = options->scan.filter;

	if (options->sources > 0) {
		int rc;

		if (filter)
			sqst_filter_begin(filter);
		rc = read_any(options, out, why);
		if (rc == 0 && filter)
			sqst_filter_end(filter, why);
		return rc;
	}
	*out = sqst_tree_new();
	return *out ? 0 : sqst_no_memory(why, NULL);
}
