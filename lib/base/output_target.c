/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where an output goes, what stands there, and whether it may be replaced. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/file.h"
#include "base/output_parts.h"
#include "base/report.h"
#include "base/scope.h"

/* How files of a kind begin. Of JSON, only the reports of these programs are its like. */
static const struct {
	const char *name;
	const char *begins[2];
} kinds[] = {
    [SQST_OUTPUT_IMAGE] = {"a squashfs image", {"hsqs"}},
    [SQST_OUTPUT_MAP] = {"a map", {"#mtree\n# sqfs-stable:"}},
    [SQST_OUTPUT_JSON] = {"a report", {"{\n  \"image\":", "{\n  \"verdict\":"}},
    [SQST_OUTPUT_PAGE] = {"a page", {"<!DOCTYPE html>"}},
};

#define HEAD_SIZE 32

static bool begins_as(enum sqst_output_kind kind, const char *head)
{
	for (size_t i = 0; i < 2 && kinds[kind].begins[i]; i++) {
		if (strncmp(head, kinds[kind].begins[i], strlen(kinds[kind].begins[i])) == 0)
			return true;
	}
	return false;
}

/* Read how the file begins; "" if it is empty or cannot be read. */
static void read_head(const char *path, char head[HEAD_SIZE])
{
	SQST_AUTO_CLOSE const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	const ssize_t got = fd < 0 ? -1 : sqst_read_full(fd, head, HEAD_SIZE - 1);

	head[got < 0 ? 0 : got] = '\0';
}

/* A regular file is there. */
static int check_regular(const struct sqst_output *output, struct sqst_report *why)
{
	const bool force = (output->how & SQST_OUTPUT_FORCE) != 0;
	char head[HEAD_SIZE];

	if (output->kind == SQST_OUTPUT_IMAGE) {
		if (force)
			return 0;
		return sqst_fail(why, SQST_ERR_EXISTS, output->shown,
				 "the output exists; --force (or -noappend) replaces it");
	}
	if (output->old.st_size == 0)
		return 0;
	read_head(output->target, head);
	if (begins_as(output->kind, head))
		return 0;
	if (begins_as(SQST_OUTPUT_IMAGE, head))
		return sqst_fail(why, SQST_ERR_EXISTS, output->shown,
				 "the output exists and is a squashfs image, which %s does not "
				 "replace; choose another name",
				 kinds[output->kind].name);
	if (force)
		return 0;
	return sqst_fail(why, SQST_ERR_EXISTS, output->shown,
			 "the output exists and is not %s, so it is not replaced; remove it or "
			 "choose another name",
			 kinds[output->kind].name);
}

/* A mount point has a directory entry that cannot be renamed over, a bind-mounted file too. */
static bool is_mount_point(const char *path)
{
#if defined(HAVE_STATX) && defined(STATX_ATTR_MOUNT_ROOT)
	struct statx stx;

	return statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, 0, &stx) == 0 &&
	       (stx.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
#else
	(void)path;
	return false;
#endif
}

/* A rename will work: said before the work rather than after it. Nothing is created, since a
 * temporary file would change the directory's time, and the directory may be what is built from. */
static int check_directory(const struct sqst_output *output, struct sqst_report *why)
{
	SQST_AUTO_FREE char *directory = sqst_directory_of(output->target);
	const char *advice = output->old.st_mode ? "; --in-place writes over the file" : "";

	if (!directory)
		return sqst_no_memory(why, output->shown);
	if (access(directory, W_OK | X_OK) != 0)
		return sqst_fail_errno(why, SQST_ERR_IO, errno, output->shown,
				       "cannot create a file beside the output%s", advice);
	if (output->old.st_mode && is_mount_point(output->target))
		return sqst_fail(why, SQST_ERR_IO, output->shown,
				 "the output is a mount point, which cannot be replaced%s", advice);
	return 0;
}

/* /dev/stdout and the like stand for a descriptor of this process, whatever it leads to. */
static bool is_descriptor(const char *path)
{
	static const char *const names[] = {"-", "/dev/stdout", "/dev/stderr"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(path, names[i]) == 0)
			return true;
	}
	return strncmp(path, "/dev/fd/", 8) == 0 || strncmp(path, "/proc/self/fd/", 14) == 0;
}

static int refuse_stream(const struct sqst_output *output, struct sqst_report *why)
{
	if (output->kind != SQST_OUTPUT_IMAGE)
		return 0;
	if (strcmp(output->shown, "-") == 0)
		return sqst_fail(why, SQST_ERR_OPTION, output->shown,
				 "an image cannot be written to standard output because its start "
				 "is written last; name a file (./- for one called \"-\")");
	return sqst_fail(why, SQST_ERR_IO, output->shown,
			 "an image can only be written to a regular file or a block device, "
			 "because its start is written last");
}

/* What stands at the target decides how it is written. */
static int check_target(struct sqst_output *output, struct sqst_report *why)
{
	const mode_t mode = output->old.st_mode;
	int rc;

	if (is_descriptor(output->shown)) {
		output->delivery = SQST_DELIVERY_STREAM;
		return refuse_stream(output, why);
	}
	if (!mode)
		return check_directory(output, why);
	if (S_ISDIR(mode))
		return sqst_fail(why, SQST_ERR_IO, output->shown,
				 "the output is a directory, not a file");
	if (S_ISBLK(mode) && output->kind == SQST_OUTPUT_IMAGE) {
		if (!(output->how & SQST_OUTPUT_FORCE))
			return sqst_fail(why, SQST_ERR_EXISTS, output->shown,
					 "the output is a block device; --force (or -noappend) "
					 "writes over what it holds");
		output->delivery = SQST_DELIVERY_OVERWRITE;
		output->is_device = true;
		return 0;
	}
	if (S_ISBLK(mode))
		return sqst_fail(why, SQST_ERR_IO, output->shown,
				 "the output is a block device, which can only hold an image");
	if (!S_ISREG(mode)) {
		output->delivery = SQST_DELIVERY_STREAM;
		return refuse_stream(output, why);
	}
	rc = check_regular(output, why);
	if (rc < 0)
		return rc;
	if (!(output->how & SQST_OUTPUT_IN_PLACE))
		return check_directory(output, why);
	output->delivery = SQST_DELIVERY_OVERWRITE;
	return 0;
}

/* The target with all symbolic links resolved, also where the last name does not exist. */
static int resolve_target(struct sqst_output *output, struct sqst_report *why)
{
	struct stat st;

	output->target = is_descriptor(output->shown) ? NULL : realpath(output->shown, NULL);
	if (!output->target)
		output->target = strdup(output->shown);
	if (!output->target)
		return sqst_no_memory(why, output->shown);
	if (is_descriptor(output->shown) || stat(output->target, &output->old) == 0)
		return 0;
	if (errno != ENOENT)
		return sqst_fail_errno(why, SQST_ERR_IO, errno, output->shown,
				       "cannot stat the output");
	memset(&output->old, 0, sizeof(output->old));
	if (lstat(output->target, &st) == 0 && S_ISLNK(st.st_mode))
		return sqst_fail(why, SQST_ERR_IO, output->shown,
				 "the output is a dangling symbolic link");
	return 0;
}

int sqst_output_new(const char *path, enum sqst_output_kind kind, unsigned how,
		    struct sqst_output **out, struct sqst_report *why)
{
	struct sqst_output *output = calloc(1, sizeof(*output));
	int rc;

	if (!output)
		return sqst_no_memory(why, path);
	output->fd = output->place = -1;
	output->kind = kind;
	output->how = how;
	output->shown = strdup(path);
	if (!output->shown)
		rc = sqst_no_memory(why, path);
	else
		rc = resolve_target(output, why);
	if (rc == 0)
		rc = check_target(output, why);
	if (rc < 0)
		sqst_output_discard(output);
	else
		*out = output;
	return rc;
}

void sqst_output_discard(struct sqst_output *output)
{
	if (!output)
		return;
	if (output->temporary)
		unlink(output->temporary);
	if (output->fd >= 0)
		close(output->fd);
	if (output->place >= 0)
		close(output->place);
	free(output->temporary);
	free(output->target);
	free(output->shown);
	free(output);
}

int sqst_output_check(const char *path, enum sqst_output_kind kind, unsigned how,
		      struct sqst_report *why)
{
	struct sqst_output *output;
	int rc = sqst_output_new(path, kind, how, &output, why);

	if (rc < 0)
		return rc;
	if (output->delivery == SQST_DELIVERY_OVERWRITE)
		rc = sqst_output_open_place(output, why);
	sqst_output_discard(output);
	return rc;
}

/* ---- beside the target */

/* A name is cut to this, so that a target of NAME_MAX bytes still has one beside it. */
#define STEM_MAX 200

size_t sqst_output_beside_size(const struct sqst_output *output)
{
	return strlen(output->target) + 32;
}

void sqst_output_beside(const struct sqst_output *output, unsigned attempt, char *out, size_t size)
{
	const char *slash = strrchr(output->target, '/');
	const size_t at = slash ? (size_t)(slash - output->target) + 1 : 0;

	snprintf(out, size, "%.*s.%.*s.%ld-%u", (int)at, output->target, STEM_MAX,
		 output->target + at, (long)getpid(), attempt);
}

static void copy_xattr(const char *name, int from, int to)
{
	const ssize_t size = fgetxattr(from, name, NULL, 0);
	SQST_AUTO_FREE char *value = size > 0 ? malloc((size_t)size) : NULL;

	if (size == 0)
		(void)fsetxattr(to, name, "", 0, 0);
	else if (value && fgetxattr(from, name, value, (size_t)size) == size)
		(void)fsetxattr(to, name, value, (size_t)size, 0);
}

static void copy_target_xattrs(int from, int to)
{
	const ssize_t size = flistxattr(from, NULL, 0);
	SQST_AUTO_FREE char *list = size > 0 ? malloc((size_t)size) : NULL;
	const ssize_t got = list ? flistxattr(from, list, (size_t)size) : 0;

	for (ssize_t at = 0; at < got; at += (ssize_t)strlen(list + at) + 1)
		copy_xattr(list + at, from, to);
}

/* What may not be set stays as it is for a new file; but a file that could not get its group is not
 * to let another group in. */
void sqst_output_inherit(const struct sqst_output *output)
{
	SQST_AUTO_CLOSE const int old = open(output->target, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	mode_t mode = output->old.st_mode & 07777;

	if (fchown(output->fd, output->old.st_uid, output->old.st_gid) != 0 &&
	    fchown(output->fd, (uid_t)-1, output->old.st_gid) != 0) {
		struct stat st;

		if (fstat(output->fd, &st) != 0 || st.st_gid != output->old.st_gid)
			mode &= ~(mode_t)(S_IRWXG | S_ISUID | S_ISGID);
	}
	(void)!fchmod(output->fd, mode);
	if (old >= 0)
		copy_target_xattrs(old, output->fd);
}

/* ---- two paths */

/* The directory's real path and the last name, where the file itself does not exist yet. */
static char *would_be(const char *path)
{
	SQST_AUTO_FREE char *directory = sqst_directory_of(path);
	SQST_AUTO_FREE char *real = directory ? realpath(directory, NULL) : NULL;
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	const size_t size = real ? strlen(real) + strlen(name) + 2 : 0;
	char *out = real ? malloc(size) : NULL;

	if (out)
		snprintf(out, size, "%s/%s", real, name);
	return out;
}

/* What a name leads to; "-" is no path. */
static int stat_named(const char *path, struct stat *st)
{
	return strcmp(path, "-") == 0 ? fstat(STDOUT_FILENO, st) : stat(path, st);
}

static bool is_standard_output(const char *path)
{
	return strcmp(path, "-") == 0 || strcmp(path, "/dev/stdout") == 0;
}

bool sqst_output_same(const char *one, const char *other)
{
	struct stat a, b;
	const bool has_one = stat_named(one, &a) == 0, has_other = stat_named(other, &b) == 0;

	if (strcmp(one, other) == 0 && is_descriptor(one))
		return true;
	if (is_standard_output(one) && is_standard_output(other))
		return true;
	/* A character device may take more than one, /dev/null for one. */
	if (has_one && has_other)
		return a.st_dev == b.st_dev && a.st_ino == b.st_ino && !S_ISCHR(a.st_mode) &&
		       !S_ISDIR(a.st_mode);
	if (has_one || has_other)
		return false;
	SQST_AUTO_FREE char *first = would_be(one);
	SQST_AUTO_FREE char *second = would_be(other);

	return first && second && strcmp(first, second) == 0;
}

/* ".STEM.PID-N": the length of STEM, 0 if it is no such name. */
static size_t stem_length(const char *name)
{
	size_t at = strlen(name);
	const size_t end = at;

	while (at > 0 && name[at - 1] >= '0' && name[at - 1] <= '9')
		at--;
	if (at == end || at == 0 || name[--at] != '-')
		return 0;
	const size_t dash = at;

	while (at > 0 && name[at - 1] >= '0' && name[at - 1] <= '9')
		at--;
	return at == dash || at < 3 || name[0] != '.' || name[at - 1] != '.' ? 0 : at - 2;
}

static bool same_directory(const char *one, const char *other)
{
	SQST_AUTO_FREE char *first = sqst_directory_of(one);
	SQST_AUTO_FREE char *second = sqst_directory_of(other);
	struct stat a, b;

	return first && second && stat(first, &a) == 0 && stat(second, &b) == 0 &&
	       a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

bool sqst_output_made(const char *output, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	const size_t length = stem_length(name);

	if (length == 0 || length > STEM_MAX)
		return false;
	SQST_AUTO_FREE char *target = realpath(output, NULL);

	if (!target)
		target = would_be(output);
	if (!target)
		return false;
	const char *stem = strrchr(target, '/') + 1;

	return strncmp(name + 1, stem, length) == 0 &&
	       (stem[length] == '\0' || length == STEM_MAX) && same_directory(target, path);
}
