/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bytes read as an image: accepted, refused, or damaged at random first. */
#ifndef UNIT_SUPPORT_IMAGE_H
#define UNIT_SUPPORT_IMAGE_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/bytes.h"
#include "sqst/image.h"
#include "sqst/map.h"
#include "unit.h"

extern char memory_path[64];

int open_memory(void **state);
int close_memory(void **state);
int read_bytes(const uint8_t *data, size_t size, struct sqst_numbers **out,
	       struct sqst_report *why);
struct sqst_numbers *accept(const uint8_t *data, size_t size);
void refuse(const uint8_t *data, size_t size, const char *message);
void map_is(const struct sqst_numbers *numbers, const char *should);
void damage_at_random(const uint8_t *image, size_t size, unsigned rounds);

#endif
