/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the tests of pseudo-file definitions share: a scratch directory, a list that is made of
 * text, and questions to a tree. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "pseudo.h"
#include "tree/sources.h"

static void keep_warning(void *user, const char *message)
{
	struct scratch *scratch = user;
	const size_t used = strlen(scratch->warnings);

	snprintf(scratch->warnings + used, sizeof(scratch->warnings) - used, "%s\n", message);
}

int set_up(void **state)
{
	struct scratch *scratch = calloc(1, sizeof(*scratch));
	const char *directory = getenv("TMPDIR");

	assert_non_null(scratch);
	snprintf(scratch->directory, sizeof(scratch->directory), "%s/pseudo-test-XXXXXX",
		 directory ? directory : "/tmp");
	assert_non_null(mkdtemp(scratch->directory));
	scratch->why.warn = keep_warning;
	scratch->why.user = scratch;
	scratch->pseudo = sqst_pseudo_new();
	assert_non_null(scratch->pseudo);
	*state = scratch;
	return 0;
}

int tear_down(void **state)
{
	struct scratch *scratch = *state;
	char command[PATH_MAX];

	sqst_pseudo_free(scratch->pseudo);
	sqst_tree_free(scratch->tree);
	snprintf(command, sizeof(command), "rm -rf '%s'", scratch->directory);
	assert_int_equal(system(command), 0);
	free(scratch);
	return 0;
}

/* A path in the scratch directory; two may be in use at a time. */
const char *at(const struct scratch *scratch, const char *name)
{
	static char path[2][PATH_MAX];
	static unsigned turn;

	turn ^= 1;
	snprintf(path[turn], sizeof(path[turn]), "%s/%s", scratch->directory, name);
	return path[turn];
}

void put_file(const struct scratch *scratch, const char *name, const void *data, size_t size)
{
	const int fd = open(at(scratch, name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, size), (ssize_t)size);
	close(fd);
}

/* s/: d/a ("hello\n"), a second name of it, a symbolic link, a FIFO */
static void put_source(const struct scratch *scratch)
{
	assert_int_equal(mkdir(at(scratch, "s"), 0755), 0);
	assert_int_equal(mkdir(at(scratch, "s/d"), 0755), 0);
	put_file(scratch, "s/d/a", "hello\n", 6);
	assert_int_equal(link(at(scratch, "s/d/a"), at(scratch, "s/hard")), 0);
	assert_int_equal(symlink("tar get", at(scratch, "s/l")), 0);
	assert_int_equal(mkfifo(at(scratch, "s/p"), 0600), 0);
}

void scan_source(struct scratch *scratch)
{
	put_source(scratch);
	assert_int_equal(
	    sqst_tree_scan(at(scratch, "s"), NULL, NULL, &scratch->tree, &scratch->why), 0);
}

int add(struct scratch *scratch, const char *definition)
{
	return sqst_pseudo_add(scratch->pseudo, definition, &scratch->why);
}

void must_add(struct scratch *scratch, const char *definition)
{
	if (add(scratch, definition) != 0)
		fail_msg("%s", scratch->why.message);
}

int load_bytes(struct scratch *scratch, const char *text, size_t size)
{
	put_file(scratch, "list", text, size);
	return sqst_pseudo_load(scratch->pseudo, at(scratch, "list"), &scratch->why);
}

int load(struct scratch *scratch, const char *text)
{
	return load_bytes(scratch, text, strlen(text));
}

/* Apply to what was scanned, or else to nothing. */
int apply(struct scratch *scratch)
{
	struct sqst_pseudo_options options = {.time = 1234};

	if (!scratch->tree) {
		options.no_source = true;
		scratch->tree = sqst_tree_new();
	}
	return sqst_pseudo_apply(scratch->pseudo, scratch->tree, &options, &scratch->why);
}

void must_apply(struct scratch *scratch)
{
	if (apply(scratch) != 0)
		fail_msg("%s", scratch->why.message);
}

const struct sqst_node *find(const struct scratch *scratch, const char *path)
{
	const struct sqst_node *node = sqst_tree_root(scratch->tree);

	while (node && *path) {
		char name[SQST_NAME_MAX + 1] = "";
		const size_t length = strcspn(path, "/");

		memcpy(name, path, length);
		node = sqst_tree_find(node, name);
		path += length + (path[length] == '/');
	}
	return node;
}

const struct sqst_inode *inode_at(const struct scratch *scratch, const char *path)
{
	const struct sqst_node *node = find(scratch, path);

	if (!node)
		fail_msg("no %s in the tree", path);
	return node->inode;
}

void assert_owner(const struct scratch *scratch, const char *path, unsigned mode, uint32_t uid,
		  uint32_t gid)
{
	const struct sqst_inode *inode = inode_at(scratch, path);

	assert_int_equal(inode->mode, mode);
	assert_int_equal(inode->uid, uid);
	assert_int_equal(inode->gid, gid);
}

void assert_content(const struct scratch *scratch, const char *path, const void *expected,
		    size_t size)
{
	const struct sqst_node *node = find(scratch, path);
	struct sqst_content content;
	struct sqst_report why = {0};
	char data[4096];
	int rc;

	assert_non_null(node);
	assert_int_equal(node->inode->type, SQST_TYPE_FILE);
	assert_int_equal(node->inode->u.file.size, size);
	assert_true(size <= sizeof(data));
	rc = sqst_content_open(&content, scratch->tree, node, &why);
	if (rc == 0)
		rc = sqst_content_read(&content, 0, data, size, &why);
	if (rc == 0)
		rc = sqst_content_check(&content, &why);
	if (rc < 0)
		fail_msg("%s", why.message);
	sqst_content_close(&content);
	assert_memory_equal(data, expected, size);
}

void assert_said(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("\"%s\" does not say \"%s\"", text, part);
}
