/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The list of pseudo-file definitions: kept in order, found by path. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/array.h"
#include "pseudo/pseudo.h"

struct sqst_pseudo *sqst_pseudo_new(void)
{
	struct sqst_pseudo *pseudo = calloc(1, sizeof(*pseudo));

	if (!pseudo)
		return NULL;
	pseudo->arena = sqst_arena_new();
	if (!pseudo->arena) {
		free(pseudo);
		return NULL;
	}
	return pseudo;
}

void sqst_pseudo_free(struct sqst_pseudo *pseudo)
{
	if (!pseudo)
		return;
	for (size_t i = 0; i < pseudo->sources; i++) {
		if (pseudo->source[i].fd >= 0)
			close(pseudo->source[i].fd);
	}
	free(pseudo->source);
	free(pseudo->entry);
	sqst_hash_release(&pseudo->by_path);
	free(pseudo->xattr);
	free(pseudo->left_out);
	sqst_arena_free(pseudo->arena);
	free(pseudo);
}

size_t sqst_pseudo_count(const struct sqst_pseudo *pseudo)
{
	return pseudo->entries + pseudo->xattrs;
}

static bool has_path(const void *items, uint32_t index, const void *key)
{
	return strcmp(((const struct sqst_pseudo_entry *)items)[index].path, key) == 0;
}

struct sqst_pseudo_entry *sqst_pseudo_find(const struct sqst_pseudo *pseudo, const char *path)
{
	const uint32_t index = sqst_hash_find(&pseudo->by_path, XXH3_64bits(path, strlen(path)),
					      has_path, pseudo->entry, path);

	return index == SQST_HASH_NONE ? NULL : &pseudo->entry[index];
}

struct sqst_pseudo_entry *sqst_pseudo_enter(struct sqst_pseudo *pseudo, const char *path,
					    struct sqst_pseudo_item *item)
{
	struct sqst_pseudo_entry *grown =
	    sqst_grow(pseudo->entry, pseudo->entries, &pseudo->entry_room, sizeof(*grown));

	if (!grown)
		return NULL;
	pseudo->entry = grown;
	if (!sqst_hash_add(&pseudo->by_path, XXH3_64bits(path, strlen(path)),
			   (uint32_t)pseudo->entries))
		return NULL;
	grown += pseudo->entries++;
	*grown = (struct sqst_pseudo_entry){.path = path, .item = item};
	return grown;
}

struct sqst_pseudo_xattr *sqst_pseudo_add_xattr(struct sqst_pseudo *pseudo)
{
	struct sqst_pseudo_xattr *grown =
	    sqst_grow(pseudo->xattr, pseudo->xattrs, &pseudo->xattr_room, sizeof(*grown));

	if (!grown)
		return NULL;
	pseudo->xattr = grown;
	return &grown[pseudo->xattrs++];
}

int sqst_pseudo_note(const struct sqst_pseudo_line *line, const char *what, const char *path)
{
	struct sqst_pseudo *pseudo = line->pseudo;
	struct sqst_pseudo_left_out *grown =
	    sqst_grow(pseudo->left_out, pseudo->left_outs, &pseudo->left_out_room, sizeof(*grown));

	if (!grown)
		return sqst_pseudo_no_memory(line);
	pseudo->left_out = grown;
	grown[pseudo->left_outs++] = (struct sqst_pseudo_left_out){
	    .path = path, .what = what, .file = line->file, .line = line->line};
	return 0;
}

size_t sqst_pseudo_add_source(struct sqst_pseudo *pseudo, const char *name)
{
	struct sqst_pseudo_source *grown =
	    sqst_grow(pseudo->source, pseudo->sources, &pseudo->source_room, sizeof(*grown));

	if (!grown)
		return SIZE_MAX;
	pseudo->source = grown;
	grown[pseudo->sources] = (struct sqst_pseudo_source){.name = name, .fd = -1};
	return pseudo->sources++;
}

int sqst_pseudo_entry_fail(const struct sqst_pseudo_entry *entry, int code, int number,
			   const char *what, struct sqst_report *why)
{
	char place[64] = "pseudo file";

	if (entry->file)
		snprintf(place, sizeof(place), "line %zu: pseudo file", entry->line);
	if (number)
		return sqst_fail_errno(why, code, number, entry->file, "%s \"%s\": %s", place,
				       entry->path, what);
	return sqst_fail(why, code, entry->file, "%s \"%s\": %s", place, entry->path, what);
}
