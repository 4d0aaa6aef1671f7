/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From the root inode down the directory tree, on a stack of our own. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/scope.h"
#include "image/tree.h"

/* A directory whose children are being gone through. */
struct image_frame {
	struct sqst_entry *dir;
	/* The child that comes next. */
	uint32_t next;
	/* The first child's order among the names. */
	uint32_t first;
	uint64_t ref;
	/* Bytes before a child's name in its path below the root. */
	size_t prefix;
};

struct image_walk {
	struct sqst_image *image;
	struct sqst_numbers *numbers;
	struct sqst_names *names;
	struct sqst_image_listing_buffer listing;
	struct image_frame *stack;
	size_t depth;
	/* Bytes that all listings may still have together. */
	uint64_t left;
};

static void stack_path(const struct image_frame *stack, size_t depth, char shown[SQST_SHOWN_MAX])
{
	strcpy(shown, ".");
	for (size_t i = 1; i < depth; i++)
		sqst_shown_add(shown, stack[i].dir->name);
}

/* The next child directory on the stack's top, NULL if there is none left. */
static struct sqst_entry *next_directory(struct image_frame *top)
{
	while (top->next < top->dir->count) {
		struct sqst_entry *child = &top->dir->child[top->next++];

		if (child->type == SQST_TYPE_DIR)
			return child;
	}
	return NULL;
}

/* Put a directory onto the stack. There is room: a deeper path is longer than a path may be. */
static struct image_frame *push_directory(struct image_frame *stack, size_t *depth,
					  struct sqst_entry *dir)
{
	struct image_frame *top = &stack[*depth];

	*top = (struct image_frame){.dir = dir};
	if (*depth > 0)
		top->prefix = top[-1].prefix + strlen(dir->name) + 1;
	(*depth)++;
	return top;
}

/* The walk again, over the finished tree, because memory for a path for each name would cost more
 * than a second walk for the one message. */
void sqst_names_path(const struct sqst_numbers *numbers, uint32_t order, char shown[SQST_SHOWN_MAX])
{
	SQST_AUTO_FREE struct image_frame *stack = calloc(SQST_IMAGE_DEPTH, sizeof(*stack));
	struct sqst_entry root = numbers->root;
	struct sqst_entry *dir = &root;
	uint32_t first = 1;
	size_t depth = 0;

	strcpy(shown, ".");
	if (!stack || order == 0)
		return;
	for (;;) {
		if (dir) {
			push_directory(stack, &depth, dir);
			if (order - first < dir->count)
				break;
			first += dir->count;
		} else if (--depth == 0) {
			return;
		}
		dir = next_directory(&stack[depth - 1]);
	}
	stack_path(stack, depth, shown);
	sqst_shown_add(shown, dir->child[order - first].name);
}

/* Listings of two directories never share bytes, so all together have at most those of the table.
 * Without this, a small image could name one large listing in many directories. */
static int check_size(struct image_walk *walk, const struct sqst_image_inode *inode,
		      const char *path)
{
	if (inode->listing_size > walk->left)
		return sqst_image_bad(walk->image,
				      "directory %s: a listing of %" PRIu32
				      " bytes exceeds the rest of the directory table",
				      path, inode->listing_size);
	walk->left -= inode->listing_size;
	return 0;
}

/* Read a directory into its entry and put it onto the stack. */
static int walk_directory(struct image_walk *walk, struct sqst_entry *dir, uint64_t ref)
{
	struct image_frame *top = push_directory(walk->stack, &walk->depth, dir);
	struct sqst_image_inode inode;
	struct sqst_cursor cursor;
	char path[SQST_SHOWN_MAX];
	int rc;

	top->ref = ref;
	stack_path(walk->stack, walk->depth, path);
	for (const struct image_frame *up = walk->stack; up < top; up++) {
		if (up->ref == ref)
			return sqst_image_bad(walk->image, "directory %s contains itself", path);
	}
	rc = sqst_image_inode_read(walk->image, ref, &inode, &cursor);
	if (rc < 0)
		return rc;
	if (inode.type != SQST_TYPE_DIR)
		return sqst_image_bad(walk->image,
				      "%s: the inode at reference 0x%" PRIx64
				      " has type %u and is not a directory",
				      path, ref, inode.type);
	if (top > walk->stack && inode.parent != top[-1].dir->number)
		return sqst_image_bad(walk->image,
				      "directory %s: its inode has parent inode %" PRIu32
				      " instead of %" PRIu32,
				      path, inode.parent, top[-1].dir->number);
	if (top == walk->stack)
		dir->number = inode.number;
	top->first = (uint32_t)walk->names->count;
	rc = check_size(walk, &inode, path);
	if (rc == 0)
		rc = sqst_image_listing(walk->image, &inode, path, top->prefix,
					walk->numbers->arena, &walk->listing, walk->names);
	if (rc < 0 || walk->listing.count == 0)
		return rc;
	dir->child =
	    sqst_arena_array(walk->numbers->arena, walk->listing.count, sizeof(*dir->child));
	if (!dir->child)
		return sqst_image_nomem(walk->image);
	memcpy(dir->child, walk->listing.entry, walk->listing.count * sizeof(*dir->child));
	dir->count = (uint32_t)walk->listing.count;
	return 0;
}

static int enter_root(struct image_walk *walk)
{
	const uint64_t ref = walk->image->super.root;
	struct sqst_names *names = walk->names;
	int rc;

	if (ref >> 48 != 0)
		return sqst_image_bad(walk->image,
				      "the root reference 0x%" PRIx64
				      " in the superblock (offset 0x20) exceeds 48 bits",
				      ref);
	names->room = 256;
	names->name = calloc(names->room, sizeof(*names->name));
	if (!names->name)
		return sqst_image_nomem(walk->image);
	names->count = 1;
	rc = walk_directory(walk, &walk->numbers->root, ref);
	if (rc < 0)
		return rc;
	names->name[0] =
	    (struct sqst_name){SQST_NAME_KEY(ref, SQST_TYPE_DIR), walk->numbers->root.number, 0};
	if (walk->numbers->root.number == 0 ||
	    walk->numbers->root.number > walk->image->super.inodes)
		return sqst_image_bad(walk->image,
				      "the root's inode number %" PRIu32
				      " is not between 1 and the superblock's inode count %" PRIu32,
				      walk->numbers->root.number, walk->image->super.inodes);
	return 0;
}

static int descend(struct image_walk *walk)
{
	int rc = enter_root(walk);

	while (rc == 0 && walk->depth > 0) {
		struct image_frame *top = &walk->stack[walk->depth - 1];
		struct sqst_entry *child = next_directory(top);

		if (child)
			rc = walk_directory(
			    walk, child, walk->names->name[top->first + (top->next - 1)].key >> 4);
		else
			walk->depth--;
	}
	return rc;
}

int sqst_image_walk(struct sqst_image *image, struct sqst_numbers *numbers,
		    struct sqst_names *names)
{
	SQST_AUTO_FREE struct image_frame *stack = calloc(SQST_IMAGE_DEPTH, sizeof(*stack));
	struct image_walk walk = {
	    .image = image, .numbers = numbers, .names = names, .stack = stack};
	uint64_t blocks;
	int rc;

	if (!stack)
		return sqst_image_nomem(image);
	rc = sqst_meta_count(image, &image->directories, &blocks);
	if (rc < 0)
		return rc;
	walk.left = blocks * SQST_META_SIZE;
	rc = descend(&walk);
	free(walk.listing.entry);
	numbers->paths = (uint32_t)names->count;
	return rc;
}
