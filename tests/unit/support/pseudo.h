/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the tests of pseudo-file definitions share: a scratch directory, a list that is made of
 * text, and questions to a tree. */
#ifndef UNIT_SUPPORT_PSEUDO_H
#define UNIT_SUPPORT_PSEUDO_H

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pseudo/pseudo_apply.h"
#include "tree/tree.h"
#include "unit.h"

struct scratch {
	char directory[PATH_MAX / 4];
	/* Warnings, one a line. */
	char warnings[8192];
	struct sqst_report why;
	struct sqst_pseudo *pseudo;
	struct sqst_tree *tree;
};

int set_up(void **state);
int tear_down(void **state);
const char *at(const struct scratch *scratch, const char *name);
void put_file(const struct scratch *scratch, const char *name, const void *data, size_t size);
void scan_source(struct scratch *scratch);
int add(struct scratch *scratch, const char *definition);
void must_add(struct scratch *scratch, const char *definition);
int load_bytes(struct scratch *scratch, const char *text, size_t size);
int load(struct scratch *scratch, const char *text);
int apply(struct scratch *scratch);
void must_apply(struct scratch *scratch);
const struct sqst_node *find(const struct scratch *scratch, const char *path);
const struct sqst_inode *inode_at(const struct scratch *scratch, const char *path);
void assert_owner(const struct scratch *scratch, const char *path, unsigned mode, uint32_t uid,
		  uint32_t gid);
void assert_content(const struct scratch *scratch, const char *path, const void *expected,
		    size_t size);
void assert_said(const char *text, const char *part);

#endif
