/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Little-endian fields of the format, and sums that say when they overflow. */
#ifndef LIB_BASE_BYTES_H
#define LIB_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline uint8_t *sqst_put16(uint8_t *to, uint32_t value)
{
	to[0] = (uint8_t)value;
	to[1] = (uint8_t)(value >> 8);
	return to + 2;
}

static inline uint8_t *sqst_put32(uint8_t *to, uint32_t value)
{
	return sqst_put16(sqst_put16(to, value), value >> 16);
}

static inline uint8_t *sqst_put64(uint8_t *to, uint64_t value)
{
	return sqst_put32(sqst_put32(to, (uint32_t)value), (uint32_t)(value >> 32));
}

static inline uint16_t sqst_get16(const uint8_t *from)
{
	return (uint16_t)(from[0] | from[1] << 8);
}

static inline uint32_t sqst_get32(const uint8_t *from)
{
	return (uint32_t)sqst_get16(from) | (uint32_t)sqst_get16(from + 2) << 16;
}

static inline uint64_t sqst_get64(const uint8_t *from)
{
	return (uint64_t)sqst_get32(from) | (uint64_t)sqst_get32(from + 4) << 32;
}

/* True when the sum or product does not fit; *out is then not to be used. */
#define sqst_add_overflows(a, b, out) __builtin_add_overflow(a, b, out)
#define sqst_mul_overflows(a, b, out) __builtin_mul_overflow(a, b, out)

#endif
