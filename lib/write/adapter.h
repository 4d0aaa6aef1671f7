/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Our output file and compressors, as libsquashfs wants them for the tables that it writes. */
#ifndef LIB_WRITE_ADAPTER_H
#define LIB_WRITE_ADAPTER_H

#include <sqfs/compressor.h>
#include <sqfs/io.h>

#include "base/output.h"
#include "codec/codec.h"

/* A file that libsquashfs appends to: its size is where the next table goes. */
struct sqst_adapted_file {
	sqfs_file_t base;
	struct sqst_output *output;
	struct sqst_report *why;
	uint64_t size;
};

struct sqst_adapted_codec {
	sqfs_compressor_t base;
	struct sqst_coder *coder;
	/* Leave every block as it is. */
	bool raw;
};

void sqst_adapt_file(struct sqst_adapted_file *file, struct sqst_output *output, uint64_t size,
		     struct sqst_report *why);

/* `coder` stays the caller's. */
void sqst_adapt_codec(struct sqst_adapted_codec *codec, struct sqst_coder *coder);

/* Turn an error of libsquashfs into ours; keeps a report that the file has made already. */
int sqst_adapt_error(int error, const char *what, struct sqst_report *why);

#endif
