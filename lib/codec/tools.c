/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a thread needs to compress and to unpack blocks. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>

#include "base/format.h"
#include "codec/tools.h"

bool sqst_tools_unpacking(struct sqst_tools *tools, const struct sqst_codec *codec,
			  uint32_t block_size)
{
	if (!tools->decompressor)
		tools->decompressor = codec->decompressor(block_size);
	/* A metadata block may be larger than a data block. */
	const size_t room = block_size > SQST_META_SIZE ? block_size : SQST_META_SIZE;

	if (!tools->packed)
		tools->packed = malloc(room * 2);
	if (!tools->packed)
		return false;
	tools->unpacked = tools->packed + room;
	return tools->decompressor != NULL;
}

void sqst_tools_release(struct sqst_tools *tools)
{
	sqst_coder_free(tools->compressor);
	sqst_coder_free(tools->decompressor);
	free(tools->packed);
	*tools = (struct sqst_tools){0};
}

int sqst_failure_report(const struct sqst_failure *failure, struct sqst_report *why)
{
	if (failure->number)
		return sqst_fail_errno(why, failure->code, failure->number, failure->file, "%s",
				       failure->what);
	return sqst_fail(why, failure->code, failure->file, "%s", failure->what);
}
