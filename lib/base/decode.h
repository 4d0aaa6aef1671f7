/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bytes that are written as letters. */
#ifndef LIB_BASE_DECODE_H
#define LIB_BASE_DECODE_H

#include <stdbool.h>
#include <stddef.h>

/* Base64 (RFC 4648); the padding may be missing. If `strict`, padding must fill the last four
 * letters, and bits after the last byte must be zero. `out` may be `text`. Bytes written, or -1.
 */
long sqst_base64_decode(const char *text, size_t size, bool strict, void *out);

#endif
