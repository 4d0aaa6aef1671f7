/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The bytes of an archive without the compression that it may be in. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/file.h"
#include "base/report.h"
#include "source/plain_archive.h"

/* What is kept of the blocks before the last one: a header may begin there. */
#define WINDOW_BEFORE (64 * 1024)
/* No headers of an entry are longer, and libarchive takes no more either. */
#define WINDOW_MAX (16 * 1024 * 1024)

static int fail_plain(const struct sqst_plain *plain)
{
	const struct sqst_input *input = plain->input;
	const char *text = plain->filter ? archive_error_string(plain->filter) : NULL;

	if (input->error)
		return sqst_fail_errno(plain->why, SQST_ERR_SOURCE, input->error, input->name,
				       "cannot read the archive");
	return sqst_fail(plain->why, SQST_ERR_SOURCE, input->name,
			 "the archive is damaged or has an unknown format: %s",
			 text ? text : "unknown error");
}

/* ---- blocks */

static bool in_file(const struct sqst_plain *plain)
{
	return !plain->filter && plain->input->seekable;
}

/* Add a block to the window, and let old ones leave it. */
static bool remember(struct sqst_plain *plain, const uint8_t *data, uint64_t at, size_t size)
{
	uint64_t from = at > WINDOW_BEFORE ? at - WINDOW_BEFORE : 0;
	const uint64_t end = plain->window_at + plain->window_size;
	size_t need;
	uint8_t *grown;

	if (plain->keep && plain->keep_from < from && at - plain->keep_from < WINDOW_MAX)
		from = plain->keep_from;
	if (end != at || from >= end) {
		plain->window_at = at;
		plain->window_size = 0;
	} else if (from > plain->window_at) {
		plain->window_size = (size_t)(end - from);
		memmove(plain->window, plain->window + (from - plain->window_at),
			plain->window_size);
		plain->window_at = from;
	}
	need = plain->window_size + size;
	grown = sqst_reserve(plain->window, need, &plain->window_room, 1);
	if (!grown)
		return false;
	plain->window = grown;
	memcpy(plain->window + plain->window_size, data, size);
	plain->window_size = need;
	return true;
}

static ssize_t next_block(struct sqst_plain *plain, const void **data)
{
	la_int64_t offset;
	size_t size;
	int rc;

	if (!plain->filter)
		return sqst_input_next(plain->input, data);
	do
		rc = archive_read_data_block(plain->filter, data, &size, &offset);
	while (rc == ARCHIVE_OK && size == 0);
	if (rc == ARCHIVE_EOF)
		return 0;
	return rc == ARCHIVE_OK || rc == ARCHIVE_WARN ? (ssize_t)size : -1;
}

/* The next bytes; 0 at the end, -1 on an error. */
static ssize_t next(struct sqst_plain *plain, const void **data)
{
	ssize_t got = (ssize_t)plain->again;

	if (got > 0) {
		*data = plain->data + plain->size - plain->again;
		plain->again = 0;
		return got;
	}
	got = next_block(plain, data);
	if (got < 0)
		return got;
	plain->at += plain->size;
	plain->data = *data;
	plain->size = (size_t)got;
	if (!in_file(plain) && got > 0 && !remember(plain, plain->data, plain->at, plain->size)) {
		plain->no_memory = true;
		return -1;
	}
	return got;
}

/* ---- what libarchive calls */

static la_ssize_t on_plain_read(struct archive *archive, void *user, const void **data)
{
	struct sqst_plain *plain = user;
	const ssize_t got = next(plain, data);
	const char *text = plain->filter ? archive_error_string(plain->filter) : NULL;

	if (got < 0)
		archive_set_error(archive, plain->input->error ? plain->input->error : EINVAL, "%s",
				  text ? text : "cannot read it");
	return got;
}

static la_int64_t on_seek(struct archive *archive, void *user, la_int64_t offset, int whence)
{
	struct sqst_plain *plain = user;
	const int64_t at = sqst_input_seek(plain->input, offset, whence);

	if (at < 0) {
		archive_set_error(archive, plain->input->error, "cannot seek in it");
		return ARCHIVE_FATAL;
	}
	plain->at = (uint64_t)at;
	plain->size = plain->again = 0;
	return at;
}

static la_int64_t on_skip(struct archive *archive, void *user, la_int64_t size)
{
	struct sqst_plain *plain = user;
	const int64_t skipped = plain->again > 0 ? 0 : sqst_input_skip(plain->input, size);

	(void)archive;
	plain->at += plain->size + (uint64_t)skipped;
	plain->size = 0;
	return skipped;
}

int sqst_plain_attach(struct sqst_plain *plain, struct archive *archive)
{
	archive_read_set_read_callback(archive, on_plain_read);
	if (in_file(plain)) {
		archive_read_set_seek_callback(archive, on_seek);
		archive_read_set_skip_callback(archive, on_skip);
	}
	archive_read_set_callback_data(archive, plain);
	return archive_read_open1(archive);
}

/* ---- looking back */

uint64_t sqst_plain_position(const struct sqst_plain *plain, struct archive *archive)
{
	return plain->base + (uint64_t)archive_filter_bytes(archive, 0);
}

void sqst_plain_keep(struct sqst_plain *plain, uint64_t position)
{
	plain->keep = true;
	plain->keep_from = position;
}

int sqst_plain_look(struct sqst_plain *plain, uint64_t position, size_t size, const uint8_t **bytes)
{
	const char *const name = plain->input->name;
	uint8_t *grown;
	ssize_t got;

	if (size > WINDOW_MAX)
		return sqst_fail(plain->why, SQST_ERR_SOURCE, name,
				 "the headers of an entry are too long");
	if (!in_file(plain)) {
		if (position < plain->window_at ||
		    position > plain->window_at + plain->window_size ||
		    size > plain->window_at + plain->window_size - position)
			return sqst_fail(plain->why, SQST_ERR_SOURCE, name,
					 "the headers of an entry are too long");
		*bytes = plain->window + (position - plain->window_at);
		return 0;
	}
	grown = sqst_reserve(plain->window, size, &plain->window_room, 1);
	if (!grown)
		return sqst_no_memory(plain->why, name);
	plain->window = grown;
	got = sqst_pread_full(plain->input->fd, plain->window, size, position);
	if (got < 0)
		return sqst_fail_errno(plain->why, SQST_ERR_SOURCE, errno, name,
				       "cannot read the archive");
	if ((size_t)got < size)
		return sqst_fail(plain->why, SQST_ERR_CHANGED, name,
				 "the archive was truncated during the build");
	*bytes = plain->window;
	return 0;
}

bool sqst_plain_find(const struct sqst_plain *plain, const void *data, uint64_t *position)
{
	const uint8_t *at = data;

	if (!in_file(plain) || !plain->input->regular || !plain->data || at < plain->data ||
	    at >= plain->data + plain->size)
		return false;
	*position = plain->at + (uint64_t)(at - plain->data);
	return true;
}

/* ---- beginnings and ends */

static void close_filter(struct sqst_plain *plain)
{
	archive_read_free(plain->filter);
	plain->filter = NULL;
}

/* Nothing was handed out yet. */
static void begin_format(struct sqst_plain *plain, uint64_t position)
{
	plain->at = plain->base = position;
	plain->data = NULL;
	plain->size = plain->again = 0;
	plain->window_size = 0;
	plain->keep = false;
}

/* Find a filter that fits what the input has where it stands. */
static int open_filter(struct sqst_plain *plain)
{
	const uint64_t start = plain->input->at + plain->input->size - plain->input->again;
	struct archive_entry *entry;
	int rc;

	plain->filter = archive_read_new();
	if (!plain->filter)
		return sqst_no_memory(plain->why, plain->input->name);
	/* They warn where another program does the work. */
	archive_read_support_filter_all(plain->filter);
	archive_read_support_format_raw(plain->filter);
	archive_read_support_format_empty(plain->filter);
	rc = sqst_input_attach(plain->input, plain->filter);
	if (rc == ARCHIVE_OK || rc == ARCHIVE_WARN)
		rc = archive_read_next_header(plain->filter, &entry);
	if (rc != ARCHIVE_OK && rc != ARCHIVE_WARN && rc != ARCHIVE_EOF)
		return fail_plain(plain);
	if (archive_filter_count(plain->filter) <= 1) {
		close_filter(plain);
		rc = sqst_input_back(plain->input, start);
		begin_format(plain, start);
		return rc;
	}
	plain->filter_base = start;
	begin_format(plain, 0);
	return 0;
}

int sqst_plain_open(struct sqst_plain *plain, struct sqst_input *input, struct sqst_report *why)
{
	*plain = (struct sqst_plain){.input = input, .why = why};
	return input->zip ? 0 : open_filter(plain);
}

/* Stand at a byte of what was handed out, or of a file. */
static int go_back(struct sqst_plain *plain, uint64_t position)
{
	const uint64_t end = plain->at + plain->size;

	if (position >= plain->at && position <= end) {
		plain->again = (size_t)(end - position);
		return 0;
	}
	if (plain->filter)
		return sqst_fail(plain->why, SQST_ERR_SOURCE, plain->input->name,
				 "cannot find the data that follows the archive");
	plain->at = position;
	plain->size = plain->again = 0;
	return sqst_input_back(plain->input, position);
}

/* Stand at the next byte that is not zero. */
static int skip_zeros(struct sqst_plain *plain, bool *found)
{
	const void *data;
	ssize_t got;

	*found = false;
	while ((got = next(plain, &data)) > 0) {
		const uint8_t *bytes = data;

		for (size_t i = 0; i < (size_t)got; i++) {
			if (bytes[i] == 0)
				continue;
			plain->again = (size_t)got - i;
			plain->base = plain->at + plain->size - plain->again;
			*found = true;
			return 0;
		}
	}
	return got < 0 ? fail_plain(plain) : 0;
}

int sqst_plain_next(struct sqst_plain *plain, uint64_t position, bool *more)
{
	int rc = go_back(plain, position);

	if (rc == 0)
		rc = skip_zeros(plain, more);
	if (rc < 0)
		return rc;
	if (!*more && plain->filter) {
		position = plain->filter_base + (uint64_t)archive_filter_bytes(plain->filter, -1);
		close_filter(plain);
		rc = sqst_input_back(plain->input, position);
		begin_format(plain, position);
		if (rc == 0)
			rc = skip_zeros(plain, more);
	}
	if (rc < 0 || !*more || plain->filter)
		return rc;
	rc = sqst_input_back(plain->input, plain->base);
	return rc == 0 ? open_filter(plain) : rc;
}

void sqst_plain_release(struct sqst_plain *plain)
{
	archive_read_free(plain->filter);
	free(plain->window);
	*plain = (struct sqst_plain){0};
}
