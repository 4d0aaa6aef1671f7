/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a file is, by its first bytes. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/digit.h"
#include "base/file.h"
#include "base/scope.h"
#include "image/read.h"
#include "source/read_source.h"

#define TAR_BLOCK    512
#define TAR_CHECKSUM 148

struct magic {
	const char *bytes;
	size_t size;
	enum sqst_archive_kind kind;
};

#define MAGIC(text, kind)                                                                          \
	{                                                                                          \
		text, sizeof(text) - 1, kind                                                       \
	}

static const struct magic magics[] = {
    MAGIC("hsqs", SQST_ARCHIVE_IMAGE),
    MAGIC("#mtree", SQST_ARCHIVE_MTREE),
    /* cpio: odc, newc, newc with checksums, binary in both byte orders */
    MAGIC("070707", SQST_ARCHIVE_ARCHIVE),
    MAGIC("070701", SQST_ARCHIVE_ARCHIVE),
    MAGIC("070702", SQST_ARCHIVE_ARCHIVE),
    MAGIC("\xC7\x71", SQST_ARCHIVE_ARCHIVE),
    MAGIC("\x71\xC7", SQST_ARCHIVE_ARCHIVE),
    MAGIC("PK\x03\x04", SQST_ARCHIVE_ARCHIVE),
    MAGIC("PK\x05\x06", SQST_ARCHIVE_ARCHIVE),
    /* gzip, bzip2, xz, zstd, lz4, lzip, lzop, compress, lrzip, lzma */
    MAGIC("\x1F\x8B", SQST_ARCHIVE_ARCHIVE),
    MAGIC("BZh", SQST_ARCHIVE_ARCHIVE),
    MAGIC("\xFD"
	  "7zXZ",
	  SQST_ARCHIVE_ARCHIVE),
    MAGIC("\x28\xB5\x2F\xFD", SQST_ARCHIVE_ARCHIVE),
    MAGIC("\x04\x22\x4D\x18", SQST_ARCHIVE_ARCHIVE),
    MAGIC("LZIP", SQST_ARCHIVE_ARCHIVE),
    MAGIC("\x89LZO", SQST_ARCHIVE_ARCHIVE),
    MAGIC("\x1F\x9D", SQST_ARCHIVE_ARCHIVE),
    MAGIC("LRZI", SQST_ARCHIVE_ARCHIVE),
    MAGIC("\x5D\x00\x00", SQST_ARCHIVE_ARCHIVE),
};

/* Old tar has no magic; its header has a checksum, in octal, counted as if it were spaces. */
static bool is_tar(const uint8_t *block, size_t size)
{
	uint64_t sum = 0, stored;
	bool zeros = true;

	if (size < TAR_BLOCK)
		return false;
	for (size_t i = 0; i < TAR_BLOCK; i++) {
		zeros = zeros && block[i] == 0;
		sum += i >= TAR_CHECKSUM && i < TAR_CHECKSUM + 8 ? ' ' : block[i];
	}
	return sqst_digit_tar(block + TAR_CHECKSUM, 8, &stored) && (zeros || sum == stored);
}

static enum sqst_archive_kind kind_of(const uint8_t *block, size_t size)
{
	for (size_t i = 0; i < sizeof(magics) / sizeof(magics[0]); i++) {
		if (size >= magics[i].size && memcmp(block, magics[i].bytes, magics[i].size) == 0)
			return magics[i].kind;
	}
	return is_tar(block, size) ? SQST_ARCHIVE_ARCHIVE : SQST_ARCHIVE_NONE;
}

/* FILE@OFFSET, or an image after an ELF runtime. */
static int probe_placed(const char *path, enum sqst_archive_kind *kind, struct sqst_report *why)
{
	struct sqst_image image;
	int rc = sqst_image_open(&image, path, &sqst_image_role_probed, NULL, why);
	char magic[4];
	ssize_t got;

	if (rc == 0 && image.base > 0) {
		got = sqst_pread_full(image.fd, magic, sizeof(magic), image.base);
		if (got < 0)
			rc = sqst_fail_errno(why, SQST_ERR_SOURCE, errno, path, "cannot read it");
		else if (got == sizeof(magic) && memcmp(magic, "hsqs", sizeof(magic)) == 0)
			*kind = SQST_ARCHIVE_IMAGE;
	}
	sqst_image_close(&image);
	return rc;
}

int sqst_archive_probe(const char *path, enum sqst_archive_kind *kind, struct sqst_report *why)
{
	SQST_AUTO_CLOSE const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	uint8_t block[TAR_BLOCK];
	struct stat st;
	ssize_t got;

	*kind = SQST_ARCHIVE_NONE;
	if (fd < 0 && errno == ENOENT)
		return probe_placed(path, kind, why);
	/* A socket, or a device that is not there: what cannot be opened because of what it is. */
	if (fd < 0 && (errno == ENXIO || errno == ENODEV))
		return 0;
	if (fd < 0 || fstat(fd, &st) != 0)
		return sqst_fail_errno(why, SQST_ERR_SOURCE, errno, path, "cannot open it");
	if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode))
		return 0;
	got = sqst_pread_full(fd, block, sizeof(block), 0);
	if (got < 0)
		return sqst_fail_errno(why, SQST_ERR_SOURCE, errno, path, "cannot read it");
	*kind = kind_of(block, (size_t)got);
	if (got > SELFMAG && memcmp(block, ELFMAG, SELFMAG) == 0)
		return probe_placed(path, kind, why);
	return 0;
}
