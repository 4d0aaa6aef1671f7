/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A scratch directory, and a small parent image in it. */
#ifndef UNIT_SUPPORT_REUSE_H
#define UNIT_SUPPORT_REUSE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "parent/parent_data.h"
#include "sqst/build.h"
#include "sqst/image.h"
#include "unit.h"

void scratch_path(char *to, size_t size, const char *name);
int scratch_setup(void **state);
int scratch_teardown(void **state);

struct parent {
	char path[300];
	char source[300];
	struct sqst_source input;
	struct sqst_build_options options;
};

#define PARENT_FILES 6

uint8_t parent_byte(uint64_t size, uint64_t at);
int parent_setup(void **state);
int parent_teardown(void **state);
struct sqst_parent_format parent_wish(const struct sqst_build_options *options);
struct sqst_parent_data *parent_read_with(const struct parent *parent,
					  const struct sqst_build_options *options);
void parent_forge_numbers(const char *path, uint32_t number);
struct sqst_parent_data *parent_read(const struct parent *parent);

#endif
