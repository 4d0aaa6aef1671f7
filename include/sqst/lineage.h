/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * @file lineage.h
 * The extra-information block of an image: the bytes that name a numbering.
 *
 * Right after the superblock (offset 96) and the compressor options, if any, stands one
 * uncompressed metadata block, announced by superblock flag bit 12. Its content is a list of
 * records: one byte tag, one byte length, the value; tag 0 ends it. See sqfs-stable(7).
 */
#ifndef SQST_LINEAGE_H
#define SQST_LINEAGE_H

#include "sqst/numbers.h"
#include "sqst/predef.h"
#include "sqst/report.h"

/** Superblock flag: an extra-information block is present. */
#define SQST_SUPER_FLAG_EXTRA_INFO 0x1000

/** Room for the longest block that sqst_extra_encode() makes, header included. */
#define SQST_EXTRA_MAX 1024

/**
 * Encode the block, its two-byte header included.
 * @return bytes written to out, at most ::SQST_EXTRA_MAX
 */
SQST_API size_t sqst_extra_encode(const struct sqst_lineage *lineage, uint8_t out[SQST_EXTRA_MAX]);

/**
 * Decode the content of a block (without its header). Unknown tags are skipped.
 * `lineage` is filled with what is there; top and root come from the stable-numbering record and
 * are left alone without one.
 * @param name    the image, for messages
 * @param offset  where the content stands in the image, for messages
 * @return 0 or SQST_ERR_PARENT: a record past the end or of a wrong length, a record twice, an
 *         unknown version of the stable-numbering record, unknown flags
 */
SQST_API int sqst_extra_decode(const char *name, uint64_t offset, const uint8_t *data, size_t size,
			       struct sqst_lineage *lineage, struct sqst_report *why);

/**
 * Fill the names of a numbering: if lineage.uuid is null, it becomes the version-5 UUID of the
 * canonical map in the project's namespace; then lineage.id becomes the version-5 UUID of the
 * canonical map in the namespace of lineage.uuid. The project's namespace is
 * 09603f22-d8ca-5c2c-9311-d2569f43a4d1 and never changes.
 * @return 0, SQST_ERR_NOMEM, SQST_ERR_LIMIT (a canonical map above 4 GiB)
 */
SQST_API int sqst_lineage_name(struct sqst_numbers *numbers, struct sqst_report *why);

#endif
