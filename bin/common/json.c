/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* JSON of the programs. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>
#include <string.h>

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

bool file_write(const char *path, enum sqst_output_kind kind, const char *text, size_t size)
{
	struct sqst_report why = {0};

	/* What is buffered for standard output comes before what is written to its descriptor. */
	fflush(stdout);
	if (sqst_file_write(path, kind, text, size, &why) == 0)
		return true;
	complain(&why);
	return false;
}

char *json_as_line(struct json_object *all, size_t *size)
{
	const int format = JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE;
	const char *text = json_object_to_json_string_length(all, format, size);
	char *line = text ? malloc(*size + 1) : NULL;

	if (line) {
		memcpy(line, text, *size);
		line[(*size)++] = '\n';
	}
	return line;
}

bool json_write(struct json_object *all, const char *path)
{
	struct sqst_report why = {0};
	size_t size = 0;
	char *line = json_as_line(all, &size);
	bool done = false;

	if (line) {
		done = file_write(path, SQST_OUTPUT_JSON, line, size);
	} else {
		sqst_fail(&why, SQST_ERR_NOMEM, path, "out of memory");
		complain(&why);
	}
	free(line);
	json_object_put(all);
	return done;
}
