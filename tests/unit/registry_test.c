/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Registries without a database: what of a URL is shown, what is known of a tree, and what a
 * numbered tree changes. tests/cli/registry_test.py has the database. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "registry/known.h"
#include "registry/registry.h"
#include "registry/registry_url.h"
#include "support/numbering.h"

static void urls_are_shown_without_secrets(void **state)
{
	static const char *const pairs[][2] = {
	    {"postgresql://host/db", "postgresql://host/db"},
	    {"postgres://user@host:5433/db", "postgres://user@host:5433/db"},
	    {"postgresql://user:secret@host/db", "postgresql://user@host/db"},
	    {"postgresql://user:secret@host:1,other:2/db?sslmode=require",
	     "postgresql://user@host:1,other:2/db"},
	    {"postgresql:///db?password=secret", "postgresql:///db"},
	    {"postgresql://user:se@cret@host/db", "postgresql://user@host/db"},
	    {"postgresql://user:se/cret@host/db", "postgresql://user@host/db"},
	    {"postgresql://user:se?cret@host/db", "postgresql://user@host/db"},
	    {"postgresql://user:secret", "postgresql://user"},
	    {"postgresql://user:secret/db", "postgresql://user/db"},
	    {"postgresql://user:secret@[::1]:5432/db", "postgresql://user@[::1]:5432/db"},
	    {"postgresql://[::1]/db", "postgresql://[::1]/db"},
	    {"postgresql://%2Frun%2Fsocket/db", "postgresql://%2Frun%2Fsocket/db"},
	    {"postgresql://@", "postgresql://@"},
	    {"postgresql://", "postgresql://"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		char *shown = sqst_registry_shown(pairs[i][0]);

		assert_true(sqst_registry_is_url(pairs[i][0]));
		assert_string_equal(shown, pairs[i][1]);
		free(shown);
	}
	assert_false(sqst_registry_is_url("rootfs.map"));
	assert_false(sqst_registry_is_url("./postgresql://x"));
	assert_false(sqst_registry_is_url("postgresql:/x"));
}

struct row {
	const char *path;
	uint8_t type;
	uint32_t number;
	bool shared;
};

static void add_rows(struct sqst_known *known, const struct row *row)
{
	struct sqst_report why = {0};

	for (; row->path; row++) {
		const struct sqst_row one = {
		    .path = row->path,
		    .length = strlen(row->path),
		    .number = row->number,
		    .type = row->type,
		    .shared = row->shared,
		};

		require(sqst_known_add(known, &one, &why), &why);
	}
	require(sqst_known_finish(known, &why), &why);
}

static int note(void *user, const struct sqst_row *row, struct sqst_report *why)
{
	char *text = user;

	(void)why;
	sprintf(text + strlen(text), "%.*s:%u=%u ", (int)row->length, row->path, row->type,
		row->number);
	return 0;
}

/* What is known of `paths` by these rows, and the rows that go and come when the tree then has the
 * numbers that stand in `paths`. */
static void check(const char *paths, uint32_t top, const struct row *row, const char *should_know,
		  const char *should_drop, const char *should_add)
{
	struct sqst_numbers *numbers = numbers_of(paths, 1000);
	struct sqst_tree *tree = tree_of_numbers(numbers);
	char drops[500] = "", adds[500] = "", *text;
	struct sqst_known known;
	struct sqst_report why = {0};

	require(sqst_known_begin(&known, tree, "registry", &why), &why);
	add_rows(&known, row);
	text = canonical(known.numbers);
	assert_string_equal(text, should_know);
	free(text);
	for (struct sqst_node *node = sqst_tree_root(tree); node; node = sqst_tree_next(node)) {
		const struct sqst_entry *entry = &numbers->root;
		char path[100];

		sqst_node_path(node, path, sizeof(path));
		for (const char *at = path; *at; at += strcspn(at, "/"), at += *at == '/') {
			const struct sqst_entry *child = entry->child;

			while (strlen(child->name) != strcspn(at, "/") ||
			       memcmp(child->name, at, strcspn(at, "/")) != 0)
				child++;
			entry = child;
		}
		node->inode->number = entry->number;
	}
	require(sqst_known_drops(&known, tree, known.numbers, top, note, drops, &why), &why);
	require(sqst_known_adds(tree, top, note, adds, &why), &why);
	assert_string_equal(drops, should_drop);
	assert_string_equal(adds, should_add);
	sqst_known_release(&known);
	sqst_tree_free(tree);
	sqst_numbers_free(numbers);
}

static void an_empty_registry_learns_all(void **state)
{
	const struct row rows[] = {{0}};

	(void)state;
	check("d.=1 fa=2 dd=3 fd/x=2", 0, rows, ". type=dir inode=0\n", "",
	      ":1=1 a:2=2 d:1=3 d/x:2=2 ");
}

static void known_paths_keep_their_rows(void **state)
{
	/* a-b and d/y were away, a was a directory once, x is gone. */
	const struct row rows[] = {
	    {"", 1, 1, false},
	    {"a", 2, 2, false},
	    {"a", 1, 3, false},
	    {"a/c", 2, 4, false},
	    {"a-b", 2, 5, false},
	    {"d", 1, 6, false},
	    {"d/y", 3, 7, false},
	    {"x", 2, 8, false},
	    {"d/z/deep", 2, 9, false},
	    {"nothing/at/all", 2, 10, false},
	    {0},
	};

	(void)state;
	check("d.=1 fa=2 fa-b=5 dd=6 ld/y=7 fd/z=12 fe=13", 11, rows,
	      ". type=dir inode=1\n./a type=file inode=2\n./a-b type=file inode=5\n"
	      "./d type=dir inode=6\n./d/y type=link inode=7\n",
	      "", "d/z:2=12 e:2=13 ");
}

static void a_link_group_is_known_whole_or_not_at_all(void **state)
{
	const struct row rows[] = {
	    {"", 1, 1, false}, {"a", 2, 2, true}, {"b", 2, 2, true},
	    {"c", 2, 3, true}, {"e", 2, 3, true}, {0},
	};
	const char *const all = ". type=dir inode=1\n./a type=file inode=2\n"
				"./b type=file inode=2\n";

	(void)state;
	/* c and e are away, both, and may come back. */
	check("d.=1 fa=2 fb=2", 4, rows, all, "", "");
	/* d joins. */
	check("d.=1 fa=5 fb=5 fd=5", 4, rows, all, "a:2=2 b:2=2 a:2=5 b:2=5 ",
	      "a:2=5 b:2=5 d:2=5 ");
	/* Only e is away, or is something else now: no row of theirs stays. */
	check("d.=1 fc=5", 4, rows, ". type=dir inode=1\n", "c:2=3 e:2=3 ", "c:2=5 ");
	/* Both are away, one is something else. */
	check("d.=1 le=5", 4, rows, ". type=dir inode=1\n", "", "e:3=5 ");
	check("d.=1 fc=5 le=6", 4, rows, ". type=dir inode=1\n", "c:2=3 e:2=3 ", "c:2=5 e:3=6 ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(urls_are_shown_without_secrets),
	    cmocka_unit_test(an_empty_registry_learns_all),
	    cmocka_unit_test(known_paths_keep_their_rows),
	    cmocka_unit_test(a_link_group_is_known_whole_or_not_at_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
