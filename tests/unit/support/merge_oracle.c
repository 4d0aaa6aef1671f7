/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A world of few paths, in arrays: random branches of it, and what a join of two must be. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "merge_oracle.h"
#include "sqst/lineage.h"

/* What can be there, each behind its directory, in tree order. */
static const char *const world_path[PATHS] = {
    "",    "a",   "a/d", "a/d/x", "a/d/y", "a/x",   "a/y", "b",   "b/d", "b/d/x", "b/d/y",
    "b/x", "b/y", "c",   "c/d",   "c/d/x", "c/d/y", "c/x", "c/y", "x",   "y",     "z",
};

const uint8_t world_uuid[SQST_UUID_SIZE] = "a-lineage's-uuid";

/* The last path before it that it has in front, with a slash. */
static size_t directory_of(size_t at)
{
	const char *slash = strrchr(world_path[at], '/');
	const size_t length = slash ? (size_t)(slash - world_path[at]) : 0;
	size_t up = slash ? at : 0;

	while (up > 0 && (strlen(world_path[up]) != length ||
			  memcmp(world_path[up], world_path[at], length) != 0))
		up--;
	return up;
}

static bool is_below(size_t at, size_t directory)
{
	while (at != 0) {
		at = directory_of(at);
		if (at == directory)
			return true;
	}
	return false;
}

/* ---- chance */

uint64_t chance_state;

uint32_t chance(uint32_t below)
{
	chance_state = chance_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(chance_state >> 33) % below;
}

/* ---- changes */

/* Take a path out of its group. */
static void world_unlink(struct world *world, size_t at)
{
	size_t next = PATHS;

	for (size_t i = 0; i < PATHS; i++) {
		if (i == at || !world->type[i] || world->leader[i] != at)
			continue;
		if (next == PATHS)
			next = i;
		world->leader[i] = (uint8_t)next;
	}
	world->leader[at] = (uint8_t)at;
}

static void world_remove(struct world *world, size_t at)
{
	for (size_t i = at; i < PATHS; i++) {
		if (i != at && !is_below(i, at))
			continue;
		world_unlink(world, i);
		world->type[i] = 0;
	}
}

static void world_link(struct world *world, size_t at, size_t to)
{
	size_t leader;

	if (at == to || world->type[to] == 0 || world->type[to] == SQST_TYPE_DIR)
		return;
	world_remove(world, at);
	if (!world->type[to])
		return;
	leader = world->leader[to];
	world->type[at] = world->type[to];
	world->leader[at] = (uint8_t)leader;
	for (size_t i = 0; at < leader && i < PATHS; i++) {
		if (world->type[i] && world->leader[i] == leader)
			world->leader[i] = (uint8_t)at;
	}
}

void world_change(struct world *world, bool links)
{
	static const uint8_t types[] = {SQST_TYPE_DIR, SQST_TYPE_DIR, SQST_TYPE_FILE,
					SQST_TYPE_FILE, SQST_TYPE_SYMLINK};
	const size_t at = 1 + chance(PATHS - 1);
	const uint32_t what = chance(links ? 8 : 5);

	if (world->type[directory_of(at)] != SQST_TYPE_DIR)
		return;
	if (what == 0) {
		world_remove(world, at);
	} else if (what < 5) {
		const uint8_t type = types[chance(5)];

		if (world->type[at] == type)
			return;
		world_remove(world, at);
		world->type[at] = type;
	} else if (what == 5) {
		world_unlink(world, at);
	} else {
		world_link(world, at, 1 + chance(PATHS - 1));
	}
}

/* ---- releases */

static struct sqst_tree *world_tree(const struct world *world)
{
	struct sqst_tree *tree = sqst_tree_new();
	struct sqst_node *node[PATHS] = {sqst_tree_root(tree)};

	for (size_t i = 1; i < PATHS; i++) {
		const char *slash = strrchr(world_path[i], '/');
		const char *name = slash ? slash + 1 : world_path[i];
		struct sqst_node *directory = node[directory_of(i)];

		if (!world->type[i])
			continue;
		node[i] =
		    world->leader[i] == i
			? sqst_tree_add(tree, directory, name, world->type[i])
			: sqst_tree_link(tree, directory, name, node[world->leader[i]]->inode);
		assert_non_null(node[i]);
	}
	assert_int_equal(sqst_tree_finish(tree, NULL), 0);
	return tree;
}

static const struct sqst_entry *entry_at(const struct sqst_numbers *numbers, const char *path)
{
	const struct sqst_entry *entry = &numbers->root;

	while (*path) {
		const size_t length = strcspn(path, "/");
		uint32_t i = 0;

		while (i < entry->count && (strlen(entry->child[i].name) != length ||
					    memcmp(entry->child[i].name, path, length) != 0))
			i++;
		if (i == entry->count)
			return NULL;
		entry = &entry->child[i];
		path += length;
		path += *path == '/';
	}
	return entry;
}

/* What the library made becomes a world. Owns the numbers. */
void world_take(struct world *world, struct sqst_numbers *numbers)
{
	memset(world, 0, sizeof(*world));
	world->numbers = numbers;
	world->top = numbers->lineage.top;
	for (size_t i = 0; i < PATHS; i++) {
		const struct sqst_entry *entry = entry_at(numbers, world_path[i]);

		world->leader[i] = (uint8_t)i;
		if (!entry)
			continue;
		world->type[i] = entry->type;
		world->number[i] = entry->number;
		for (size_t j = i; j > 0; j--) {
			if (world->type[j - 1] && world->number[j - 1] == entry->number)
				world->leader[i] = (uint8_t)(j - 1);
		}
	}
}

/* Build a release with these parents. */
void world_release(struct world *world, const struct world *const *parent, size_t parents)
{
	const struct sqst_numbers *list[2];
	struct sqst_tree *tree = world_tree(world);
	struct sqst_numbers *numbers = NULL;
	struct sqst_numbering out;
	struct sqst_report why = {0};

	for (size_t i = 0; i < parents; i++)
		list[i] = parent[i]->numbers;
	require(sqst_numbering_assign(tree, list, parents, 0, &out, &why), &why);
	require(sqst_numbers_from_tree(tree, "world", &numbers, &why), &why);
	sqst_tree_free(tree);
	numbers->lineage.top = out.top;
	numbers->lineage.root = out.root;
	numbers->lineage.recorded = true;
	memcpy(numbers->lineage.uuid, world_uuid, SQST_UUID_SIZE);
	for (size_t i = 0; i < parents; i++) {
		if (numbers->lineage.generation <= list[i]->lineage.generation)
			numbers->lineage.generation = list[i]->lineage.generation + 1;
	}
	require(sqst_lineage_name(numbers, &why), &why);
	world_take(world, numbers);
}

/* A child of `from` after some changes. */
void world_branch(const struct world *from, struct world *to, bool links)
{
	const struct world *parent[] = {from};

	*to = *from;
	for (uint32_t changes = chance(6); changes > 0; changes--)
		world_change(to, links);
	world_release(to, parent, 1);
}

/* ---- what a join must be */

static uint8_t joined_alone(uint8_t base, uint8_t ours, uint8_t theirs)
{
	if (ours == base)
		return theirs;
	if (theirs == base || ours == theirs)
		return ours;
	if (!ours)
		return theirs;
	return theirs ? UNDECIDED : ours;
}

/* The types of the join; returns how many conflicts there are. */
uint32_t joined_types(const struct world *base, const struct world *ours,
		      const struct world *theirs, uint8_t type[PATHS])
{
	uint32_t conflicts = 0;

	for (size_t i = 0; i < PATHS; i++)
		type[i] = joined_alone(base ? base->type[i] : 0, ours->type[i], theirs->type[i]);
	for (size_t i = PATHS; i-- > 0;) {
		bool above = false;

		for (size_t j = i + 1; j < PATHS; j++)
			above |= is_below(j, i) && type[j];
		if (above && type[i] && type[i] != SQST_TYPE_DIR && ours->type[i] &&
		    theirs->type[i])
			type[i] = UNDECIDED;
		else if (above)
			type[i] = SQST_TYPE_DIR;
		conflicts += type[i] == UNDECIDED;
	}
	return conflicts;
}

/* R8 for a path without hard links: its number, 0 for any that is new. */
uint32_t joined_number(size_t at, uint8_t type, const struct world *ours,
		       const struct world *theirs)
{
	const uint32_t here = ours->type[at] == type ? ours->number[at] : 0;
	const uint32_t there = theirs->type[at] == type ? theirs->number[at] : 0;

	if (here)
		return here == there || here > theirs->top ? here : 0;
	return there > ours->top ? there : 0;
}

/* What the numbers of a child promise to who runs an ancestor; direct: to a parent. */
void check_safe(const struct world *child, const struct world *old, bool direct)
{
	assert_true(child->top >= old->top);
	for (size_t i = 0; i < PATHS; i++) {
		bool alive = false, common = false;

		if (!child->type[i] || child->number[i] > old->top)
			continue;
		for (size_t j = 0; j < PATHS; j++) {
			const bool had =
			    old->type[j] == child->type[i] && old->number[j] == child->number[i];

			alive |= had;
			common |= had && child->type[j] == child->type[i] &&
				  child->number[j] == child->number[i];
		}
		assert_true(direct ? common : alive);
	}
}
