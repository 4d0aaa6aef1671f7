/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The list of pseudo-file definitions: kept in order, found by path. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

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
	free(pseudo->slot);
	free(pseudo->xattr);
	free(pseudo->left_out);
	sqst_arena_free(pseudo->arena);
	free(pseudo);
}

size_t sqst_pseudo_count(const struct sqst_pseudo *pseudo)
{
	return pseudo->entries + pseudo->xattrs;
}

static size_t *find_pseudo_slot(const struct sqst_pseudo *pseudo, const char *path)
{
	for (size_t at = XXH3_64bits(path, strlen(path));; at++) {
		size_t *slot = &pseudo->slot[at & (pseudo->slots - 1)];

		if (*slot == 0 || strcmp(pseudo->entry[*slot - 1].path, path) == 0)
			return slot;
	}
}

struct sqst_pseudo_entry *sqst_pseudo_find(const struct sqst_pseudo *pseudo, const char *path)
{
	const size_t *slot = pseudo->slots > 0 ? find_pseudo_slot(pseudo, path) : NULL;

	return slot && *slot ? &pseudo->entry[*slot - 1] : NULL;
}

/* Room for one more entry, with at most half of the slots in use. */
static bool grow_pseudo_slots(struct sqst_pseudo *pseudo)
{
	const size_t room = pseudo->entry_room ? pseudo->entry_room * 2 : 32;
	struct sqst_pseudo_entry *entry;
	size_t *slot;

	if (pseudo->entries < pseudo->entry_room)
		return true;
	entry = realloc(pseudo->entry, room * sizeof(*entry));
	if (!entry)
		return false;
	pseudo->entry = entry;
	slot = calloc(room * 2, sizeof(*slot));
	if (!slot)
		return false;
	free(pseudo->slot);
	pseudo->slot = slot;
	pseudo->slots = room * 2;
	pseudo->entry_room = room;
	for (size_t i = 0; i < pseudo->entries; i++)
		*find_pseudo_slot(pseudo, entry[i].path) = i + 1;
	return true;
}

struct sqst_pseudo_entry *sqst_pseudo_enter(struct sqst_pseudo *pseudo, const char *path,
					    struct sqst_pseudo_item *item)
{
	struct sqst_pseudo_entry *entry;

	if (!grow_pseudo_slots(pseudo))
		return NULL;
	entry = &pseudo->entry[pseudo->entries];
	*entry = (struct sqst_pseudo_entry){.path = path, .item = item};
	*find_pseudo_slot(pseudo, path) = ++pseudo->entries;
	return entry;
}

struct sqst_pseudo_xattr *sqst_pseudo_add_xattr(struct sqst_pseudo *pseudo)
{
	if (pseudo->xattrs == pseudo->xattr_room) {
		const size_t room = pseudo->xattr_room ? pseudo->xattr_room * 2 : 16;
		struct sqst_pseudo_xattr *grown = realloc(pseudo->xattr, room * sizeof(*grown));

		if (!grown)
			return NULL;
		pseudo->xattr = grown;
		pseudo->xattr_room = room;
	}
	return &pseudo->xattr[pseudo->xattrs++];
}

int sqst_pseudo_note(const struct sqst_pseudo_line *line, const char *what, const char *path)
{
	struct sqst_pseudo *pseudo = line->pseudo;
	struct sqst_pseudo_left_out *grown;
	const size_t count = pseudo->left_outs;

	/* Full exactly at 0 and at each power of two. */
	if ((count & (count - 1)) == 0) {
		grown = realloc(pseudo->left_out, (count ? count * 2 : 1) * sizeof(*grown));
		if (!grown)
			return sqst_pseudo_no_memory(line);
		pseudo->left_out = grown;
	}
	pseudo->left_out[pseudo->left_outs++] = (struct sqst_pseudo_left_out){
	    .path = path, .what = what, .file = line->file, .line = line->line};
	return 0;
}

size_t sqst_pseudo_add_source(struct sqst_pseudo *pseudo, const char *name)
{
	struct sqst_pseudo_source *grown =
	    realloc(pseudo->source, (pseudo->sources + 1) * sizeof(*grown));

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
