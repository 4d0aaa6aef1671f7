/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SELinux labels from a file_contexts file, as setfiles would give them on the device. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "edit/edit.h"

#ifdef HAVE_SELINUX

#include <errno.h>
#include <limits.h>
#include <selinux/label.h>
#include <selinux/selinux.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/scope.h"
#include "tree/inode_set.h"

static mode_t mode_of(const struct sqst_inode *inode)
{
	static const mode_t types[] = {
	    [SQST_TYPE_DIR] = S_IFDIR,    [SQST_TYPE_FILE] = S_IFREG, [SQST_TYPE_SYMLINK] = S_IFLNK,
	    [SQST_TYPE_BLOCK] = S_IFBLK,  [SQST_TYPE_CHAR] = S_IFCHR, [SQST_TYPE_FIFO] = S_IFIFO,
	    [SQST_TYPE_SOCKET] = S_IFSOCK};

	return types[inode->type] | inode->mode;
}

/* A hard link group has the label of its first path. */
static int label_node(struct selabel_handle *handle, struct sqst_tree *tree,
		      const struct sqst_node *node, struct sqst_report *why)
{
	char path[PATH_MAX + 1] = "/";
	char *label = NULL;
	int rc;

	if (sqst_node_path(node, path + 1, PATH_MAX) >= PATH_MAX)
		return sqst_fail(why, SQST_ERR_SOURCE, node->name, "its path is too long to label");
	if (selabel_lookup_raw(handle, &label, path, (int)mode_of(node->inode)) != 0) {
		/* No line fits, or one that says <<none>>. */
		if (errno == ENOENT)
			return 0;
		return sqst_fail_errno(why, SQST_ERR_SOURCE, errno, path,
				       "cannot look up its label");
	}
	/* setfiles stores the NUL too, and so do we: tools that compare see no difference. */
	rc = sqst_tree_add_xattrs(
	    tree, node->inode,
	    &(struct sqst_xattr){"security.selinux", label, (uint32_t)strlen(label) + 1}, 1, why);
	freecon(label);
	return rc;
}

static int label_all(struct selabel_handle *handle, struct sqst_tree *tree, struct sqst_report *why)
{
	SQST_CLEANUP(sqst_inode_set_release) struct sqst_inode_set done = {0};
	int rc = sqst_inode_set_reserve(&done, tree, why);

	for (struct sqst_node *node = tree->root; rc == 0 && node; node = sqst_tree_next(node)) {
		if (sqst_inode_set_add(&done, node->inode))
			rc = label_node(handle, tree, node, why);
	}
	return rc;
}

static int say_nothing(int type, const char *format, ...)
{
	(void)type;
	(void)format;
	return 0;
}

int sqst_tree_label(struct sqst_tree *tree, const char *file_contexts, struct sqst_report *why)
{
	const struct selinux_opt option = {SELABEL_OPT_PATH, file_contexts};
	const union selinux_callback before = selinux_get_callback(SELINUX_CB_LOG);
	struct selabel_handle *handle;
	int rc;

	/* libselinux would print to standard error. */
	selinux_set_callback(SELINUX_CB_LOG, (union selinux_callback){.func_log = say_nothing});
	handle = selabel_open(SELABEL_CTX_FILE, &option, 1);
	if (handle) {
		rc = label_all(handle, tree, why);
		selabel_close(handle);
	} else {
		rc = sqst_fail_errno(why, SQST_ERR_SOURCE, errno, file_contexts,
				     "cannot read it as a file_contexts file");
	}
	selinux_set_callback(SELINUX_CB_LOG, before);
	return rc;
}

#else

int sqst_tree_label(struct sqst_tree *tree, const char *file_contexts, struct sqst_report *why)
{
	(void)tree;
	return sqst_fail(
	    why, SQST_ERR_OPTION, file_contexts,
	    "this sqfs-stable was built without SELinux labels (configure --with-selinux)");
}

#endif
