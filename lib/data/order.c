/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* In which order the data of files is written. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <fnmatch.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/few.h"
#include "base/pattern.h"
#include "base/report.h"
#include "base/scope.h"
#include "data/order.h"

/* Which rule holds for an inode: counted from 1, so that 0 is "none", and or-ed with EXPLICIT for a
 * file that a rule of its own names, not only a directory above it; UNSEEN before it was met. For a
 * directory: what holds below it. */
#define EXPLICIT (UINT64_C(1) << 32)
#define UNSEEN   UINT64_MAX

/* A name that a rule without wildcards is about. */
struct target {
	const struct sqst_node *node;
	uint32_t rule;
};

struct order_state {
	const struct sqst_sort *sort;
	struct sqst_tree *tree;
	const char *const *source;
	size_t sources;
	struct sqst_report *why;
	struct target *target;
	size_t targets;
	/* How many rules have wildcards. */
	size_t patterns;
	/* One a rule: whether it is about anything. */
	bool *fits;
	/* One an inode. */
	uint64_t *holds;
};

/* ---- names to nodes */

static const struct sqst_node *look_up_below(const struct sqst_tree *tree, const char *directory,
					     const char *path)
{
	const char *name = strrchr(directory, '/');
	SQST_AUTO_FREE char *joined = NULL;

	if (asprintf(&joined, "%s/%s", name ? name + 1 : directory, path) < 0) {
		joined = NULL;
		return NULL;
	}
	return sqst_tree_look_up(tree, joined, strlen(joined));
}

/* The path without symbolic links, but for the last name, which may be one. */
static char *resolve_path(const char *path)
{
	SQST_AUTO_FREE char *copy = strdup(path);
	SQST_AUTO_FREE char *directory = NULL;
	char *slash, *result = NULL;

	if (!copy)
		return NULL;
	slash = strrchr(copy, '/');
	if (!slash || strcmp(slash, "/") == 0 || strcmp(slash, "/.") == 0 ||
	    strcmp(slash, "/..") == 0)
		return realpath(path, NULL);
	*slash = '\0';
	directory = realpath(slash == copy ? "/" : copy, NULL);
	if (directory &&
	    asprintf(&result, "%s/%s", strcmp(directory, "/") ? directory : "", slash + 1) < 0)
		result = NULL;
	return result;
}

/* A path of the file system that is one of the sources' directories or in one. */
static const struct sqst_node *look_up_source(const struct order_state *state, const char *path)
{
	SQST_AUTO_FREE char *wanted = resolve_path(path);
	const struct sqst_node *found = NULL;

	for (size_t i = 0; wanted && !found && i < state->sources; i++) {
		SQST_AUTO_FREE char *source = realpath(state->source[i], NULL);
		const size_t length = source ? strlen(source) : 0;
		const char *rest = wanted + length;

		if (!source || strncmp(wanted, source, length) != 0 || (*rest && *rest != '/'))
			continue;
		rest += *rest == '/';
		if (state->sources > 1)
			found = look_up_below(state->tree, source, rest);
		if (!found)
			found = sqst_tree_look_up(state->tree, rest, strlen(rest));
		if (!found)
			found = look_up_below(state->tree, source, rest);
	}
	return found;
}

static bool is_of_file_system(const char *path)
{
	return path[0] == '/' || strncmp(path, "./", 2) == 0 || strncmp(path, "../", 3) == 0;
}

/* mksquashfs' rules for what a path is about; beyond them, one that begins as a path of the file
 * system but is none of a source's is taken as one of the image, so that sort files also work with
 * archives. */
static const struct sqst_node *find_sorted(const struct order_state *state, const char *path)
{
	const struct sqst_node *found = NULL;

	if (is_of_file_system(path)) {
		found = look_up_source(state, path);
		return found ? found : sqst_tree_look_up(state->tree, path, strlen(path));
	}
	found = sqst_tree_look_up(state->tree, path, strlen(path));
	for (size_t i = 0; !found && i < state->sources; i++)
		found = look_up_below(state->tree, state->source[i], path);
	/* As mkisofs has it: relative to the working directory. */
	return found ? found : look_up_source(state, path);
}

static bool is_pattern(const struct sqst_sort_rule *rule)
{
	return rule->match != SQST_SORT_PATH;
}

/* One warning a sort file. */
static void warn_of_nothing(const struct order_state *state)
{
	const struct sqst_sort *sort = state->sort;
	struct sqst_few few = {0};

	for (size_t i = 0; i < sort->rules; i++) {
		const struct sqst_sort_rule *rule = &sort->rule[i];

		if (!state->fits[i])
			sqst_few_add(&few, "line %u (%s)", rule->line, rule->path);
		if (few.count == 0 || (i + 1 < sort->rules && rule[1].file == rule->file))
			continue;
		sqst_warn(state->why, rule->file, "%zu line%s nothing in the image: %s", few.count,
			  few.count == 1 ? " fits" : "s fit", few.text);
		few = (struct sqst_few){0};
	}
}

static int by_node(const void *a, const void *b)
{
	const struct target *left = a, *right = b;

	if (left->node != right->node)
		return (uintptr_t)left->node < (uintptr_t)right->node ? -1 : 1;
	return left->rule < right->rule ? -1 : left->rule > right->rule;
}

static int find_targets(struct order_state *state)
{
	const struct sqst_sort *sort = state->sort;
	size_t kept = 0;

	state->target = calloc(sort->rules + 1, sizeof(*state->target));
	state->fits = calloc(sort->rules + 1, sizeof(*state->fits));
	if (!state->target || !state->fits)
		return sqst_no_memory(state->why, NULL);
	for (size_t i = 0; i < sort->rules; i++) {
		const struct sqst_node *node;

		if (is_pattern(&sort->rule[i])) {
			state->patterns++;
			continue;
		}
		node = find_sorted(state, sort->rule[i].path);
		if (!node)
			continue;
		state->fits[i] = true;
		state->target[state->targets++] = (struct target){node, (uint32_t)i + 1};
	}
	qsort(state->target, state->targets, sizeof(*state->target), by_node);
	for (size_t i = 0; i < state->targets; i++) {
		/* Of several rules about one name the last wins. */
		if (i + 1 == state->targets || state->target[i + 1].node != state->target[i].node)
			state->target[kept++] = state->target[i];
	}
	state->targets = kept;
	return 0;
}

/* ---- nodes to rules */

static uint32_t rule_of_name(const struct order_state *state, const struct sqst_node *node)
{
	size_t low = 0, high = state->targets;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		const struct target *target = &state->target[middle];

		if (target->node == node)
			return target->rule;
		if ((uintptr_t)target->node < (uintptr_t)node)
			low = middle + 1;
		else
			high = middle;
	}
	return 0;
}

static uint32_t rule_of_patterns(const struct order_state *state, const struct sqst_node *node)
{
	uint32_t last = 0;
	char path[PATH_MAX];

	if (state->patterns == 0 || !node->parent ||
	    sqst_node_path(node, path, sizeof(path)) >= sizeof(path))
		return 0;
	for (size_t i = 0; i < state->sort->rules; i++) {
		const struct sqst_sort_rule *rule = &state->sort->rule[i];
		const int flags = rule->match == SQST_SORT_GLOB_ANY ? 0 : FNM_PATHNAME;

		if (is_pattern(rule) && sqst_wildcard_matches(rule->path, path, flags)) {
			state->fits[i] = true;
			last = (uint32_t)i + 1;
		}
	}
	return last;
}

static int priority_of(const struct sqst_sort *sort, uint64_t holds)
{
	const uint32_t rule = (uint32_t)holds;

	return rule ? sort->rule[rule - 1].priority : 0;
}

/* Which rule holds for a file of several names: the last of those that name it, else, of its
 * directories', the one with the highest priority. */
static uint64_t stronger(const struct sqst_sort *sort, uint64_t a, uint64_t b)
{
	const bool both_inherited = !(a & EXPLICIT) && !(b & EXPLICIT);

	if (a == UNSEEN)
		return b;
	if (both_inherited && priority_of(sort, a) != priority_of(sort, b))
		return priority_of(sort, a) > priority_of(sort, b) ? a : b;
	return a > b ? a : b;
}

static void give_rules(struct order_state *state)
{
	for (uint32_t i = 0; i < state->tree->indexes; i++)
		state->holds[i] = UNSEEN;
	for (struct sqst_node *node = state->tree->root; node; node = sqst_tree_next(node)) {
		const uint32_t name = rule_of_name(state, node);
		const uint32_t pattern = rule_of_patterns(state, node);
		const uint32_t own = name > pattern ? name : pattern;
		const uint64_t above = node->parent ? state->holds[node->parent->inode->index] : 0;
		uint64_t *holds = &state->holds[node->inode->index];

		if (node->inode->type == SQST_TYPE_DIR)
			*holds = own ? own : above;
		else
			*holds = stronger(state->sort, *holds, own ? own | EXPLICIT : above);
	}
}

static struct sqst_node *next_in_tree(struct sqst_order *order)
{
	do
		order->node = order->node ? sqst_tree_next(order->node) : order->tree->root;
	while (order->node && (order->node->inode->type != SQST_TYPE_FILE ||
			       !sqst_inode_set_add(&order->seen, order->node->inode)));
	return order->node;
}

static int by_priority(const void *a, const void *b)
{
	const struct sqst_ordered_file *left = a, *right = b;

	if (left->priority != right->priority)
		return left->priority > right->priority ? -1 : 1;
	return left->position < right->position ? -1 : left->position > right->position;
}

static int gather_files(const struct order_state *state, struct sqst_order *order)
{
	struct sqst_node *node;

	order->place = calloc(sqst_tree_inodes(state->tree) + (size_t)1, sizeof(*order->place));
	if (!order->place)
		return sqst_no_memory(state->why, NULL);
	while ((node = next_in_tree(order))) {
		const uint32_t rule = (uint32_t)state->holds[node->inode->index];

		order->place[order->count] = (struct sqst_ordered_file){
		    node, priority_of(state->sort, rule),
		    rule ? state->sort->rule[rule - 1].flags : 0, order->count};
		order->count++;
	}
	qsort(order->place, order->count, sizeof(*order->place), by_priority);
	return 0;
}

static int apply_rules(struct order_state *state, struct sqst_order *order)
{
	SQST_AUTO_FREE uint64_t *holds = calloc(state->tree->indexes, sizeof(*holds));
	int rc = find_targets(state);

	if (rc < 0)
		return rc;
	if (!holds)
		return sqst_no_memory(state->why, NULL);
	state->holds = holds;
	give_rules(state);
	warn_of_nothing(state);
	return gather_files(state, order);
}

int sqst_order_make(struct sqst_order *order, const struct sqst_sort *sort,
		    const char *const *source, size_t sources, struct sqst_report *why)
{
	struct order_state state = {
	    .sort = sort, .tree = order->tree, .source = source, .sources = sources, .why = why};
	int rc = sqst_inode_set_reserve(&order->seen, order->tree, why);

	if (rc < 0 || !sort || sort->rules == 0)
		return rc;
	if (sort->rules >= UINT32_MAX)
		return sqst_fail(why, SQST_ERR_LIMIT, NULL, "too many lines in the sort files");
	rc = apply_rules(&state, order);
	free(state.target);
	free(state.fits);
	return rc;
}

/* ---- one after the other */

void sqst_order_begin(struct sqst_order *order)
{
	memset(order->seen.bit, 0, order->seen.size);
	order->node = NULL;
	order->next = 0;
	order->flags = 0;
}

struct sqst_node *sqst_order_next(struct sqst_order *order)
{
	if (!order->place)
		return next_in_tree(order);
	if (order->next == order->count)
		return NULL;
	order->flags = order->place[order->next].flags;
	return order->place[order->next++].node;
}

void sqst_order_release(struct sqst_order *order)
{
	sqst_inode_set_release(&order->seen);
	free(order->place);
	*order = (struct sqst_order){0};
}
