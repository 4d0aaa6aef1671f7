/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sorting many inode numbers in linear time. */
#ifndef LIB_BASE_SORT_H
#define LIB_BASE_SORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Sort ascending. Takes 4 bytes a value while it works; false if memory is short. */
bool sqst_sort_u32(uint32_t *values, size_t count);

/* Drop repetitions from sorted values; returns how many are left. */
size_t sqst_unique_u32(uint32_t *values, size_t count);

/* Index of a value among sorted ones, count if it is not there. */
size_t sqst_search_u32(const uint32_t *values, size_t count, uint32_t value);

#endif
