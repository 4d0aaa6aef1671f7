/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the tests of edits share. */
#ifndef UNIT_SUPPORT_EDIT_H
#define UNIT_SUPPORT_EDIT_H

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "edit/edit.h"
#include "tree/tree.h"
#include "unit.h"

int enter(void **state);
int leave(void **state);
void dir(const char *path);
void file(const char *path, const char *text);
void warn(void *user, const char *message);
void assert_paths(const struct sqst_tree *tree, const char *expected);
struct sqst_node *get(const struct sqst_tree *tree, const char *path);
void assert_text(const struct sqst_tree *tree, const char *path, const char *expected);

#endif
