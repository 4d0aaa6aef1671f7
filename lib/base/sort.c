/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sorting many inode numbers in linear time: a radix sort, least significant digit first. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>
#include <string.h>

#include "base/sort.h"

#define DIGIT_BITS 11
#define DIGITS     (1u << DIGIT_BITS)

static void sort_digit(const uint32_t *from, uint32_t *to, size_t count, unsigned shift,
		       size_t place[DIGITS])
{
	size_t sum = 0;

	memset(place, 0, DIGITS * sizeof(*place));
	for (size_t i = 0; i < count; i++)
		place[from[i] >> shift & (DIGITS - 1)]++;
	for (size_t digit = 0; digit < DIGITS; digit++) {
		const size_t here = place[digit];

		place[digit] = sum;
		sum += here;
	}
	for (size_t i = 0; i < count; i++)
		to[place[from[i] >> shift & (DIGITS - 1)]++] = from[i];
}

bool sqst_sort_u32(uint32_t *values, size_t count)
{
	uint32_t *from = values, *to, *other;
	uint32_t bits = 0;
	size_t *place;
	bool sorted = true;

	for (size_t i = 0; i < count; i++) {
		bits |= values[i];
		sorted = sorted && (i == 0 || values[i - 1] <= values[i]);
	}
	if (sorted)
		return true;
	other = malloc(count * sizeof(*other));
	place = malloc(DIGITS * sizeof(*place));
	if (!other || !place) {
		free(other);
		free(place);
		return false;
	}
	to = other;
	for (unsigned shift = 0; shift < 32 && bits >> shift; shift += DIGIT_BITS) {
		uint32_t *swap = from;

		sort_digit(from, to, count, shift, place);
		from = to;
		to = swap;
	}
	if (from != values)
		memcpy(values, from, count * sizeof(*values));
	free(other);
	free(place);
	return true;
}

size_t sqst_unique_u32(uint32_t *values, size_t count)
{
	size_t left = 0;

	for (size_t i = 0; i < count; i++) {
		if (left == 0 || values[left - 1] != values[i])
			values[left++] = values[i];
	}
	return left;
}

size_t sqst_search_u32(const uint32_t *values, size_t count, uint32_t value)
{
	size_t low = 0, high = count;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (values[middle] == value)
			return middle;
		if (values[middle] < value)
			low = middle + 1;
		else
			high = middle;
	}
	return count;
}
