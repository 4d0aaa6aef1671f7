/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Numbers, from whatever has them. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "options.h"
#include "sqst/image.h"
#include "sqst/map.h"

bool is_image(const char *path)
{
	char magic[4] = "";
	struct stat st;
	ssize_t got;
	int fd;

	/* The bytes of a pipe can be read once. */
	if (stat(path, &st) != 0 || (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode)))
		return false;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	got = read(fd, magic, sizeof(magic));
	close(fd);
	return got == sizeof(magic) && memcmp(magic, "hsqs", sizeof(magic)) == 0;
}

int numbers_read(const char *path, struct sqst_numbers **out, struct sqst_report *why)
{
	return is_image(path) ? sqst_image_read_numbers(path, out, why)
			      : sqst_map_read(path, out, why);
}

const char *type_name(uint8_t type)
{
	static const char *const names[] = {"nothing", "dir",  "file", "link",
					    "block",   "char", "fifo", "socket"};

	return type < sizeof(names) / sizeof(names[0]) ? names[type] : "?";
}
