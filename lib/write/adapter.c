/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Our output file and compressors, as libsquashfs wants them for the tables that it writes. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <sqfs/error.h>
#include <string.h>

#include "write/adapter.h"

static int read_at(sqfs_file_t *base, sqfs_u64 offset, void *buffer, size_t size)
{
	struct sqst_adapted_file *file = (struct sqst_adapted_file *)base;

	return sqst_output_read(file->output, offset, buffer, size, file->why) < 0 ? SQFS_ERROR_IO
										   : 0;
}

static int write_at(sqfs_file_t *base, sqfs_u64 offset, const void *buffer, size_t size)
{
	struct sqst_adapted_file *file = (struct sqst_adapted_file *)base;

	if (sqst_output_write(file->output, offset, buffer, size, file->why) < 0)
		return SQFS_ERROR_IO;
	if (offset + size > file->size)
		file->size = offset + size;
	return 0;
}

static sqfs_u64 get_size(const sqfs_file_t *base)
{
	return ((const struct sqst_adapted_file *)base)->size;
}

static int truncate_to(sqfs_file_t *base, sqfs_u64 size)
{
	((struct sqst_adapted_file *)base)->size = size;
	return 0;
}

void sqst_adapt_file(struct sqst_adapted_file *file, struct sqst_output *output, uint64_t size,
		     struct sqst_report *why)
{
	memset(file, 0, sizeof(*file));
	file->base.read_at = read_at;
	file->base.write_at = write_at;
	file->base.get_size = get_size;
	file->base.truncate = truncate_to;
	file->output = output;
	file->size = size;
	file->why = why;
}

static sqfs_s32 do_block(sqfs_compressor_t *base, const sqfs_u8 *in, sqfs_u32 size, sqfs_u8 *out,
			 sqfs_u32 room)
{
	struct sqst_adapted_codec *codec = (struct sqst_adapted_codec *)base;
	int32_t got;

	if (codec->raw || size == 0)
		return 0;
	if (room > size - 1)
		room = size - 1;
	got = codec->coder->codec->compress(codec->coder, in, size, out, room);
	if (got == SQST_ERR_NOMEM)
		return SQFS_ERROR_ALLOC;
	return got < 0 ? SQFS_ERROR_COMPRESSOR : got;
}

void sqst_adapt_codec(struct sqst_adapted_codec *codec, struct sqst_coder *coder)
{
	memset(codec, 0, sizeof(*codec));
	codec->base.do_block = do_block;
	codec->coder = coder;
}

int sqst_adapt_error(int error, const char *what, struct sqst_report *why)
{
	if (error == 0)
		return 0;
	if (error == SQFS_ERROR_ALLOC)
		return sqst_fail(why, SQST_ERR_NOMEM, NULL, "out of memory for the %s", what);
	if (error == SQFS_ERROR_OVERFLOW)
		return sqst_fail(why, SQST_ERR_LIMIT, NULL, "the %s exceeds what squashfs can hold",
				 what);
	if (error == SQFS_ERROR_IO && why && why->code)
		return why->code;
	return sqst_fail(why, SQST_ERR_IO, NULL, "cannot create the %s (libsquashfs error %d)",
			 what, error);
}
