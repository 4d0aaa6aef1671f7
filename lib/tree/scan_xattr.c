/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading the extended attributes of a file. pseudo answers a short buffer with the full length
 * instead of -1, so both mean "grow and retry". */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>

#include "base/array.h"
#include "base/pattern.h"
#include "base/report.h"
#include "base/scope.h"
#include "tree/scan_xattr.h"
#include "tree/tree.h"

/* Linux: XATTR_LIST_MAX and XATTR_SIZE_MAX are 64 KiB; pseudo's may be larger. The kernel allocates
 * what it is offered (fs/xattr.c), so a large buffer would cost time for every file. */
#define FIRST_ROOM 1024
#define MAX_ROOM   (16 * 1024 * 1024)

/* Attributes of one file; values as offsets, since the buffer may move while it grows. */
struct found {
	struct sqst_xattr *list;
	size_t count;
	size_t room;
	size_t used;
};

static void found_release(struct found *found)
{
	free(found->list);
}

static bool grow_buffer(char **buffer, size_t *room, size_t need)
{
	char *grown = sqst_reserve(*buffer, need, room, 1);

	if (!grown)
		return false;
	*buffer = grown;
	return true;
}

static int fail_xattr(struct sqst_report *why, const char *path, int number)
{
	if (number == ENOMEM)
		return sqst_no_memory(why, path);
	return sqst_fail_errno(why, SQST_ERR_SOURCE, number, path,
			       "cannot read its extended attributes (-no-xattrs omits them all)");
}

/* Bytes of names, 0 for none or a file system without attributes, -1 with errno. */
static ssize_t list_names(struct sqst_xattr_scan *scan, const char *path)
{
	size_t need = FIRST_ROOM;

	while (need <= MAX_ROOM) {
		ssize_t got;

		if (!grow_buffer(&scan->names, &scan->names_room, need)) {
			errno = ENOMEM;
			return -1;
		}
		got = llistxattr(path, scan->names, scan->names_room);
		if (got >= 0 && (size_t)got <= scan->names_room)
			return got;
		if (got < 0 && (errno == ENOTSUP || errno == ENOSYS))
			return 0;
		if (got < 0 && errno != ERANGE)
			return -1;
		need = scan->names_room * 2;
	}
	errno = E2BIG;
	return -1;
}

/* Append the value after scan->values[used]. Bytes, or -1 with errno. */
static ssize_t read_scanned_xattr(struct sqst_xattr_scan *scan, const char *path, const char *name,
				  size_t used)
{
	size_t need = FIRST_ROOM;

	while (need <= MAX_ROOM) {
		ssize_t got;

		if (!grow_buffer(&scan->values, &scan->values_room, used + need)) {
			errno = ENOMEM;
			return -1;
		}
		got = lgetxattr(path, name, scan->values + used, scan->values_room - used);
		if (got >= 0 && (size_t)got <= scan->values_room - used)
			return got;
		if (got < 0 && errno != ERANGE)
			return -1;
		need = (scan->values_room - used) * 2;
	}
	errno = E2BIG;
	return -1;
}

static int compile_names(regex_t *regex, bool *has, const char *text, struct sqst_report *why)
{
	char message[256];
	int rc;

	if (!text)
		return 0;
	rc = sqst_regex_compile(regex, text);
	*has = rc == 0;
	if (rc == 0)
		return 0;
	regerror(rc, regex, message, sizeof(message));
	return sqst_fail(why, SQST_ERR_OPTION, text, "is not a regular expression: %s", message);
}

int sqst_xattr_scan_begin(struct sqst_xattr_scan *scan, const struct sqst_scan_options *options,
			  struct sqst_report *why)
{
	int rc = compile_names(&scan->include, &scan->has_include, options->xattrs_include, why);

	if (rc == 0)
		rc =
		    compile_names(&scan->exclude, &scan->has_exclude, options->xattrs_exclude, why);
	scan->overlay_marks = options->overlay_marks;
	scan->none = options->no_xattrs;
	return rc;
}

bool sqst_xattr_is_overlay(const char *name)
{
	return strncmp(name, "trusted.overlay.", 16) == 0 ||
	       strncmp(name, "user.overlay.", 13) == 0;
}

bool sqst_xattr_wanted(struct sqst_xattr_scan *scan, const char *name)
{
	if (scan->overlay_marks && sqst_xattr_is_overlay(name))
		return true;
	if (scan->none)
		return false;
	if (scan->has_exclude && sqst_regex_matches(&scan->exclude, name))
		return false;
	if (scan->has_include && !sqst_regex_matches(&scan->include, name))
		return false;
	if (sqst_xattr_namespace_known(name))
		return true;
	if (scan->foreign++ == 0)
		strncpy(scan->first_foreign, name, sizeof(scan->first_foreign) - 1);
	return false;
}

static int collect_xattrs(struct sqst_xattr_scan *scan, const char *path, size_t names,
			  struct found *found, struct sqst_report *why)
{
	for (size_t at = 0; at < names; at += strlen(scan->names + at) + 1) {
		const char *name = scan->names + at;
		struct sqst_xattr *grown;
		ssize_t size;

		if (!sqst_xattr_wanted(scan, name))
			continue;
		size = read_scanned_xattr(scan, path, name, found->used);
		if (size < 0)
			return fail_xattr(why, path, errno);
		grown = sqst_grow(found->list, found->count, &found->room, sizeof(*grown));
		if (!grown)
			return fail_xattr(why, path, ENOMEM);
		found->list = grown;
		grown[found->count++] = (struct sqst_xattr){name, NULL, (uint32_t)size};
		found->used += (size_t)size;
	}
	return 0;
}

int sqst_xattr_scan(struct sqst_xattr_scan *scan, struct sqst_tree *tree, const char *path,
		    struct sqst_inode *inode, struct sqst_report *why)
{
	SQST_CLEANUP(found_release) struct found found = {0};
	const ssize_t names = list_names(scan, path);
	const char *value;
	int rc;

	if (names < 0)
		return fail_xattr(why, path, errno);
	if (names == 0)
		return 0;
	rc = collect_xattrs(scan, path, (size_t)names, &found, why);
	if (rc < 0)
		return rc;
	value = scan->values;
	for (size_t i = 0; i < found.count; i++) {
		found.list[i].value = value;
		value += found.list[i].size;
	}
	return sqst_tree_set_xattrs(tree, inode, found.list, found.count, why);
}

void sqst_warn_of_losses(const struct sqst_xattr_scan *scan, uint64_t clamped, const char *source,
			 struct sqst_report *why)
{
	if (clamped > 0)
		sqst_warn(why, source,
			  "%llu times outside 1970 to 2106 cannot be stored and were clamped",
			  (unsigned long long)clamped);
	if (scan->foreign > 0)
		sqst_warn(
		    why, source,
		    "%llu extended attributes that are not in user.*, trusted.* or security.* "
		    "(the first: %s) cannot be stored and were left out",
		    (unsigned long long)scan->foreign, scan->first_foreign);
}

void sqst_xattr_scan_release(struct sqst_xattr_scan *scan)
{
	free(scan->names);
	free(scan->values);
	if (scan->has_include)
		regfree(&scan->include);
	if (scan->has_exclude)
		regfree(&scan->exclude);
}
