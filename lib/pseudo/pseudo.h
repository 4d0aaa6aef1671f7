/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside of the pseudo-file definitions: what their parts share. */
#ifndef LIB_PSEUDO_PSEUDO_H
#define LIB_PSEUDO_PSEUDO_H

#include <stdio.h>
#include <time.h>

#include "base/arena.h"
#include "base/hash.h"
#include "pseudo/pseudo_apply.h"
#include "tree/link_table.h"
#include "tree/scan_xattr.h"

/* A time that is seconds or waits for date(1). */
struct sqst_pseudo_time {
	bool given;
	/* What date(1) is to understand, NULL when seconds are known. */
	const char *text;
	uint32_t seconds;
};

/* What one definition says. L makes two names share one. */
struct sqst_pseudo_item {
	/* The letter, in lower case: d m b c f s i l h r. */
	char kind;
	/* Of i: s or f. */
	char ipc;
	uint16_t mode;
	uint32_t uid;
	uint32_t gid;
	struct sqst_pseudo_time time;
	/* As struct sqst_inode has it. */
	uint32_t device;
	/* f: command, s: target, l and h: path. */
	const char *text;
	/* Of r: which file, and where after its marker. */
	size_t source;
	uint64_t length;
	uint64_t offset;
	/* While it is applied: l and h name a file of the tree; the first name that it got. */
	const struct sqst_node *target;
	struct sqst_node *made;
};

/* A name that has a definition. */
struct sqst_pseudo_entry {
	/* From the root, without slashes at its ends and none doubled; "" for the root. */
	const char *path;
	struct sqst_pseudo_item *item;
	/* The file of definitions, NULL for one of the command line, and the line in it. */
	const char *file;
	size_t line;
	/* While it is applied: the name in the tree, and its directory if that has no entry. */
	struct sqst_node *node;
	struct sqst_node *parent;
	/* The tree's name is what this says: sqst_pseudo_restore_owners() may set its owner. */
	bool applied;
};

/* An attribute to add. */
struct sqst_pseudo_xattr {
	const char *path;
	const char *name;
	const void *value;
	uint32_t size;
	const char *file;
	size_t line;
};

/* A definition that was left out; said when the others are applied, for the caller of the parser
 * may not listen to warnings. */
struct sqst_pseudo_left_out {
	const char *path;
	const char *what;
	const char *file;
	size_t line;
};

/* A file of definitions with content after its marker. */
struct sqst_pseudo_source {
	const char *name;
	/* Our own; -1 when there is none (definitions parsed from memory). */
	int fd;
	/* Where content begins, and how many bytes there are. */
	uint64_t start;
	uint64_t size;
	/* To notice a change; not of a spooled one. */
	struct timespec mtime;
	bool spooled;
};

struct sqst_pseudo {
	struct sqst_arena *arena;
	struct sqst_pseudo_entry *entry;
	size_t entries;
	size_t entry_room;
	struct sqst_hash by_path;
	struct sqst_pseudo_xattr *xattr;
	size_t xattrs;
	size_t xattr_room;
	struct sqst_pseudo_left_out *left_out;
	size_t left_outs;
	size_t left_out_room;
	struct sqst_pseudo_source *source;
	size_t sources;
	size_t source_room;
	/* -pd, NULL for none. */
	struct sqst_pseudo_item *directory;
};

/* What is being parsed: a cursor in a definition, and where that stands. */
struct sqst_pseudo_line {
	struct sqst_pseudo *pseudo;
	const char *definition;
	const char *at;
	const char *file;
	size_t line;
	/* Index of the source that R definitions take, SIZE_MAX before the first of a file. */
	size_t *source;
	struct sqst_report *why;
};

/* ---- pseudo.c */

/* The entry of a path, NULL if there is none. Valid until one is added. */
struct sqst_pseudo_entry *sqst_pseudo_find(const struct sqst_pseudo *pseudo, const char *path);

/* Add an entry for a path that has none. Returns NULL if memory is short. */
struct sqst_pseudo_entry *sqst_pseudo_enter(struct sqst_pseudo *pseudo, const char *path,
					    struct sqst_pseudo_item *item);

struct sqst_pseudo_xattr *sqst_pseudo_add_xattr(struct sqst_pseudo *pseudo);

/* Fail with the place of a definition and its path in the message. */
int sqst_pseudo_entry_fail(const struct sqst_pseudo_entry *entry, int code, int number,
			   const char *what, struct sqst_report *why);

/* Remember that a definition is left out. `what` follows its path in the message, static. */
int sqst_pseudo_note(const struct sqst_pseudo_line *line, const char *what, const char *path);

/* Add a source without a file; returns its index, SIZE_MAX if memory is short. */
size_t sqst_pseudo_add_source(struct sqst_pseudo *pseudo, const char *name);

/* ---- word.c: parts of a definition; each skips the blanks after it and fails with a message */

int sqst_pseudo_fail(const struct sqst_pseudo_line *line, const char *format, ...)
    SQST_PRINTF(2, 3);
int sqst_pseudo_no_memory(const struct sqst_pseudo_line *line);

/* A word with quotes and backslashes taken off, in the arena. */
int sqst_pseudo_word(struct sqst_pseudo_line *line, const char *what, const char **out);

/* As sqst_pseudo_word(), made a path from the root. */
int sqst_pseudo_path(struct sqst_pseudo_line *line, const char *what, const char **out);

/* Decimal, at most `max`. */
int sqst_pseudo_number(struct sqst_pseudo_line *line, const char *what, uint64_t max,
		       uint64_t *out);

/* Octal, at most 07777. */
int sqst_pseudo_mode(struct sqst_pseudo_line *line, uint16_t *out);

/* A number or a name of this system. */
int sqst_pseudo_owner(struct sqst_pseudo_line *line, bool group, uint32_t *out);

/* Seconds, or text for date(1), which is not run here. */
int sqst_pseudo_time(struct sqst_pseudo_line *line, struct sqst_pseudo_time *out);

/* ---- definition.c */

/* Parse one definition and add what it says. */
int sqst_pseudo_definition(struct sqst_pseudo_line *line);

/* "[D TIME|d] MODE UID GID" */
int sqst_pseudo_directory(struct sqst_pseudo_line *line, struct sqst_pseudo_item **out);

/* ---- load.c */

/* Parse definitions until the end or the marker; nothing is run. The stream then stands at the
 * first byte of content. *source is the index of the source that R definitions name, SIZE_MAX when
 * there are none. */
int sqst_pseudo_parse(struct sqst_pseudo *pseudo, FILE *stream, const char *name, size_t *source,
		      struct sqst_report *why);

/* ---- command.c */

/* An unlinked temporary file in TMPDIR. Returns it, or SQST_ERR_IO. */
int sqst_pseudo_spool(struct sqst_report *why);

/* Write all; SQST_ERR_IO. */
int sqst_pseudo_spool_write(int fd, const void *data, size_t size, struct sqst_report *why);

/* Let /bin/sh run a command and write its standard output to a file; *size is how much that was. A
 * status other than 0 is an error. cancel may be NULL; the command is ended then, with all that it
 * started. */
int sqst_pseudo_run(const char *command, int out, uint64_t *size, const struct sqst_cancel *cancel,
		    struct sqst_report *why);

/* Ask date(1) for the seconds of a time. SQST_ERR_OPTION if it does not understand. */
int sqst_pseudo_date(const char *text, uint32_t *out, struct sqst_report *why);

/* ---- pseudo_content.c: an origin for what commands wrote and what stands after a marker */

struct sqst_pseudo_contents {
	struct sqst_pseudo_content_file *file;
	size_t files;
	size_t room;
};

/* Add the origin to a tree, which owns it. */
int sqst_pseudo_contents_new(struct sqst_tree *tree, struct sqst_pseudo_contents **contents,
			     uint8_t *origin, struct sqst_report *why);

/* Add a file; its descriptor is duplicated. The file must keep mtime and size, unless mtime is
 * NULL, which is for one that nobody else can write to. */
int sqst_pseudo_contents_add(struct sqst_pseudo_contents *contents, int fd, const char *name,
			     const struct timespec *mtime, uint64_t size, uint32_t *index,
			     struct sqst_report *why);

/* Let an inode have `size` bytes at an offset of a file. */
void sqst_pseudo_contents_set(struct sqst_inode *inode, uint8_t origin, uint32_t index,
			      uint64_t offset, uint64_t size);

/* ---- link.c: l and h, which name files of this system */

/* Find the file, and the name that it has in the tree, if any (item->target). To be called while
 * the tree's directories are sorted. */
int sqst_pseudo_link_resolve(struct sqst_pseudo *pseudo, const struct sqst_pseudo_entry *entry,
			     const struct sqst_tree *tree, struct sqst_report *why);

struct sqst_pseudo_links {
	struct sqst_links known;
	struct sqst_xattr_scan xattrs;
};

void sqst_pseudo_links_release(struct sqst_pseudo_links *links);

/* Make the entry's name, of the tree's inode or of one that is filled from the file. */
int sqst_pseudo_link_make(struct sqst_pseudo_links *links, struct sqst_tree *tree,
			  struct sqst_node *dir, const char *name, struct sqst_pseudo_entry *entry,
			  bool no_xattrs, struct sqst_report *why);

#endif
