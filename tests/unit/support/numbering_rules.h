/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One rule, one case: parents, a tree, and the numbers that must come out. */
#ifndef UNIT_SUPPORT_NUMBERING_RULES_H
#define UNIT_SUPPORT_NUMBERING_RULES_H

#include "numbering.h"

#define PARENTS 4

struct parent {
	const char *paths;
	uint32_t top;
};

struct rule {
	struct parent parent[PARENTS];
	const char *tree;
	bool new_lineage;
	bool keep_links;
	/* What must come out. */
	const char *numbers;
	uint32_t top;
	bool no_double;
	uint32_t kept;
	uint32_t retyped;
	uint32_t renumbered;
	uint32_t retired;
};

int assign(const struct rule *rule, struct sqst_tree *tree, struct sqst_numbering *out,
	   struct sqst_report *why);
void check(const struct rule *rule);

#define CHECK(...) check(&(const struct rule){__VA_ARGS__})

#endif
