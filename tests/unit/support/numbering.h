/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Trees and parents as one line of text for the tests of numbering and maps.
 *
 * "d.=1 da=2 fa/x=3 fa/y=3": a type letter (dir, file, link, block, char, p for fifo, socket), the
 * path ("." is the root), the number. In a tree to be numbered the numbers only say which paths are
 * one inode. */
#ifndef UNIT_SUPPORT_NUMBERING_H
#define UNIT_SUPPORT_NUMBERING_H

#include <stdlib.h>
#include <string.h>

#include "numbering/numbering.h"
#include "sqst/map.h"
#include "unit.h"

/* The first lines of a map. */
#define START "#mtree\n# sqfs-stable: version=1 top=99\n"
#define ROOT  ". type=dir inode=1\n"

extern const char type_letters[];

void require(int rc, const struct sqst_report *why);
struct sqst_numbers *numbers_of(const char *paths, uint32_t top);

/* Of a map's text. */
struct sqst_numbers *parse(const char *text);
struct sqst_tree *tree_of_numbers(const struct sqst_numbers *numbers);
struct sqst_tree *tree_of(const char *paths);
char *canonical(const struct sqst_numbers *numbers);
char *canonical_of_tree(const struct sqst_tree *tree);

#endif
