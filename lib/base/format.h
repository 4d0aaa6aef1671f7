/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Values of the squashfs 4.0 format that reader and writer share. */
#ifndef LIB_BASE_FORMAT_H
#define LIB_BASE_FORMAT_H

#include <stdint.h>

/* The fragment index of a file whose end is in a block of its own, or that has none. */
#define SQST_NO_FRAGMENT UINT32_C(0xFFFFFFFF)

/* In a block's or fragment's size field: it is stored as it is, not compressed. */
#define SQST_BLOCK_RAW (UINT32_C(1) << 24)

/* Bytes of a metadata block, unpacked (the last of a table may have less). */
#define SQST_META_SIZE 8192

/* In a metadata block's header: it is stored as it is. */
#define SQST_META_RAW 0x8000

#endif
