/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a thread needs to compress and to unpack blocks, and how it says that it could not. */
#ifndef LIB_CODEC_TOOLS_H
#define LIB_CODEC_TOOLS_H

#include "codec/codec.h"

/* What a thread has for itself. */
struct sqst_tools {
	struct sqst_coder *compressor;
	/* To unpack: made when they are first needed, see sqst_tools_unpacking(). Room for a block
	 * as it is stored, and for its content. */
	struct sqst_coder *decompressor;
	uint8_t *packed;
	uint8_t *unpacked;
};

/* What failed in a thread, which has no report of its own. */
struct sqst_failure {
	/* An sqst_error, 0: nothing failed. */
	int code;
	/* An errno value, 0 if it was no system call. */
	int number;
	/* NULL if it is about none. */
	const char *file;
	const char *what;
};

/* See that there are a decompressor and buffers for data and metadata blocks. False: memory is
 * short. */
bool sqst_tools_unpacking(struct sqst_tools *tools, const struct sqst_codec *codec,
			  uint32_t block_size);

void sqst_tools_release(struct sqst_tools *tools);

/* Fill the report; returns failure->code, or what its errno value makes of it. */
int sqst_failure_report(const struct sqst_failure *failure, struct sqst_report *why);

#endif
