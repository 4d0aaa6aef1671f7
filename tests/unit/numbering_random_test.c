/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Random families of releases on which the library and numbering_oracle.h must come to the same
 * numbers. SQST_SEED repeats a run, SQST_ROUNDS makes it longer. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <time.h>

#include "support/numbering_oracle.h"

#include <time.h>

static uint32_t random_below(uint64_t *state, uint32_t limit)
{
	*state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(*state >> 33) % limit;
}

static int compare_models_paths(const void *a, const void *b)
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

static void random_add(struct model *model, uint64_t *state, uint32_t number)
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
static void random_remove(struct model *model, uint64_t *state)
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
static void random_link(struct model *model, uint64_t *state, uint32_t number)
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
static void random_retype(struct model *model, uint64_t *state, uint32_t number)
{
	const uint32_t at = random_below(state, model->count);

	if (at == 0 || model->path[at].type == SQST_TYPE_DIR)
		return;
	model->path[at].type = (uint8_t)(1 + random_below(state, 3));
	model->path[at].number = number;
}

static void random_change(struct model *model, uint64_t *state, uint32_t changes)
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
static void random_foreign(struct model *model, uint64_t *state)
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

#define HISTORY 6

static void random_round(struct model *history, uint64_t *state)
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
	compare_with_oracle(&now, parent, count, random_below(state, 20) == 0,
			    random_below(state, 2) == 0);
	/* The walk through numbers of oracle_stats() ends a family before it gets too long. */
	if (now.top > 2000)
		random_foreign(&now, state);
	history[random_below(state, HISTORY)] = now;
}

static void random_trees_match_the_oracle(void **state)
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

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(random_trees_match_the_oracle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
