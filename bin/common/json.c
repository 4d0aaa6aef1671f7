/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* JSON, and files that appear whole or not at all. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/json.h"

void json_add_number(struct json_object *to, const char *key, uint64_t value)
{
	json_object_object_add(to, key, json_object_new_int64((int64_t)value));
}

void json_add_bool(struct json_object *to, const char *key, bool value)
{
	json_object_object_add(to, key, json_object_new_boolean(value));
}

struct json_object *json_text(const char *text)
{
	char *clean = text ? text_as_utf8(text) : NULL;
	struct json_object *made = clean ? json_object_new_string(clean) : NULL;

	free(clean);
	return made;
}

void json_add_text(struct json_object *to, const char *key, const char *text)
{
	json_object_object_add(to, key, json_text(text));
}

void json_add_uuid(struct json_object *to, const char *key, const uint8_t uuid[SQST_UUID_SIZE])
{
	char text[UUID_TEXT_SIZE];

	json_add_text(to, key, sqst_uuid_is_null(uuid) ? NULL : uuid_text(uuid, text));
}

static bool write_all(int fd, const char *text, size_t size)
{
	while (size > 0) {
		const ssize_t done = write(fd, text, size);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return false;
		text += done;
		size -= (size_t)done;
	}
	return true;
}

static bool failed(const char *path)
{
	struct sqst_report why = {0};

	sqst_fail_errno(&why, SQST_ERR_IO, errno, path, "cannot be written");
	complain(&why);
	return false;
}

bool file_write(const char *path, const char *text, size_t size)
{
	const size_t room = strlen(path) + 8;
	char *temporary;
	/* mkstemp's mode is for secrets. */
	const mode_t mask = umask(0);
	int fd = -1;
	bool done;

	umask(mask);
	if (strcmp(path, "-") == 0)
		return fwrite(text, 1, size, stdout) == size || failed("standard output");
	temporary = malloc(room);
	if (temporary) {
		snprintf(temporary, room, "%s.XXXXXX", path);
		fd = mkstemp(temporary);
	}
	done = fd >= 0 && write_all(fd, text, size) && fchmod(fd, 0666 & ~mask) == 0 &&
	       fsync(fd) == 0 && rename(temporary, path) == 0;
	if (!done) {
		failed(path);
		if (fd >= 0)
			unlink(temporary);
	}
	if (fd >= 0)
		close(fd);
	free(temporary);
	return done;
}

bool json_write(struct json_object *all, const char *path)
{
	const int format = JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE;
	size_t size;
	const char *text = json_object_to_json_string_length(all, format, &size);
	char *line = text ? malloc(size + 1) : NULL;
	bool done;

	if (line) {
		memcpy(line, text, size);
		line[size] = '\n';
		done = file_write(path, line, size + 1);
	} else {
		errno = ENOMEM;
		done = failed(path);
	}
	free(line);
	json_object_put(all);
	return done;
}
