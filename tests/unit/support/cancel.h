/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A place with two releases to build, and faults that are to meet the build. */
#ifndef UNIT_SUPPORT_CANCEL_H
#define UNIT_SUPPORT_CANCEL_H

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "pseudo/pseudo_apply.h"
#include "sqst/build.h"
#include "unit.h"

#define BLOCK 4096u
#define FILES 24u

/* What is to go wrong, and whether it has. Only reads of files below `where` are counted. */
struct fault {
	char where[300];
	atomic_uint reads;
	unsigned fail_at;
	/* From then on threads are slow, so that they have something in hand when the build ends.
	 */
	atomic_bool over;
	pthread_t builder;
	unsigned asked;
	unsigned cancel_at;
};

extern struct fault fault;

bool asked(void *user);

struct place {
	char root[256];
	char source[2][270];
	char parent[270];
	char target[270];
	char *parent_bytes;
	size_t parent_size;
	struct sqst_source input;
	struct sqst_parent_file parent_file;
	struct sqst_build_options options;
	/* Of a pseudo file, or NULL. */
	const char *definition;
};

char *read_all(const char *path, size_t *size);
int build(struct place *place, struct sqst_report *why);
void must_build(struct place *place);
int setup(void **state);
int teardown(void **state);
int setup_update(void **state);
void assert_file(const char *path, const char *bytes, size_t size);
void assert_nothing_left(const struct place *place);
unsigned rounds(void);

#endif
