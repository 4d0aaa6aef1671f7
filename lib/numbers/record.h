/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The extra-information block of an image: the bytes that name a numbering.
 *
 * Right after the superblock (offset 96) and the compressor options, if any, stands one
 * uncompressed metadata block, announced by superblock flag bit 12. Its content is a list of
 * records: one byte tag, one byte length, the value; tag 0 ends it. See sqfs-stable(7). */
#ifndef LIB_NUMBERS_RECORD_H
#define LIB_NUMBERS_RECORD_H

#include "sqst/numbers.h"

/** Superblock flag: an extra-information block is present. */
#define SQST_SUPER_FLAG_EXTRA_INFO 0x1000

/** Room for the longest block that sqst_extra_encode() makes, header included. */
#define SQST_EXTRA_MAX 1024

/**
 * Encode the block, its two-byte header included.
 * @return bytes written to out, at most ::SQST_EXTRA_MAX
 */
size_t sqst_extra_encode(const struct sqst_lineage *lineage, uint8_t out[SQST_EXTRA_MAX]);

/**
 * Decode the content of a block (without its header). Unknown tags are skipped.
 * `lineage` is filled with what is there; top and root come from the stable-numbering record and
 * are left alone without one.
 * @param name    the image, for messages
 * @param offset  where the content stands in the image, for messages
 * @return 0 or SQST_ERR_PARENT: a record past the end or of a wrong length, a record twice, an
 *         unknown version of the stable-numbering record, unknown flags
 */
int sqst_extra_decode(const char *name, uint64_t offset, const uint8_t *data, size_t size,
		      struct sqst_lineage *lineage, struct sqst_report *why);

/* Take the UUID and the label of a block that sqst_extra_decode() refused, as far as the records in
 * front of the damage have them. The rest of `lineage` is left alone. */
void sqst_extra_salvage(const uint8_t *data, size_t size, struct sqst_lineage *lineage);

#endif
