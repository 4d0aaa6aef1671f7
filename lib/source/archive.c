/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Archives, through libarchive: one entry after the other onto the stage, contents into the store.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cancel.h"
#include "base/scope.h"
#include "source/archive_format.h"
#include "source/input.h"
#include "source/pax.h"
#include "source/pax_xattr.h"
#include "source/plain_archive.h"
#include "source/stage.h"
#include "source/store.h"
#include "tree/kind.h"

struct archive_reader {
	struct archive *archive;
	struct archive_entry *entry;
	/* The entry's path as it stands in the archive. */
	const char *path;
	struct sqst_input input;
	struct sqst_plain plain;
	struct sqst_pax pax;
	struct sqst_store *store;
	struct sqst_stage stage;
	uint64_t acls;
	/* Of the first entry. */
	int format;
	struct sqst_report *why;
};

static int fail_archive(const struct archive_reader *reader, const char *path)
{
	const char *text = archive_error_string(reader->archive);

	if (reader->plain.no_memory || archive_errno(reader->archive) == ENOMEM)
		return sqst_stage_nomem(&reader->stage);
	if (reader->input.error)
		return sqst_input_fail(&reader->input, reader->input.error,
				       "cannot read the archive");
	return sqst_fail(reader->why, SQST_ERR_SOURCE, reader->input.name,
			 "%s%sthe archive is damaged or has an unknown format: %s",
			 path ? path : "", path ? ": " : "", text ? text : "unknown error");
}

static int canceled(const struct archive_reader *reader)
{
	return sqst_canceled(reader->stage.options->cancel, reader->why);
}

/* ---- contents */

static bool is_kind(const struct archive_reader *reader, int kind)
{
	return (archive_format(reader->archive) & ARCHIVE_FORMAT_BASE_MASK) == kind;
}

/* Of tar and cpio, an entry without a map of holes is one piece of the archive. */
static bool is_one_piece(const struct archive_reader *reader)
{
	return (is_kind(reader, ARCHIVE_FORMAT_TAR) || is_kind(reader, ARCHIVE_FORMAT_CPIO)) &&
	       archive_entry_size_is_set(reader->entry) &&
	       archive_entry_sparse_reset(reader->entry) == 0;
}

/* A block of the entry's data. *all: it and all after it are stored. */
static int store_block(struct archive_reader *reader, const void *data, size_t length,
		       uint64_t offset, uint64_t size, bool *all)
{
	uint64_t at;

	if (is_kind(reader, ARCHIVE_FORMAT_ZIP) || !sqst_plain_find(&reader->plain, data, &at))
		return sqst_store_copy(reader->store, offset, data, length, reader->why);
	*all = offset + length <= size && is_one_piece(reader);
	return sqst_store_refer(reader->store, offset, at, *all ? size - offset : length,
				reader->why);
}

/* Data that stands in a file as it is stays there and is not even read; holes are left out. */
static int spool_content(struct archive_reader *reader, struct sqst_stage_body *body)
{
	struct sqst_store *store = reader->store;
	uint64_t size = 0;
	bool all = false;

	if (archive_entry_size_is_set(reader->entry) && archive_entry_size(reader->entry) > 0)
		size = (uint64_t)archive_entry_size(reader->entry);
	sqst_store_begin(store);
	while (!all) {
		const void *data;
		la_int64_t offset;
		size_t length;
		int rc = archive_read_data_block(reader->archive, &data, &length, &offset);

		if (rc == ARCHIVE_EOF)
			break;
		if (rc != ARCHIVE_OK)
			return fail_archive(reader, reader->path);
		rc = canceled(reader);
		if (rc < 0)
			return rc;
		if (length == 0)
			continue;
		if (offset < 0 || length > (uint64_t)(INT64_MAX - offset))
			return fail_archive(reader, reader->path);
		rc = store_block(reader, data, length, (uint64_t)offset, size, &all);
		if (rc < 0)
			return rc;
		if ((uint64_t)offset + length > size)
			size = (uint64_t)offset + length;
	}
	body->u.file.base = store->first;
	body->u.file.parts = store->parts - store->first;
	body->u.file.size = size;
	return 0;
}

/* ---- metadata */

static int archive_type(const struct archive_entry *entry)
{
	switch (archive_entry_filetype((struct archive_entry *)entry)) {
	case AE_IFDIR:
		return SQST_TYPE_DIR;
	case AE_IFREG:
		return SQST_TYPE_FILE;
	case AE_IFLNK:
		return SQST_TYPE_SYMLINK;
	case AE_IFBLK:
		return SQST_TYPE_BLOCK;
	case AE_IFCHR:
		return SQST_TYPE_CHAR;
	case AE_IFIFO:
		return SQST_TYPE_FIFO;
	case AE_IFSOCK:
		return SQST_TYPE_SOCKET;
	default:
		return 0;
	}
}

/* What a global header says instead of the entry's own. An integer, a fraction is cut downwards. */
static bool global_number(const struct archive_reader *reader, const char *key, int64_t *number)
{
	const struct sqst_pax_record *record = sqst_pax_find_global(&reader->pax, key);
	char text[32];
	char *end;

	if (!record || record->value_size >= sizeof(text))
		return false;
	memcpy(text, record->value, record->value_size);
	text[record->value_size] = '\0';
	*number = strtoll(text, &end, 10);
	if (text[0] == '-' && *end == '.' && strspn(end + 1, "0") < strlen(end + 1))
		--*number;
	return end != text && (*end == '\0' || *end == '.');
}

static int take_metadata(struct archive_reader *reader, struct sqst_stage_body *body)
{
	struct archive_entry *entry = reader->entry;
	struct sqst_stage *stage = &reader->stage;
	int64_t uid = archive_entry_uid(entry), gid = archive_entry_gid(entry), time;
	int rc;

	global_number(reader, "uid", &uid);
	global_number(reader, "gid", &gid);
	rc = sqst_stage_owner(stage, reader->path, uid, gid, body);
	body->mode = (uint16_t)(archive_entry_perm(entry) & 07777);
	if (global_number(reader, "mtime", &time))
		body->mtime = sqst_time_clamp(time, &stage->clamped);
	else if (archive_entry_mtime_is_set(entry))
		body->mtime = sqst_time_clamp(archive_entry_mtime(entry), &stage->clamped);
	if (archive_entry_acl_types(entry) != 0 && !stage->scan->no_xattrs)
		reader->acls++;
	if (rc == 0)
		rc = sqst_pax_xattrs(&reader->pax, stage, reader->path, body);
	if (rc < 0)
		return rc;
	switch (body->type) {
	case SQST_TYPE_SYMLINK:
		/* Always 0777, as Linux says of every symbolic link. */
		body->mode = 0777;
		return sqst_stage_symlink(stage, reader->path, archive_entry_symlink(entry), body);
	case SQST_TYPE_BLOCK:
	case SQST_TYPE_CHAR:
		return sqst_stage_device(stage, reader->path,
					 (uint64_t)archive_entry_rdevmajor(entry),
					 (uint64_t)archive_entry_rdevminor(entry), body);
	case SQST_TYPE_FILE:
		return spool_content(reader, body);
	default:
		return 0;
	}
}

/* A further name. Some forms (cpio newc, pax with linkdata) have the content at the last one. */
static int take_link(struct archive_reader *reader, const char *target)
{
	struct sqst_stage *stage = &reader->stage;
	struct sqst_stage_name *to, *name;
	int rc = sqst_stage_find(stage, target, &to);

	if (rc < 0)
		return rc;
	if (!to)
		return sqst_fail(
		    reader->why, SQST_ERR_SOURCE, reader->input.name,
		    "%s is a hard link to %s, which does not precede it in the archive",
		    reader->path, target);
	if (to->body->type == SQST_TYPE_DIR)
		return sqst_fail(reader->why, SQST_ERR_SOURCE, reader->input.name,
				 "%s is a hard link to %s, which is a directory", reader->path,
				 target);
	if (to->body->type == SQST_TYPE_FILE && archive_entry_size_is_set(reader->entry) &&
	    archive_entry_size(reader->entry) > 0) {
		rc = spool_content(reader, to->body);
		if (rc < 0)
			return rc;
	}
	rc = sqst_stage_path(stage, reader->path, &name);
	if (rc < 0 || name == to)
		return rc;
	return sqst_stage_set(stage, name, to->body);
}

static int take_archive_entry(struct archive_reader *reader)
{
	struct archive_entry *entry = reader->entry;
	const char *target = archive_entry_hardlink(entry);
	struct sqst_stage *stage = &reader->stage;
	struct sqst_stage_name *name;
	struct sqst_stage_body *body;
	int rc, type = archive_type(entry);

	reader->path = archive_entry_pathname(entry);
	if (!reader->path)
		reader->path = archive_entry_pathname_utf8(entry);
	if (!reader->path)
		return fail_archive(reader, NULL);
	if (target)
		return take_link(reader, target);
	if (type == 0)
		return sqst_fail(reader->why, SQST_ERR_SOURCE, reader->input.name,
				 "%s: an entry of type 0%o cannot be stored", reader->path,
				 (unsigned)archive_entry_filetype(entry));
	rc = sqst_stage_path(stage, reader->path, &name);
	if (rc < 0)
		return rc;
	body = sqst_stage_body(stage, (enum sqst_type)type);
	if (!body)
		return sqst_stage_nomem(stage);
	rc = take_metadata(reader, body);
	return rc == 0 ? sqst_stage_set(stage, name, body) : rc;
}

/* ---- the whole archive */

/* One archive; what is put after it with cat may be another. */
static int open_archive(struct archive_reader *reader, bool first)
{
	struct archive *archive = archive_read_new();

	reader->archive = archive;
	if (!archive)
		return sqst_stage_nomem(&reader->stage);
	if (first) {
		archive_read_support_format_tar(archive);
		archive_read_support_format_zip(archive);
	}
	archive_read_support_format_cpio(archive);
	if (reader->stage.options->ignore_zeros)
		archive_read_set_format_option(archive, "tar", "read_concatenated_archives", "1");
	return sqst_plain_attach(&reader->plain, archive) == ARCHIVE_OK
		   ? 0
		   : fail_archive(reader, NULL);
}

/* tar ends with two blocks of zeros. Without them it may have been cut between two entries, which
 * nothing else shows. */
static int check_end(struct archive_reader *reader)
{
	const bool plain = !reader->plain.filter;
	const bool tar = is_kind(reader, ARCHIVE_FORMAT_TAR);
	uint64_t zeros;
	const int rc = sqst_input_drain(&reader->input, &zeros);

	if (rc == 0 && plain && tar && zeros < 512)
		sqst_warn(reader->why, reader->input.name,
			  "the archive does not end with a block of zeros and may be truncated");
	return rc;
}

/* In the C locale libarchive warns of each name in a pax header that is not ASCII, and leaves the
 * bytes as they are. In zip they are not what they were then. */
static int check_warning(struct archive_reader *reader)
{
	const char *text = archive_error_string(reader->archive);
	const char *path = archive_entry_pathname(reader->entry);

	if (reader->input.zip || archive_errno(reader->archive) == ENOMEM)
		return fail_archive(reader, path);
	if (text && !strstr(text, "convert"))
		sqst_warn(reader->why, reader->input.name, "%s: %s", path ? path : "", text);
	return 0;
}

/* What the headers before the entry say, which libarchive has read. */
static int read_pax(struct archive_reader *reader, uint64_t from)
{
	reader->pax.local.count = 0;
	if (!is_kind(reader, ARCHIVE_FORMAT_TAR))
		return 0;
	return sqst_pax_read(&reader->pax, &reader->plain, from,
			     sqst_plain_position(&reader->plain, reader->archive));
}

/* *found: whether there was one. */
static int read_entry(struct archive_reader *reader, bool *found)
{
	uint64_t from;
	int rc = reader->path ? archive_read_data_skip(reader->archive) : ARCHIVE_OK;

	if (rc != ARCHIVE_OK && rc != ARCHIVE_EOF)
		return fail_archive(reader, reader->path);
	reader->path = NULL;
	from = sqst_plain_position(&reader->plain, reader->archive);
	sqst_plain_keep(&reader->plain, from);
	rc = archive_read_next_header(reader->archive, &reader->entry);
	*found = rc != ARCHIVE_EOF;
	if (rc == ARCHIVE_EOF)
		return 0;
	/* ARCHIVE_RETRY too: it says that a damaged header could be skipped. */
	if (rc != ARCHIVE_OK && rc != ARCHIVE_WARN)
		return fail_archive(reader, NULL);
	if (rc == ARCHIVE_WARN && (rc = check_warning(reader)) < 0)
		return rc;
	if ((rc = canceled(reader)) < 0)
		return rc;
	if (!reader->format)
		reader->format = archive_format(reader->archive);
	rc = read_pax(reader, from);
	return rc == 0 ? take_archive_entry(reader) : rc;
}

/* Whether what follows a cpio archive is none. */
static bool is_rest(const struct archive_reader *reader)
{
	return !reader->input.error && !reader->plain.no_memory && reader->archive &&
	       archive_format(reader->archive) == 0;
}

/* As in an initramfs: the kernel reads cpio archives one after the other, each in a compression of
 * its own, with zeros between them (Documentation/driver-api/early-userspace/buffer-format.rst). */
static int read_entries(struct archive_reader *reader)
{
	bool more = true;
	int rc = 0;

	for (bool first = true; rc == 0 && more; first = false) {
		const uint64_t base = reader->plain.base;
		bool found = true;

		rc = open_archive(reader, first);
		while (rc == 0 && found)
			rc = read_entry(reader, &found);
		if (rc < 0 && !first && is_rest(reader)) {
			sqst_warn(reader->why, reader->input.name,
				  "the data after the last archive, at byte %llu%s, is not a cpio "
				  "archive and is ignored",
				  (unsigned long long)base,
				  reader->plain.filter ? " of the unpacked data" : "");
			rc = 0;
			break;
		}
		more = rc == 0 && (archive_format(reader->archive) & ARCHIVE_FORMAT_BASE_MASK) ==
				      ARCHIVE_FORMAT_CPIO;
		if (!more)
			break;
		rc = sqst_plain_next(&reader->plain,
				     sqst_plain_position(&reader->plain, reader->archive), &more);
		if (rc == 0 && more) {
			archive_read_free(reader->archive);
			reader->archive = NULL;
			reader->path = NULL;
		}
	}
	return rc == 0 ? check_end(reader) : rc;
}

static void warn_of_format(const struct archive_reader *reader)
{
	const char *text = reader->pax.seen ? NULL : sqst_format_missing(reader->format);

	if (text && !reader->stage.scan->no_xattrs)
		sqst_warn(reader->why, reader->input.name,
			  "its format cannot hold all metadata (%s); tar --format=pax --xattrs "
			  "can, and -no-xattrs says that attributes are not wanted",
			  text);
}

static int read_archive(struct archive_reader *reader, struct sqst_tree **out)
{
	int rc = sqst_plain_open(&reader->plain, &reader->input, reader->why);

	if (rc == 0)
		rc = read_entries(reader);
	if (rc == 0)
		rc = sqst_store_finish(reader->store, reader->input.fd, reader->why);
	if (rc == 0)
		rc = sqst_stage_tree(&reader->stage, &sqst_origin_store, -1, out);
	if (rc < 0)
		return rc;
	/* The first and only origin of the tree. */
	(*out)->origin[0].state = sqst_steal(&reader->store);
	if (reader->acls > 0)
		sqst_warn(reader->why, reader->input.name,
			  "access control lists of %llu entries cannot be stored and were left out",
			  (unsigned long long)reader->acls);
	warn_of_format(reader);
	return 0;
}

/* Names are bytes. libarchive takes those of pax headers for UTF-8 text and would change them where
 * it can; in the C locale it cannot. Those of zip are text, so it is asked for UTF-8 there. */
static int in_locale(struct archive_reader *reader, struct sqst_tree **out)
{
	locale_t locale = (locale_t)0, before;
	int rc;

	if (reader->input.zip)
		locale = newlocale(LC_ALL_MASK, "C.UTF-8", (locale_t)0);
	if (!locale)
		locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	if (!locale)
		return sqst_stage_nomem(&reader->stage);
	before = uselocale(locale);
	rc = read_archive(reader, out);
	archive_read_free(reader->archive);
	sqst_plain_release(&reader->plain);
	sqst_pax_release(&reader->pax);
	uselocale(before);
	freelocale(locale);
	return rc;
}

/* Most often a program failed before it wrote anything. */
static int read_nothing(struct archive_reader *reader, struct sqst_tree **out)
{
	if (!reader->stage.options->allow_empty)
		return sqst_fail(
		    reader->why, SQST_ERR_SOURCE, reader->input.name,
		    "is empty, which is not a valid archive; did the program that writes it fail?");
	sqst_warn(reader->why, reader->input.name,
		  "is empty; the image has an empty root directory");
	return sqst_stage_tree(&reader->stage, NULL, -1, out);
}

bool sqst_archive_supported(void)
{
	return true;
}

int sqst_tree_read_archive(const char *path, const struct sqst_archive_options *options,
			   struct sqst_tree **out, struct sqst_report *why)
{
	const char *beside = options ? options->beside : NULL;
	struct archive_reader reader = {.why = why};
	int rc;

	reader.input.fd = -1;
	rc = sqst_stage_open(&reader.stage, path, options, why);
	reader.store = sqst_store_new(beside);
	if (rc == 0 && !reader.store)
		rc = sqst_stage_nomem(&reader.stage);
	if (rc == 0)
		rc =
		    sqst_input_open(&reader.input, path, beside, reader.stage.options->cancel, why);
	if (rc == 0) {
		reader.stage.source = reader.input.name;
		rc = reader.input.empty ? read_nothing(&reader, out) : in_locale(&reader, out);
	}
	sqst_store_free(reader.store);
	sqst_input_release(&reader.input);
	sqst_stage_release(&reader.stage);
	return rc;
}
