/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads that are whole or fail. */
#ifndef LIB_BASE_FILE_H
#define LIB_BASE_FILE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

/* Read until size bytes, the end of the file, or an error; EINTR is retried. Returns bytes read,
 * -1 with errno set on an error. */
ssize_t sqst_read_full(int fd, void *data, size_t size);

/* As sqst_read_full(), at an absolute offset. */
ssize_t sqst_pread_full(int fd, void *data, size_t size, uint64_t offset);

/* getline(), which does not tell memory that is short from the end: *length is that of the line, -1
 * at the end. 0, or -1 with errno set. */
int sqst_getline(FILE *file, char **line, size_t *room, ssize_t *length);

/* A file without a name, for contents that are kept while the image is made: in $TMPDIR, else in
 * /var/tmp (large things do not belong in a /tmp that is memory), else in /tmp. Returns its
 * descriptor, -1 with errno set; *directory says where it was tried last. */
int sqst_temporary_open(const char **directory);

/* The directory of a path, "." if it names none. The caller's to free; NULL if memory is short. */
char *sqst_directory_of(const char *path);

/* As sqst_temporary_open(), in the directory where the file `path` is or will be, whose time stays
 * as it was. -1 if that cannot be, or if `path` is a device or the like. */
int sqst_temporary_open_beside(const char *path);

#endif
