/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The rules written down a second time, as plainly and as slowly as they read. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "numbering_oracle.h"

/* ---- the rules */

uint32_t model_find(const struct model *model, const char *name)
{
	uint32_t i = 0;

	while (i < model->count && strcmp(model->path[i].name, name) != 0)
		i++;
	return i;
}

/* The number of an identity, 0 if the release does not have it. */
static uint32_t model_number(const struct model *model, const char *name, uint8_t type)
{
	const uint32_t i = model_find(model, name);

	return i < model->count && model->path[i].type == type ? model->path[i].number : 0;
}

static bool model_uses(const struct model *model, uint32_t number)
{
	for (uint32_t i = 0; i < model->count; i++) {
		if (model->path[i].number == number)
			return true;
	}
	return false;
}

/* R1, R6, R8. */
static uint32_t oracle_candidate(const char *name, uint8_t type, const struct model *const *parent,
				 size_t count)
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

static uint32_t oracle_weight(const struct model *now, const uint32_t *candidate, uint32_t group,
			      uint32_t number)
{
	uint32_t weight = 0;

	for (uint32_t i = 0; i < now->count; i++)
		weight += now->path[i].number == group && candidate[i] == number;
	return weight;
}

static uint32_t oracle_first(const struct model *now, uint32_t group)
{
	uint32_t i = 0;

	while (now->path[i].number != group)
		i++;
	return i;
}

/* --keep-links: the best of what is left, again and again. kept[i] is set at a group's first path.
 */
static void oracle_links(const struct model *now, const uint32_t *candidate, uint32_t *kept)
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
static bool oracle_same_group(const struct model *now, const struct model *parent, uint32_t number)
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
static uint32_t oracle_regrouped(const struct model *now, const struct model *const *parent,
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

void oracle_stats(const struct model *now, const struct model *const *parent, size_t count,
		  struct sqst_numbering_stats *stats)
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

/* R5: whether all of a group want one number, and it is that of the same paths in each parent that
 * reached it. */
static bool oracle_is_whole(const struct model *now, const uint32_t *candidate,
			    const struct model *const *parent, size_t count, uint32_t first)
{
	const uint32_t number = candidate[first];
	struct model numbered = *now;

	for (uint32_t i = 0; i < now->count; i++) {
		const bool member = now->path[i].number == now->path[first].number;

		if (member && candidate[i] != number)
			return false;
		numbered.path[i].number = member ? number : 0;
	}
	for (size_t k = 0; k < count; k++) {
		if (number <= parent[k]->top && !oracle_same_group(&numbered, parent[k], number))
			return false;
	}
	return number != 0;
}

static void oracle_sets(const struct model *now, const uint32_t *candidate,
			const struct model *const *parent, size_t count, uint32_t *kept)
{
	for (uint32_t i = 0; i < now->count; i++) {
		if (oracle_first(now, now->path[i].number) == i &&
		    oracle_is_whole(now, candidate, parent, count, i))
			kept[i] = candidate[i];
	}
}

/* Number `now` by the rules. */
static void oracle(struct model *now, const struct model *const *parent, size_t count,
		   unsigned flags, struct sqst_numbering *out)
{
	uint32_t candidate[MODEL_PATHS] = {0}, kept[MODEL_PATHS] = {0}, given[MODEL_PATHS];
	uint32_t top = 0;

	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < count; i++)
		top = parent[i]->top > top ? parent[i]->top : top;
	for (uint32_t i = 0; i < now->count && !(flags & SQST_NUMBERING_NEW_LINEAGE); i++)
		candidate[i] =
		    oracle_candidate(now->path[i].name, now->path[i].type, parent, count);
	if (flags & SQST_NUMBERING_KEEP_LINKS)
		oracle_links(now, candidate, kept);
	else
		oracle_sets(now, candidate, parent, count, kept);
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
static void check_safe(const struct model *now, const struct model *parent)
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

/* ---- the comparison */

static char *model_text(const struct model *model)
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

static struct sqst_numbers *model_numbers(const struct model *model)
{
	char *text = model_text(model);
	struct sqst_numbers *numbers = numbers_of(text, model->top);

	free(text);
	return numbers;
}

/* Number a copy of `now` by the library and by the oracle; the copy, with its numbers, in `out`. */
static void compare_once(const struct model *now, const struct sqst_numbers *const *numbers,
			 const struct model *const *parent, size_t count, unsigned flags,
			 struct model *out)
{
	struct sqst_numbering is = {0}, should;
	struct sqst_report why = {0};
	char *text = model_text(now);
	struct sqst_tree *tree = tree_of(text);
	struct sqst_node *node = sqst_tree_root(tree);
	char name[MODEL_NAME];

	*out = *now;
	require(sqst_numbering_assign(tree, numbers, count, flags, &is, &why), &why);
	oracle(out, parent, count, flags, &should);
	for (uint32_t i = 0; i < out->count; i++, node = sqst_tree_next(node)) {
		assert_non_null(node);
		sqst_node_path(node, name, sizeof(name));
		assert_string_equal(name, out->path[i].name);
		assert_int_equal(node->inode->number, out->path[i].number);
	}
	assert_null(node);
	assert_int_equal(is.top, should.top);
	assert_int_equal(is.root, should.root);
	assert_int_equal(is.root_double, should.root_double);
	assert_memory_equal(&is.stats, &should.stats, sizeof(is.stats));
	for (size_t i = 0; i < count; i++)
		check_safe(out, parent[i]);
	sqst_tree_free(tree);
	free(text);
}

/* Number `now` both ways; it has its numbers afterwards, those of the default or the others. */
void compare_with_oracle(struct model *now, const struct model *const *parent, size_t count,
			 bool new_lineage, bool keep_links)
{
	const unsigned flags = new_lineage ? SQST_NUMBERING_NEW_LINEAGE : 0;
	struct sqst_numbers *numbers[MODEL_PARENTS];
	struct model safe, kept;

	for (size_t i = 0; i < count; i++)
		numbers[i] = model_numbers(parent[i]);
	compare_once(now, (const struct sqst_numbers *const *)numbers, parent, count, flags, &safe);
	/* No number stands for other paths than any parent knew. */
	assert_int_equal(oracle_regrouped(&safe, parent, count), 0);
	compare_once(now, (const struct sqst_numbers *const *)numbers, parent, count,
		     flags | SQST_NUMBERING_KEEP_LINKS, &kept);
	*now = keep_links ? kept : safe;
	for (size_t i = 0; i < count; i++)
		sqst_numbers_free(numbers[i]);
}
