/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The rules written down a second time, as plainly and as slowly as they read, and random families
 * of releases on which the library must come to the same numbers. SQST_SEED repeats a run,
 * SQST_ROUNDS makes it longer. */
#ifndef UNIT_NUMBERING_ORACLE_H
#define UNIT_NUMBERING_ORACLE_H

#include <time.h>

#include "numbering_support.h"

#define MODEL_PATHS   32
#define MODEL_NAME    40
#define MODEL_PARENTS 3

/* One release, its paths in tree order. In one that is not numbered yet, equal numbers are links.
 */
struct model {
	struct {
		char name[MODEL_NAME];
		uint8_t type;
		uint32_t number;
	} path[MODEL_PATHS];
	uint32_t count;
	uint32_t top;
};

/* ---- the rules */

static inline uint32_t model_find(const struct model *model, const char *name)
{
	uint32_t i = 0;

	while (i < model->count && strcmp(model->path[i].name, name) != 0)
		i++;
	return i;
}

/* The number of an identity, 0 if the release does not have it. */
static inline uint32_t model_number(const struct model *model, const char *name, uint8_t type)
{
	const uint32_t i = model_find(model, name);

	return i < model->count && model->path[i].type == type ? model->path[i].number : 0;
}

static inline bool model_uses(const struct model *model, uint32_t number)
{
	for (uint32_t i = 0; i < model->count; i++) {
		if (model->path[i].number == number)
			return true;
	}
	return false;
}

/* R1, R6, R8. */
static inline uint32_t oracle_candidate(const char *name, uint8_t type,
					const struct model *const *parent, size_t count)
{
	uint32_t number = 0;

	for (size_t i = 0; i < count; i++) {
		const uint32_t here = model_number(parent[i], name, type);

		number = here ? here : number;
	}
	for (size_t i = 0; i < count; i++) {
		if (model_number(parent[i], name, type) != number && number <= parent[i]->top)
			return 0;
	}
	return number;
}

static inline uint32_t oracle_weight(const struct model *now, const uint32_t *candidate,
				     uint32_t group, uint32_t number)
{
	uint32_t weight = 0;

	for (uint32_t i = 0; i < now->count; i++)
		weight += now->path[i].number == group && candidate[i] == number;
	return weight;
}

static inline uint32_t oracle_first(const struct model *now, uint32_t group)
{
	uint32_t i = 0;

	while (now->path[i].number != group)
		i++;
	return i;
}

/* R5: the best of what is left, again and again. kept[i] is set at a group's first path. */
static inline void oracle_links(const struct model *now, const uint32_t *candidate, uint32_t *kept)
{
	for (;;) {
		uint32_t best[3] = {0};

		for (uint32_t i = 0; i < now->count; i++) {
			const uint32_t group = now->path[i].number, number = candidate[i];
			const uint32_t first = oracle_first(now, group);
			const uint32_t weight = oracle_weight(now, candidate, group, number);
			bool open = number != 0 && kept[first] == 0;

			for (uint32_t k = 0; k < now->count; k++)
				open = open && kept[k] != number;
			if (open &&
			    (weight > best[0] ||
			     (weight == best[0] &&
			      (number < best[1] || (number == best[1] && first < best[2]))))) {
				best[0] = weight;
				best[1] = number;
				best[2] = first;
			}
		}
		if (best[0] == 0)
			return;
		kept[best[2]] = best[1];
	}
}

/* Whether `number` stands for the same paths in both. */
static inline bool oracle_same_group(const struct model *now, const struct model *parent,
				     uint32_t number)
{
	for (uint32_t i = 0; i < now->count; i++) {
		const uint32_t at = model_find(parent, now->path[i].name);
		const bool had = at < parent->count && parent->path[at].number == number;

		if (had != (now->path[i].number == number))
			return false;
	}
	for (uint32_t i = 0; i < parent->count; i++) {
		if (parent->path[i].number == number &&
		    model_find(now, parent->path[i].name) == now->count)
			return false;
	}
	return true;
}

/* Numbers in use whose paths differ from those that some parent knew. */
static inline uint32_t oracle_regrouped(const struct model *now, const struct model *const *parent,
					size_t count)
{
	uint32_t regrouped = 0;

	for (uint32_t i = 0; i < now->count; i++) {
		const uint32_t number = now->path[i].number;
		bool changed = false;

		if (oracle_first(now, number) != i)
			continue;
		for (size_t k = 0; k < count; k++)
			changed = changed || (number <= parent[k]->top &&
					      !oracle_same_group(now, parent[k], number));
		regrouped += changed;
	}
	return regrouped;
}

static inline void oracle_stats(const struct model *now, const struct model *const *parent,
				size_t count, struct sqst_numbering_stats *stats)
{
	for (uint32_t i = 0; i < now->count; i++) {
		bool known = false, kept = false, retyped = false;

		for (size_t k = 0; k < count; k++) {
			const char *name = now->path[i].name;
			const uint32_t number = model_number(parent[k], name, now->path[i].type);

			known = known || number;
			kept = kept || number == now->path[i].number;
			if (model_find(parent[k], name) < parent[k]->count)
				retyped = number == 0;
		}
		stats->kept += kept;
		stats->added += !kept;
		stats->retyped += !kept && retyped;
		stats->renumbered += !kept && known;
		stats->live += oracle_first(now, now->path[i].number) == i;
	}
	stats->regrouped = oracle_regrouped(now, parent, count);
	for (uint32_t number = 1; number <= now->top; number++) {
		bool used = false;

		for (size_t k = 0; k < count; k++)
			used = used || model_uses(parent[k], number);
		stats->retired += used && !model_uses(now, number);
	}
}

/* Number `now` by the rules. */
static inline void oracle(struct model *now, const struct model *const *parent, size_t count,
			  bool new_lineage, struct sqst_numbering *out)
{
	uint32_t candidate[MODEL_PATHS] = {0}, kept[MODEL_PATHS] = {0}, given[MODEL_PATHS];
	uint32_t top = 0;

	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < count; i++)
		top = parent[i]->top > top ? parent[i]->top : top;
	for (uint32_t i = 0; i < now->count && !new_lineage; i++)
		candidate[i] =
		    oracle_candidate(now->path[i].name, now->path[i].type, parent, count);
	oracle_links(now, candidate, kept);
	for (uint32_t i = 0; i < now->count; i++) {
		const uint32_t first = oracle_first(now, now->path[i].number);

		given[i] = first < i ? given[first] : kept[i] ? kept[i] : ++top;
	}
	for (uint32_t i = 0; i < now->count; i++)
		now->path[i].number = given[i];
	out->root = now->path[0].number;
	out->root_double = out->root != top;
	if (out->root_double && model_uses(now, top))
		top++;
	now->top = out->top = top;
	oracle_stats(now, parent, count, &out->stats);
}

/* What the rules are for: on a device that runs a parent, a number that the parent has reached
 * means nothing or the same file. */
static inline void check_safe(const struct model *now, const struct model *parent)
{
	for (uint32_t i = 0; i < now->count; i++) {
		const uint32_t number = now->path[i].number;
		bool same = number > parent->top;

		for (uint32_t k = 0; k < now->count; k++)
			same = same || (now->path[k].number == number &&
					model_number(parent, now->path[k].name,
						     now->path[k].type) == number);
		assert_true(same);
	}
}

/* ---- random releases */

static inline uint32_t random_below(uint64_t *state, uint32_t limit)
{
	*state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(*state >> 33) % limit;
}

static inline int compare_models_paths(const void *a, const void *b)
{
	const char *left = a, *right = b;

	while (*left && *left == *right) {
		left++;
		right++;
	}
	/* '/' is below every other byte: tree order. */
	return (*left == '/' ? 1
		: *left == 0 ? 0
			     : (unsigned char)*left + 1) -
	       (*right == '/' ? 1
		: *right == 0 ? 0
			      : (unsigned char)*right + 1);
}

static inline void random_add(struct model *model, uint64_t *state, uint32_t number)
{
	static const char *const names[] = {"a", "a-b", "a0", "a.", "b", "c"};
	const uint32_t dir = random_below(state, model->count);
	char name[MODEL_NAME];

	if (model->count == MODEL_PATHS || model->path[dir].type != SQST_TYPE_DIR)
		return;
	if (strlen(model->path[dir].name) > MODEL_NAME - 8)
		return;
	strcpy(name, dir ? model->path[dir].name : "");
	strcat(name, dir ? "/" : "");
	strcat(name, names[random_below(state, 6)]);
	if (model_find(model, name) < model->count)
		return;
	strcpy(model->path[model->count].name, name);
	model->path[model->count].type =
	    random_below(state, 3) ? SQST_TYPE_FILE : (uint8_t)(1 + random_below(state, 3));
	model->path[model->count++].number = number;
	qsort(model->path + 1, model->count - 1, sizeof(model->path[0]), compare_models_paths);
}

/* Remove a path and all below it. */
static inline void random_remove(struct model *model, uint64_t *state)
{
	const uint32_t at = random_below(state, model->count);
	const size_t length = strlen(model->path[at].name);
	uint32_t end = at + 1;

	if (at == 0)
		return;
	while (end < model->count &&
	       strncmp(model->path[end].name, model->path[at].name, length) == 0 &&
	       model->path[end].name[length] == '/')
		end++;
	memmove(&model->path[at], &model->path[end], (model->count - end) * sizeof(model->path[0]));
	model->count -= end - at;
}

/* Make one path a link of another, or no link any more. */
static inline void random_link(struct model *model, uint64_t *state, uint32_t number)
{
	const uint32_t one = random_below(state, model->count);
	const uint32_t two = random_below(state, model->count);

	if (model->path[one].type == SQST_TYPE_DIR)
		return;
	if (random_below(state, 3) == 0)
		model->path[one].number = number;
	else if (model->path[one].type == model->path[two].type)
		model->path[one].number = model->path[two].number;
}

/* Another type for a path that nothing is below and that is no link. */
static inline void random_retype(struct model *model, uint64_t *state, uint32_t number)
{
	const uint32_t at = random_below(state, model->count);

	if (at == 0 || model->path[at].type == SQST_TYPE_DIR)
		return;
	model->path[at].type = (uint8_t)(1 + random_below(state, 3));
	model->path[at].number = number;
}

static inline void random_change(struct model *model, uint64_t *state, uint32_t changes)
{
	/* Above all that are there, so that nothing is linked by chance. */
	uint32_t number = SQST_NUMBER_MAX / 2;

	for (uint32_t i = 0; i < changes; i++, number++) {
		switch (random_below(state, 8)) {
		case 0:
			random_remove(model, state);
			break;
		case 1:
			random_retype(model, state, number);
			break;
		case 2:
		case 3:
			random_link(model, state, number);
			break;
		default:
			random_add(model, state, number);
			break;
		}
	}
}

/* A release of another tool: each inode any number up to top, the root anywhere. */
static inline void random_foreign(struct model *model, uint64_t *state)
{
	uint32_t number[2 * MODEL_PATHS];

	model->count = 1;
	strcpy(model->path[0].name, "");
	model->path[0].type = SQST_TYPE_DIR;
	model->path[0].number = SQST_NUMBER_MAX;
	random_change(model, state, 40);
	model->top = MODEL_PATHS + random_below(state, MODEL_PATHS);
	for (uint32_t i = 0; i < model->top; i++)
		number[i] = i + 1;
	for (uint32_t i = 0; i < model->count; i++) {
		const uint32_t old = model->path[i].number;
		const uint32_t pick = i + random_below(state, model->top - i);
		const uint32_t swap = number[pick];

		if (old <= model->top)
			continue;
		number[pick] = number[i];
		number[i] = swap;
		for (uint32_t k = i; k < model->count; k++) {
			if (model->path[k].number == old)
				model->path[k].number = swap;
		}
	}
}

/* ---- the comparison */

static inline char *model_text(const struct model *model)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	for (uint32_t i = 0; i < model->count; i++)
		fprintf(out, "%s%c%s=%u", i ? " " : "", type_letters[model->path[i].type],
			i ? model->path[i].name : ".", model->path[i].number);
	fclose(out);
	return text;
}

static inline struct sqst_numbers *model_numbers(const struct model *model)
{
	char *text = model_text(model);
	struct sqst_numbers *numbers = numbers_of(text, model->top);

	free(text);
	return numbers;
}

/* With fresh links, no number stands for other paths than any parent knew. */
static inline void check_fresh_links(struct model *now, const struct sqst_numbers *const *numbers,
				     const struct model *const *parent, size_t count)
{
	char *text = model_text(now);
	struct sqst_tree *tree = tree_of(text);
	struct sqst_node *node = sqst_tree_root(tree);
	struct sqst_numbering is = {0};
	struct sqst_report why = {0};

	require(sqst_numbering_assign(tree, numbers, count, SQST_NUMBERING_FRESH_LINKS, &is, &why),
		&why);
	for (uint32_t i = 0; i < now->count; i++, node = sqst_tree_next(node))
		now->path[i].number = node->inode->number;
	assert_int_equal(oracle_regrouped(now, parent, count), 0);
	assert_int_equal(is.stats.regrouped, 0);
	sqst_tree_free(tree);
	free(text);
}

/* Number `now` both ways; it has its numbers afterwards. */
static inline void compare_with_oracle(struct model *now, const struct model *const *parent,
				       size_t count, bool new_lineage)
{
	struct model fresh = *now;
	struct sqst_numbers *numbers[MODEL_PARENTS];
	struct sqst_numbering is = {0}, should;
	struct sqst_report why = {0};
	char *text = model_text(now);
	struct sqst_tree *tree = tree_of(text);
	struct sqst_node *node = sqst_tree_root(tree);
	char name[MODEL_NAME];

	for (size_t i = 0; i < count; i++)
		numbers[i] = model_numbers(parent[i]);
	require(sqst_numbering_assign(tree, (const struct sqst_numbers *const *)numbers, count,
				      new_lineage ? SQST_NUMBERING_NEW_LINEAGE : 0, &is, &why),
		&why);
	check_fresh_links(&fresh, (const struct sqst_numbers *const *)numbers, parent, count);
	oracle(now, parent, count, new_lineage, &should);
	for (uint32_t i = 0; i < now->count; i++, node = sqst_tree_next(node)) {
		assert_non_null(node);
		sqst_node_path(node, name, sizeof(name));
		assert_string_equal(name, now->path[i].name);
		assert_int_equal(node->inode->number, now->path[i].number);
	}
	assert_null(node);
	assert_int_equal(is.top, should.top);
	assert_int_equal(is.root, should.root);
	assert_int_equal(is.root_double, should.root_double);
	assert_memory_equal(&is.stats, &should.stats, sizeof(is.stats));
	for (size_t i = 0; i < count; i++) {
		check_safe(now, parent[i]);
		sqst_numbers_free(numbers[i]);
	}
	sqst_tree_free(tree);
	free(text);
}

#define HISTORY 6

static inline void random_round(struct model *history, uint64_t *state)
{
	const struct model *parent[MODEL_PARENTS];
	const size_t count = random_below(state, MODEL_PARENTS + 1);
	const uint32_t slot = random_below(state, HISTORY);
	struct model now;

	if (random_below(state, 12) == 0)
		random_foreign(&history[slot], state);
	for (size_t i = 0; i < count; i++)
		parent[i] = &history[random_below(state, HISTORY)];
	now = *(count ? parent[random_below(state, (uint32_t)count)] : &history[slot]);
	random_change(&now, state, random_below(state, 12));
	compare_with_oracle(&now, parent, count, random_below(state, 20) == 0);
	/* The walk through numbers of oracle_stats() ends a family before it gets too long. */
	if (now.top > 2000)
		random_foreign(&now, state);
	history[random_below(state, HISTORY)] = now;
}

static inline void random_trees_match_the_oracle(void **state)
{
	const char *seed_text = getenv("SQST_SEED"), *rounds_text = getenv("SQST_ROUNDS");
	const uint64_t seed = seed_text ? strtoull(seed_text, NULL, 0) : (uint64_t)time(NULL);
	const unsigned long rounds = rounds_text ? strtoul(rounds_text, NULL, 0) : 1000;
	struct model history[HISTORY];
	uint64_t random = seed;

	(void)state;
	print_message("SQST_SEED=%llu SQST_ROUNDS=%lu\n", (unsigned long long)seed, rounds);
	for (size_t i = 0; i < HISTORY; i++)
		random_foreign(&history[i], &random);
	for (unsigned long i = 0; i < rounds; i++)
		random_round(history, &random);
}

#endif
