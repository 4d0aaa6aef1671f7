/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a registry knows of a tree, and what a numbered tree changes in it. Pure: no database.
 *
 * A row of the registry is an identity (path and type) and its number. It says: whenever a release
 * used that number, the names of the number's rows had it, and no other. So whatever release a
 * device runs, they may have the number again together, though they were away. To keep that true,
 * - a number that is new to the registry gets rows for all paths that have it;
 * - a hard link group whose set of names changes (R5) loses all its rows. */
#ifndef LIB_REGISTRY_KNOWN_H
#define LIB_REGISTRY_KNOWN_H

#include "sqst/numbers.h"
#include "tree/node.h"

/* A row. */
struct sqst_row {
	/* Below the root, not NUL-terminated. */
	const char *path;
	size_t length;
	uint32_t number;
	/* An ::sqst_type. */
	uint8_t type;
	/* Another row has the same number. */
	bool shared;
};

struct sqst_known {
	/* The tree's paths that are known, with the numbers that the registry has for them. */
	struct sqst_numbers *numbers;
	/* All rows whose numbers are shared, of the tree's paths and of others; paths end with a
	 * NUL here. */
	struct sqst_row *row;
	size_t rows;
	size_t room;
};

/* Begin with a tree, whose numbers are not given yet. 0 or SQST_ERR_NOMEM. */
int sqst_known_begin(struct sqst_known *known, const struct sqst_tree *tree, const char *source,
		     struct sqst_report *why);

/* Take a row; it is copied. 0 or SQST_ERR_NOMEM. */
int sqst_known_add(struct sqst_known *known, const struct sqst_row *row, struct sqst_report *why);

/* After the last row: known->numbers is complete. 0 or SQST_ERR_NOMEM. */
int sqst_known_finish(struct sqst_known *known, struct sqst_report *why);

/* Called for a row; what it returns below 0 ends the walk. */
typedef int sqst_row_call(void *user, const struct sqst_row *row, struct sqst_report *why);

/* The rows that go, given the numbered tree, what known->numbers was, and the registry's top before
 * it. A row may come up twice. 0, SQST_ERR_NOMEM, or what `call` returned. */
int sqst_known_drops(const struct sqst_known *known, const struct sqst_tree *tree,
		     const struct sqst_numbers *numbers, uint32_t top, sqst_row_call *call,
		     void *user, struct sqst_report *why);

/* The rows that come. The same errors. */
int sqst_known_adds(const struct sqst_tree *tree, uint32_t top, sqst_row_call *call, void *user,
		    struct sqst_report *why);

/* Free what is in it. known->numbers may have been taken out (set to NULL). */
void sqst_known_release(struct sqst_known *known);

#endif
