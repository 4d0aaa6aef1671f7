/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bytes read as an image: accepted, refused, or damaged at random first. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "image.h"
#include "map/map_text.h"

char memory_path[64];
static int memory = -1;

int open_memory(void **state)
{
	(void)state;
	memory = memfd_create("image", MFD_CLOEXEC);
	assert_true(memory >= 0);
	snprintf(memory_path, sizeof(memory_path), "/proc/self/fd/%d", memory);
	return 0;
}

int close_memory(void **state)
{
	(void)state;
	return close(memory);
}

/* Read `size` bytes as an image. On failure *out is as it was. */
int read_bytes(const uint8_t *data, size_t size, struct sqst_numbers **out, struct sqst_report *why)
{
	struct sqst_numbers *const before = *out;
	int rc;

	assert_int_equal(ftruncate(memory, 0), 0);
	assert_int_equal(pwrite(memory, data, size, 0), (ssize_t)size);
	*why = (struct sqst_report){0};
	rc = sqst_image_read_numbers(memory_path, out, why);
	if (rc == 0)
		return 0;
	assert_int_equal(rc, SQST_ERR_PARENT);
	assert_int_equal(why->code, rc);
	assert_non_null(strstr(why->message, memory_path));
	assert_ptr_equal(*out, before);
	return rc;
}

struct sqst_numbers *accept(const uint8_t *data, size_t size)
{
	struct sqst_numbers *numbers = NULL;
	struct sqst_report why;

	if (read_bytes(data, size, &numbers, &why) < 0)
		fail_msg("%s", why.message);
	return numbers;
}

void refuse(const uint8_t *data, size_t size, const char *message)
{
	struct sqst_numbers *numbers = NULL;
	struct sqst_report why;

	if (read_bytes(data, size, &numbers, &why) == 0)
		fail_msg("not refused: %s", message);
	if (!strstr(why.message, message))
		fail_msg("\"%s\" is not in: %s", message, why.message);
}

void map_is(const struct sqst_numbers *numbers, const char *should)
{
	struct sqst_report why = {0};
	char *text = NULL, *copy;
	size_t size;

	assert_int_equal(sqst_map_canonical(numbers, &text, &size, &why), 0);
	copy = strndup(text, size);
	assert_string_equal(copy, should);
	free(copy);
	free(text);
}

/* A generator that is the same everywhere (xorshift). */
static uint64_t next_random(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

/* Flip bits, set bytes, cut: whatever comes, it is read or refused. */
void damage_at_random(const uint8_t *image, size_t size, unsigned rounds)
{
	uint8_t *data = malloc(size);
	uint64_t seed = 20240607;
	unsigned accepted = 0;

	assert_non_null(data);
	for (unsigned round = 0; round < rounds; round++) {
		const uint64_t hits = 1 + next_random(&seed) % 4;
		struct sqst_numbers *numbers = NULL;
		struct sqst_report why;
		size_t length = size;

		memcpy(data, image, size);
		for (uint64_t i = 0; i < hits; i++) {
			const uint64_t random = next_random(&seed);
			const size_t at = (random >> 16) % size;

			data[at] = random & 1 ? (uint8_t)(random >> 8)
					      : (uint8_t)(data[at] ^ 1 << (random >> 1 & 7));
		}
		if (next_random(&seed) % 8 == 0) {
			length = next_random(&seed) % size;
			if (length >= 48)
				sqst_put64(data + 40, length);
		}
		if (read_bytes(data, length, &numbers, &why) == 0)
			accepted++;
		sqst_numbers_free(numbers);
	}
	assert_true(accepted < rounds);
	free(data);
}
