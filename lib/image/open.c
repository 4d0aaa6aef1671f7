/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opening an image: a file, a device, or a part of a file. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/file.h"
#include "base/report.h"
#include "image/read.h"

#define MAGIC "hsqs"

/* The offset that a name ends with; false if it has none. */
static bool split_name(char *name, uint64_t *offset)
{
	char *at = strrchr(name, '@'), *end;
	unsigned long long value;

	if (!at || at == name || at[1] < '0' || at[1] > '9')
		return false;
	errno = 0;
	value = strtoull(at + 1, &end, 0);
	if (*end || errno != 0 || value > INT64_MAX)
		return false;
	*at = '\0';
	*offset = value;
	return true;
}

static uint64_t field(const uint8_t *raw, bool big, size_t at, unsigned size)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < size; i++)
		value |= (uint64_t)raw[at + i] << 8 * (big ? size - 1 - i : i);
	return value;
}

/* The end of an ELF file: its section headers are last (that is where an AppImage's image begins),
 * or, if they were stripped, its last segment is. 0: it is no ELF file. -1 with errno set if it
 * cannot be read. */
static int elf_end(int fd, uint64_t *end)
{
	uint8_t raw[sizeof(Elf64_Ehdr)] = {0};
	const ssize_t got = sqst_pread_full(fd, raw, sizeof(raw), 0);
	const bool wide = raw[EI_CLASS] == ELFCLASS64, big = raw[EI_DATA] == ELFDATA2MSB;
	uint64_t sections, count, size;

	*end = 0;
	if (got < 0)
		return -1;
	if (got < (ssize_t)sizeof(Elf32_Ehdr) || memcmp(raw, ELFMAG, SELFMAG) != 0)
		return 0;
	sections =
	    field(raw, big, wide ? offsetof(Elf64_Ehdr, e_shoff) : offsetof(Elf32_Ehdr, e_shoff),
		  wide ? 8 : 4);
	size =
	    field(raw, big,
		  wide ? offsetof(Elf64_Ehdr, e_shentsize) : offsetof(Elf32_Ehdr, e_shentsize), 2);
	count = field(raw, big,
		      wide ? offsetof(Elf64_Ehdr, e_shnum) : offsetof(Elf32_Ehdr, e_shnum), 2);
	if (sections <= INT64_MAX)
		*end = sections + size * count;
	return 0;
}

/* 1: yes, 0: no, -1 with errno set: that cannot be found out. */
static int has_magic(int fd, uint64_t at)
{
	char raw[4];
	const ssize_t got = sqst_pread_full(fd, raw, sizeof(raw), at);

	if (got < 0)
		return -1;
	return got == (ssize_t)sizeof(raw) && memcmp(raw, MAGIC, sizeof(raw)) == 0;
}

/* Where the image begins: here, or after an ELF file; builders of AppImages may align what they
 * append. Here, too, if it is nowhere. 0, or -1 with errno set. */
static int find_base(int fd, uint64_t *base)
{
	int found = has_magic(fd, 0);
	uint64_t end;

	if (found != 0)
		return found < 0 ? -1 : 0;
	if (elf_end(fd, &end) < 0)
		return -1;
	for (uint64_t step = 1; end > 0 && step <= 4096; step = step == 1 ? 16 : step * 2) {
		const uint64_t at = (end + step - 1) / step * step;

		found = has_magic(fd, at);
		if (found < 0)
			return -1;
		if (found > 0) {
			*base = at;
			return 0;
		}
	}
	return 0;
}

static int fail_open(const struct sqst_image *image, const char *what)
{
	return sqst_fail_errno(image->why, image->role->code, errno, image->name, "cannot %s %s",
			       what, image->role->subject);
}

static int measure(struct sqst_image *image)
{
	off_t size;

	if (fstat(image->fd, &image->st) != 0)
		return fail_open(image, "stat");
	if (!S_ISREG(image->st.st_mode) && !S_ISBLK(image->st.st_mode))
		return sqst_image_fail(image, "is neither a regular file nor a block device");
	size = lseek(image->fd, 0, SEEK_END);
	if (size < 0)
		return fail_open(image, "determine the size of");
	if (image->base == 0 && find_base(image->fd, &image->base) < 0)
		return fail_open(image, "read");
	image->size = (uint64_t)size > image->base ? (uint64_t)size - image->base : 0;
	return 0;
}

int sqst_image_open(struct sqst_image *image, const char *path, const struct sqst_image_role *role,
		    const struct sqst_cancel *cancel, struct sqst_report *why)
{
	/* Without O_NONBLOCK, opening a FIFO would wait for a writer. */
	const int how = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;

	*image = (struct sqst_image){.fd = -1, .role = role, .cancel = cancel, .why = why};
	image->name = strdup(path);
	image->file = strdup(path);
	if (!image->name || !image->file)
		return sqst_no_memory(why, path);
	image->fd = open(path, how);
	if (image->fd < 0 && errno == ENOENT && split_name(image->file, &image->base))
		image->fd = open(image->file, how);
	return image->fd < 0 ? fail_open(image, "open") : measure(image);
}

int sqst_image_share(struct sqst_image *image, const struct sqst_image *other,
		     const struct sqst_image_role *role, const struct sqst_cancel *cancel,
		     struct sqst_report *why)
{
	*image = (struct sqst_image){.fd = -1,
				     .base = other->base,
				     .st = other->st,
				     .role = role,
				     .size = other->size,
				     .cancel = cancel,
				     .why = why};
	image->name = strdup(other->name);
	image->file = strdup(other->file);
	if (!image->name || !image->file)
		return sqst_no_memory(why, other->name);
	image->fd = fcntl(other->fd, F_DUPFD_CLOEXEC, 0);
	return image->fd < 0 ? fail_open(image, "open") : 0;
}

void sqst_image_close(struct sqst_image *image)
{
	if (image->role && image->fd >= 0)
		close(image->fd);
	sqst_tools_release(&image->tools);
	free(image->cache);
	free(image->name);
	free(image->file);
	*image = (struct sqst_image){.fd = -1};
}

static bool same_stat(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

int sqst_image_is_same(const struct sqst_image *image, bool by_name, bool *same)
{
	struct stat named = image->st, st;

	if ((by_name && stat(image->file, &named) != 0) || fstat(image->fd, &st) != 0)
		return -1;
	*same = same_stat(&image->st, &named) && same_stat(&image->st, &st);
	return 0;
}
