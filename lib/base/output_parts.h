/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside of an output: what its parts share. */
#ifndef LIB_BASE_OUTPUT_PARTS_H
#define LIB_BASE_OUTPUT_PARTS_H

#include <sys/stat.h>

#include "base/output.h"

/* How what was written gets to its place. */
enum sqst_delivery {
	/* The temporary file stands beside the target and is renamed. */
	SQST_DELIVERY_RENAME,
	/* Copied over what the target has: a block device, or a file in place. */
	SQST_DELIVERY_OVERWRITE,
	/* Written from front to back. */
	SQST_DELIVERY_STREAM,
};

struct sqst_output {
	/* As the caller named it, for messages. */
	char *shown;
	/* Where it is to be, symbolic links resolved. */
	char *target;
	enum sqst_output_kind kind;
	/* An or of enum sqst_output_how. */
	unsigned how;
	enum sqst_delivery delivery;
	bool is_device;
	/* What stands at the target; st_mode is 0 if nothing does. */
	struct stat old;
	/* What is being written; `temporary` is its name, NULL if it has none. */
	int fd;
	char *temporary;
	/* Where it is copied to; -1 for what is renamed. */
	int place;
	/* Where in the file the caller's offset 0 is. */
	uint64_t base;
	/* From the base on, after sqst_output_prepare(). */
	uint64_t size;
	uint64_t written_to;
	uint64_t flushed_to;
	/* While several outputs are committed: the new file is at the target, and the old one, if
	 * there was one, at `temporary`. */
	bool swapped;
	/* What was there is gone: written over, or replaced where no link could keep it. */
	bool spoiled;
};

/* ---- output_target.c */

/* An output that may be written, not opened yet. */
int sqst_output_new(const char *path, enum sqst_output_kind kind, unsigned how,
		    struct sqst_output **out, struct sqst_report *why);

/* Let the temporary file have mode, owner, group and extended attributes of what it replaces, as
 * far as this process may set them. */
void sqst_output_inherit(const struct sqst_output *output);

/* A name beside the target that nothing has, for the temporary file; `attempt` counts from 0. */
void sqst_output_beside(const struct sqst_output *output, unsigned attempt, char *out, size_t size);
size_t sqst_output_beside_size(const struct sqst_output *output);

/* ---- output_place.c */

/* Open the place that is copied to. */
int sqst_output_open_place(struct sqst_output *output, struct sqst_report *why);

/* Whether the place has room for what was made; before anything of it is written over. */
int sqst_output_fits(const struct sqst_output *output, uint64_t size, struct sqst_report *why);

/* Copy what was made to its place, and flush it. */
int sqst_output_deliver(struct sqst_output *output, struct sqst_report *why);

#endif
