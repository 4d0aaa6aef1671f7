/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The parents of a build: each is read once, and asked for what the new image has of it: numbers,
 * lineage, times, data. */
#ifndef LIB_PARENT_PARENTS_H
#define LIB_PARENT_PARENTS_H

#include "parent/parent_data.h"
#include "sqst/numbers.h"
#include "sqst/report.h"
#include "tree/node.h"

struct sqst_map_lock;
struct sqst_registry;

struct sqst_parent {
	const char *path;
	/* A map, or a registry's URL. */
	bool is_map;
};

/* `parent`, `count` and what is wanted are the caller's to fill; all else is zero at first. */
struct sqst_parents {
	/* Oldest first. */
	struct sqst_parent parent[SQST_PARENTS_MAX];
	size_t count;
	/* What the lineage of the new image is to be: UUID and label, or NULL. */
	const uint8_t *uuid;
	const char *label;
	bool new_lineage;
	/* See SQST_NUMBERING_KEEP_LINKS, which does not go with a registry. */
	bool keep_links;
	/* May be NULL. */
	const struct sqst_cancel *cancel;
	/* One a parent; `read` of them are there. */
	struct sqst_numbers *numbers[SQST_PARENTS_MAX];
	size_t read;
	/* The newest parent that is an image, open until it is released; NULL if there is none.
	 * Only an image has times and data. */
	struct sqst_parent_data *data;
	size_t newest_image;
	/* One of the parents may be a registry. */
	struct sqst_registry *registry;
	size_t registry_at;
	/* Held on the map that is a parent and is replaced. */
	struct sqst_map_lock *lock;
};

/* Lock the map at `output` (NULL: none) if it is a parent too, before it is read. */
int sqst_parents_lock(struct sqst_parents *parents, const char *output, struct sqst_report *why);

/* Open and read them all. */
int sqst_parents_read(struct sqst_parents *parents, struct sqst_report *why);

/* UUID (null: to be made of the numbering), generation, label and parents of the new image. */
int sqst_parents_inherit(const struct sqst_parents *parents, struct sqst_lineage *lineage,
			 struct sqst_report *why);

/* Before and after the tree is numbered; nothing without a registry. Between the two no other build
 * of the lineage gets numbers. After the commit the numbers are given, whatever becomes of the
 * image. */
int sqst_parents_begin(struct sqst_parents *parents, const struct sqst_tree *tree,
		       struct sqst_report *why);
int sqst_parents_commit(struct sqst_parents *parents, const struct sqst_tree *tree,
			struct sqst_lineage *lineage, struct sqst_report *why);

/* Learn where the data of the newest image is, and give each inode of the tree the number that it
 * had there (inode->previous). */
int sqst_parents_read_data(struct sqst_parents *parents, struct sqst_tree *tree,
			   const struct sqst_parent_format *format, struct sqst_report *why);

/* The highest number that a path of a parent may have. */
uint32_t sqst_parents_known(const struct sqst_parents *parents);

/* Numbers, and the connection to a registry, are no longer needed once the tree has its numbers. */
void sqst_parents_forget_numbers(struct sqst_parents *parents);

void sqst_parents_release(struct sqst_parents *parents);

#endif
