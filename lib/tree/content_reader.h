/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading a regular file's content block by block, without reading the holes of a sparse file. */
#ifndef LIB_TREE_CONTENT_READER_H
#define LIB_TREE_CONTENT_READER_H

#include "tree/tree.h"

struct sqst_reader {
	struct sqst_content content;
	uint64_t size;
	uint64_t at;
	/* The next bytes from the file system's point of view: data from data_start to data_end, a
	 * hole before. */
	uint64_t data_start;
	uint64_t data_end;
};

/* Open a file's content. The caller zeroes the reader first and calls sqst_reader_close() in any
 * case. Errors: SQST_ERR_SOURCE, SQST_ERR_CHANGED. */
int sqst_reader_open(struct sqst_reader *reader, const struct sqst_tree *tree,
		     const struct sqst_node *node, struct sqst_report *why);

/* How many bytes from here on are a hole, zeros that need not be read. */
int sqst_reader_hole(struct sqst_reader *reader, uint64_t *size, struct sqst_report *why);

/* Pass over bytes of a hole. */
void sqst_reader_skip(struct sqst_reader *reader, uint64_t size);

/* Pass over what is a hole in both, which stand at the same place. Each has a report. */
int sqst_reader_skip_holes(struct sqst_reader *one, struct sqst_reader *two,
			   struct sqst_report *why, struct sqst_report *other_why);

/* Read the next `size` bytes, all of which the file must have. *zero: whether they are all zero. */
int sqst_reader_read(struct sqst_reader *reader, uint8_t *data, uint32_t size, bool *zero,
		     struct sqst_report *why);

/* After the last read: check that the file did not change meanwhile. */
int sqst_reader_check(struct sqst_reader *reader, struct sqst_report *why);

void sqst_reader_close(struct sqst_reader *reader);

/* All of that for one part: `size` bytes from `at` on. */
int sqst_reader_read_part(const struct sqst_tree *tree, const struct sqst_node *node, uint64_t at,
			  uint8_t *data, uint32_t size, bool *zero, struct sqst_report *why);

#endif
