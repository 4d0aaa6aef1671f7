/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The branch filters of xz: squashfs' bits, liblzma's names, and whether trying one can pay. */
#ifndef LIB_CODEC_XZ_FILTER_H
#define LIB_CODEC_XZ_FILTER_H

#include <lzma.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SQST_XZ_FILTERS_ALL 0x3fU

/* liblzma's filter for one bit of enum sqst_xz_filter; LZMA_VLI_UNKNOWN for other values. */
lzma_vli sqst_xz_filter_id(uint32_t bit);

/* False if the filter leaves all of data as it is, so that its stream is the one without filters
 * and four bytes more. */
bool sqst_xz_filter_may_change(uint32_t bit, const uint8_t *data, size_t size);

#endif
