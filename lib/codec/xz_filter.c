/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where branch filters act. The patterns are those of the .xz file format's BCJ filters: bytes that
 * match none are never changed, those that match one may be. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "codec/xz_filter.h"
#include "sqst/codec.h"

lzma_vli sqst_xz_filter_id(uint32_t bit)
{
	switch (bit) {
	case SQST_XZ_X86:
		return LZMA_FILTER_X86;
	case SQST_XZ_POWERPC:
		return LZMA_FILTER_POWERPC;
	case SQST_XZ_IA64:
		return LZMA_FILTER_IA64;
	case SQST_XZ_ARM:
		return LZMA_FILTER_ARM;
	case SQST_XZ_ARMTHUMB:
		return LZMA_FILTER_ARMTHUMB;
	case SQST_XZ_SPARC:
		return LZMA_FILTER_SPARC;
	default:
		return LZMA_VLI_UNKNOWN;
	}
}

/* CALL or JMP with a 32-bit distance of less than 16 MiB. */
static bool has_x86(const uint8_t *data, size_t size)
{
	for (size_t i = 0; i + 5 <= size; i++) {
		if ((data[i] & 0xfe) == 0xe8 && (data[i + 4] == 0x00 || data[i + 4] == 0xff))
			return true;
	}
	return false;
}

/* BL in two halfwords. */
static bool has_armthumb(const uint8_t *data, size_t size)
{
	for (size_t i = 0; i + 4 <= size; i += 2) {
		if ((data[i + 1] & 0xf8) == 0xf0 && (data[i + 3] & 0xf8) == 0xf8)
			return true;
	}
	return false;
}

/* b with the absolute bit clear and the link bit set; BL; CALL. */
static bool is_branch(uint32_t bit, const uint8_t *word)
{
	if (bit == SQST_XZ_POWERPC)
		return word[0] >> 2 == 0x12 && (word[3] & 3) == 1;
	if (bit == SQST_XZ_ARM)
		return word[3] == 0xeb;
	return (word[0] == 0x40 && (word[1] & 0xc0) == 0x00) ||
	       (word[0] == 0x7f && (word[1] & 0xc0) == 0xc0);
}

bool sqst_xz_filter_may_change(uint32_t bit, const uint8_t *data, size_t size)
{
	if (bit == SQST_XZ_X86)
		return has_x86(data, size);
	if (bit == SQST_XZ_ARMTHUMB)
		return has_armthumb(data, size);
	/* Itanium's bundles are not looked into. */
	if (bit != SQST_XZ_POWERPC && bit != SQST_XZ_ARM && bit != SQST_XZ_SPARC)
		return true;
	for (size_t i = 0; i + 4 <= size; i += 4) {
		if (is_branch(bit, data + i))
			return true;
	}
	return false;
}
