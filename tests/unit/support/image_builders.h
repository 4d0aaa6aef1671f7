/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Images of other builders, from a source tree that has something of everything. */
#ifndef UNIT_SUPPORT_IMAGE_BUILDERS_H
#define UNIT_SUPPORT_IMAGE_BUILDERS_H

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "sqst/codec.h"
#include "sqst/numbers.h"
#include "unit.h"

struct builders {
	char work[256];
	char source[272];
	char image[272];
};

bool builder_there(const char *tool);
int builders_setup(void **state);
int builders_teardown(void **state);
bool builder_run(const struct builders *builders, const char *tool, const char *options);
uint8_t *builder_image(const struct builders *builders, size_t *size);

void builder_compare(const struct builders *builders, const struct sqst_numbers *numbers,
		     bool links);

#endif
