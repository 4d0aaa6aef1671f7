/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An mtree specification as a source: names and metadata from its lines, contents from the files
 * that it names. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/array.h"
#include "base/cancel.h"
#include "base/file.h"
#include "base/scope.h"
#include "base/wait.h"
#include "source/mtree.h"
#include "source/origin_spool.h"
#include "source/stage.h"
#include "tree/kind.h"

SQST_DEFINE_SCOPE(file, FILE, fclose)

struct spec {
	struct sqst_stage stage;
	struct sqst_mtree_keys set;
	/* The directory that names without a '/' are in. */
	struct sqst_stage_name *current;
	unsigned long line;
	struct sqst_report *why;
};

static int fail_mtree(const struct spec *spec, const char *what, const char *detail)
{
	return sqst_fail(spec->why, SQST_ERR_SOURCE, spec->stage.source, "line %lu: %s%s%s",
			 spec->line, what, detail ? ": " : "", detail ? detail : "");
}

/* ---- the file that content, and what the line does not say, come from */

/* Only what the line leaves open, and only from a file of the same type. */
static void complete(struct sqst_mtree_keys *keys, const struct stat *st)
{
	if (!(keys->has & SQST_MTREE_TYPE))
		keys->type = (uint8_t)sqst_type_of_mode(st->st_mode);
	if (keys->type != sqst_type_of_mode(st->st_mode))
		return;
	if (!(keys->has & SQST_MTREE_MODE))
		keys->mode = st->st_mode & 07777;
	if (!(keys->has & SQST_MTREE_UID))
		keys->uid = st->st_uid;
	if (!(keys->has & SQST_MTREE_GID))
		keys->gid = st->st_gid;
	if (!(keys->has & SQST_MTREE_TIME))
		keys->time = st->st_mtim.tv_sec;
	if (!(keys->has & SQST_MTREE_DEVICE)) {
		keys->major = major(st->st_rdev);
		keys->minor = minor(st->st_rdev);
	}
	keys->has |= SQST_MTREE_TYPE | SQST_MTREE_MODE | SQST_MTREE_UID | SQST_MTREE_GID |
		     SQST_MTREE_TIME | SQST_MTREE_DEVICE;
}

/* Whether the line says all that there is to say of its type. */
static bool is_whole(const struct sqst_mtree_keys *keys)
{
	const unsigned needed =
	    SQST_MTREE_TYPE | SQST_MTREE_MODE | SQST_MTREE_UID | SQST_MTREE_GID | SQST_MTREE_TIME;

	return (keys->has & needed) == needed && keys->type != SQST_TYPE_FILE &&
	       (keys->type != SQST_TYPE_SYMLINK || keys->link);
}

static int defaults(const struct spec *spec, struct sqst_mtree_keys *keys)
{
	const struct sqst_archive_options *options = spec->stage.options;

	if (!(keys->has & SQST_MTREE_TYPE))
		return fail_mtree(spec, "no type=, and no file to take the type from", NULL);
	if ((keys->has & (SQST_MTREE_UNAME | SQST_MTREE_UID)) == SQST_MTREE_UNAME ||
	    (keys->has & (SQST_MTREE_GNAME | SQST_MTREE_GID)) == SQST_MTREE_GNAME)
		return fail_mtree(
		    spec, "the owner is given by name only; uid= and gid= are required", NULL);
	if (!(keys->has & SQST_MTREE_MODE)) {
		keys->mode = keys->type == SQST_TYPE_DIR ? 0755 : 0644;
		if (keys->type == SQST_TYPE_DIR && options->default_mode_set)
			keys->mode = options->default_mode & 07777;
	}
	if (!(keys->has & SQST_MTREE_UID))
		keys->uid = options->default_uid;
	if (!(keys->has & SQST_MTREE_GID))
		keys->gid = options->default_gid;
	return 0;
}

/* ---- one entry */

static int fill_mtree_symlink(struct spec *spec, const char *path,
			      const struct sqst_mtree_keys *keys, const char *file,
			      struct sqst_stage_body *body)
{
	char target[PATH_MAX + 1];
	ssize_t length;

	body->mode = 0777;
	if (keys->link)
		return sqst_stage_symlink(&spec->stage, path, keys->link, body);
	length = readlink(file, target, sizeof(target) - 1);
	if (length < 0 && (errno == ENOENT || errno == ENOTDIR || errno == EINVAL))
		return fail_mtree(spec, "a link without link=", path);
	if (length < 0)
		return sqst_fail_errno(spec->why, SQST_ERR_SOURCE, errno, spec->stage.source,
				       "line %lu: %s: cannot read the symbolic link %s", spec->line,
				       path, file);
	target[length] = '\0';
	return sqst_stage_symlink(&spec->stage, path, target, body);
}

/* Build systems name contents through symbolic links. */
static int fill_mtree_file(struct spec *spec, const char *path, const struct sqst_mtree_keys *keys,
			   const char *file, struct sqst_stage_body *body)
{
	char *real = realpath(file, NULL);

	if (!real && errno == ENOENT && (keys->has & SQST_MTREE_SIZE) && keys->size == 0)
		return 0;
	if (!real) {
		const int number = errno;

		return sqst_fail_errno(spec->why, SQST_ERR_SOURCE, number, spec->stage.source,
				       "line %lu: %s: cannot find %s, the file with its content",
				       spec->line, path, file);
	}
	body->u.file.path = sqst_arena_strndup(spec->stage.arena, real, strlen(real));
	free(real);
	return body->u.file.path ? 0 : sqst_stage_nomem(&spec->stage);
}

static int fill_mtree_inode(struct spec *spec, const char *path, const struct sqst_mtree_keys *keys,
			    const char *file, struct sqst_stage_body *body)
{
	int rc = sqst_stage_owner(&spec->stage, path, keys->uid, keys->gid, body);

	if (rc < 0)
		return rc;
	body->mode = keys->mode;
	if (keys->has & SQST_MTREE_TIME)
		body->mtime = sqst_time_clamp(keys->time, &spec->stage.clamped);
	else
		body->implied = keys->type == SQST_TYPE_DIR;
	switch (keys->type) {
	case SQST_TYPE_SYMLINK:
		return fill_mtree_symlink(spec, path, keys, file, body);
	case SQST_TYPE_FILE:
		return fill_mtree_file(spec, path, keys, file, body);
	case SQST_TYPE_BLOCK:
	case SQST_TYPE_CHAR:
		if (!(keys->has & SQST_MTREE_DEVICE))
			return fail_mtree(spec, "a device without device=", path);
		return sqst_stage_device(&spec->stage, path, keys->major, keys->minor, body);
	default:
		return 0;
	}
}

static int take_mtree_entry(struct spec *spec, const char *path, struct sqst_mtree_keys *keys,
			    struct sqst_stage_name *name)
{
	const char *file = keys->contents ? keys->contents : path;
	struct sqst_stage_body *body;
	struct stat st;
	int rc;

	if (!is_whole(keys)) {
		const bool there = (keys->contents ? stat(file, &st) : lstat(file, &st)) == 0;

		if (!there && (keys->has & SQST_MTREE_OPTIONAL))
			return 0;
		if (there)
			complete(keys, &st);
		rc = defaults(spec, keys);
		if (rc < 0)
			return rc;
	}
	body = sqst_stage_body(&spec->stage, (enum sqst_type)keys->type);
	if (!body)
		return sqst_stage_nomem(&spec->stage);
	rc = fill_mtree_inode(spec, path, keys, file, body);
	return rc == 0 ? sqst_stage_set(&spec->stage, name, body) : rc;
}

/* ---- lines */

static char *next_mtree_word(char **rest)
{
	char *word;

	do
		word = strsep(rest, " \t");
	while (word && !*word);
	return word;
}

static int take_keys(struct spec *spec, struct sqst_mtree_keys *keys, char **rest)
{
	char *word;

	while ((word = next_mtree_word(rest))) {
		const char *wrong = sqst_mtree_key(keys, word);

		if (wrong)
			return fail_mtree(spec, wrong, NULL);
	}
	return 0;
}

/* "name", in the current directory; or "a/b", from the root. */
static int find_name(struct spec *spec, char *word, struct sqst_stage_name **name)
{
	if (strchr(word, '/'))
		return sqst_stage_path(&spec->stage, word, name);
	if (strcmp(word, ".") == 0) {
		*name = spec->stage.root;
		return 0;
	}
	if (strlen(word) > SQST_NAME_MAX)
		return fail_mtree(spec, "the name exceeds 255 bytes", NULL);
	return sqst_stage_child(&spec->stage, spec->current, word, strlen(word), name);
}

/* The path below the root, which is also that of the file below the current directory. */
static int path_of(const struct spec *spec, const struct sqst_stage_name *name, char out[PATH_MAX])
{
	size_t at = PATH_MAX - 1;

	out[at] = '\0';
	for (; name->parent; name = name->parent) {
		const size_t length = strlen(name->name);

		if (length + 1 > at)
			return fail_mtree(spec, "the path exceeds 4095 bytes", NULL);
		if (out[at])
			out[--at] = '/';
		at -= length;
		memcpy(out + at, name->name, length);
	}
	if (!out[at])
		out[--at] = '.';
	memmove(out, out + at, PATH_MAX - at);
	return 0;
}

static int take_mtree_line(struct spec *spec, char *line)
{
	struct sqst_mtree_keys keys = spec->set;
	struct sqst_stage_name *name;
	char *word = next_mtree_word(&line), path[PATH_MAX];
	bool below;
	int rc;

	if (!word || word[0] == '#')
		return 0;
	if (strcmp(word, "/set") == 0)
		return take_keys(spec, &spec->set, &line);
	if (strcmp(word, "/unset") == 0) {
		while ((word = next_mtree_word(&line)))
			sqst_mtree_unset(&spec->set, word);
		return 0;
	}
	if (strcmp(word, "..") == 0) {
		if (spec->current->parent)
			spec->current = spec->current->parent;
		return 0;
	}
	if (!sqst_mtree_unescape(word))
		return fail_mtree(spec, "the name has a backslash that is not an mtree escape",
				  NULL);
	below = !strchr(word, '/');
	rc = find_name(spec, word, &name);
	if (rc == 0)
		rc = take_keys(spec, &keys, &line);
	if (rc == 0)
		rc = path_of(spec, name, path);
	if (rc < 0 || (keys.has & SQST_MTREE_IGNORE))
		return rc;
	rc = take_mtree_entry(spec, path, &keys, name);
	if (rc == 0 && below && name->body && name->body->type == SQST_TYPE_DIR)
		spec->current = name;
	return rc;
}

/* A line with all that a backslash at its end joins to it. NULL in *line at the end. */
static int read_mtree_line(struct spec *spec, FILE *file, char **line, size_t *room)
{
	SQST_AUTO_FREE char *more = NULL;
	size_t more_room = 0, length = 0;

	for (;;) {
		ssize_t got;
		const int rc = sqst_getline(file, length == 0 ? line : &more,
					    length == 0 ? room : &more_room, &got);

		if (rc < 0 && errno == ECANCELED)
			return sqst_fail(spec->why, SQST_ERR_CANCELED, NULL, "canceled");
		if (rc < 0)
			return sqst_fail_errno(spec->why, SQST_ERR_SOURCE, errno,
					       spec->stage.source, "cannot read it");
		if (got < 0)
			return length > 0;
		spec->line++;
		if (memchr(length == 0 ? *line : more, '\0', (size_t)got))
			return fail_mtree(spec, "a NUL byte", NULL);
		if (length > 0) {
			char *grown = sqst_reserve(*line, length + (size_t)got + 1, room, 1);

			if (!grown)
				return sqst_stage_nomem(&spec->stage);
			*line = grown;
			memcpy(grown + length, more, (size_t)got + 1);
		}
		length += (size_t)got;
		while (length > 0 && ((*line)[length - 1] == '\n' || (*line)[length - 1] == '\r'))
			(*line)[--length] = '\0';
		if (length == 0 || (*line)[length - 1] != '\\')
			return 1;
		(*line)[length - 1] = ' ';
	}
}

static int read_mtree_lines(struct spec *spec, FILE *file)
{
	SQST_AUTO_FREE char *line = NULL;
	size_t room = 0;
	int rc;

	while ((rc = read_mtree_line(spec, file, &line, &room)) > 0) {
		rc = sqst_canceled(spec->stage.options->cancel, spec->why);
		if (rc < 0)
			return rc;
		/* link and contents point into the line, so they are not for /set. */
		spec->set.link = spec->set.contents = NULL;
		rc = take_mtree_line(spec, line);
		if (rc < 0)
			return rc;
	}
	return rc;
}

int sqst_tree_read_mtree(const char *path, const struct sqst_archive_options *options,
			 struct sqst_tree **out, struct sqst_report *why)
{
	const bool standard = strcmp(path, "-") == 0;
	SQST_AUTO_CLOSE int opened = standard ? -1 : sqst_wait_open(path);
	struct sqst_wait_source source = {.fd = standard ? STDIN_FILENO : opened,
					  .cancel = options ? options->cancel : NULL};
	SQST_CLEANUP(sqst_scope_file) FILE *file = source.fd < 0 ? NULL : sqst_wait_stream(&source);
	struct spec spec = {.why = why};
	int rc;

	if (!file)
		return sqst_fail_errno(why, SQST_ERR_SOURCE, errno, path,
				       "cannot open the specification");
	rc = sqst_stage_open(&spec.stage, standard ? "standard input" : path, options, why);
	spec.current = spec.stage.root;
	if (rc == 0)
		rc = read_mtree_lines(&spec, file);
	/* The origin of files without content; the others are in files of their own. */
	if (rc == 0)
		rc = sqst_stage_tree(&spec.stage, &sqst_origin_spool, -1, out);
	sqst_stage_release(&spec.stage);
	return rc;
}
