/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* JSON of the programs. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <json-c/json_visit.h>
#include <json-c/printbuf.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"

/* The user data of what is not complete: its address. */
static const char incomplete[] = "incomplete";

static bool is_complete(struct json_object *value)
{
	return value && json_object_get_userdata(value) != incomplete;
}

static void mark(struct json_object *to)
{
	if (to)
		json_object_set_userdata(to, (void *)(uintptr_t)incomplete, NULL);
}

void json_add(struct json_object *to, const char *key, struct json_object *value)
{
	if (!is_complete(value))
		mark(to);
	if (to && json_object_object_add(to, key, value) == 0)
		return;
	mark(to);
	json_object_put(value);
}

void json_append(struct json_object *to, struct json_object *value)
{
	if (!is_complete(value))
		mark(to);
	if (to && json_object_array_add(to, value) == 0)
		return;
	mark(to);
	json_object_put(value);
}

void json_add_null(struct json_object *to, const char *key)
{
	if (to && json_object_object_add(to, key, NULL) != 0)
		mark(to);
}

void json_append_null(struct json_object *to)
{
	if (to && json_object_array_add(to, NULL) != 0)
		mark(to);
}

void json_add_number(struct json_object *to, const char *key, uint64_t value)
{
	json_add(to, key, json_object_new_int64((int64_t)value));
}

void json_add_bool(struct json_object *to, const char *key, bool value)
{
	json_add(to, key, json_object_new_boolean(value));
}

struct json_object *json_numbers(const struct json_number *number)
{
	struct json_object *made = json_object_new_object();

	for (; number->key; number++)
		json_add_number(made, number->key, number->value);
	return made;
}

struct json_object *json_numbering(const struct sqst_lineage *lineage, uint64_t in_use,
				   uint64_t retired)
{
	struct json_object *made = json_numbers((const struct json_number[]){
	    {"in_use", in_use},
	    {"top", lineage->top},
	    {"retired", retired},
	    {"root", lineage->root},
	    {NULL, 0},
	});

	json_add_bool(made, "root_double", lineage->root_double);
	return made;
}

struct json_object *json_text(const char *text)
{
	char *clean = text_as_utf8(text);
	struct json_object *made = clean ? json_object_new_string(clean) : NULL;

	free(clean);
	return made;
}

void json_add_text(struct json_object *to, const char *key, const char *text)
{
	if (text)
		json_add(to, key, json_text(text));
	else
		json_add_null(to, key);
}

void json_add_uuid(struct json_object *to, const char *key, const uint8_t uuid[SQST_UUID_SIZE])
{
	char text[UUID_TEXT_SIZE];

	json_add_text(to, key, sqst_uuid_is_null(uuid) ? NULL : uuid_text(uuid, text));
}

bool file_write(const char *path, enum sqst_output_kind kind, const char *text, size_t size)
{
	const struct sqst_file file = {path, kind, text, size};

	return files_write(&file, 1);
}

bool files_write(const struct sqst_file *file, size_t count)
{
	struct sqst_report why = {0};
	sigset_t before;
	int rc;

	/* What is buffered for standard output comes before what is written to its descriptor. */
	fflush(stdout);
	signals_hold(&before);
	rc = sqst_files_write(file, count, &why);
	signals_release(&before);
	if (rc < 0)
		complain(&why);
	return rc == 0;
}

/* json-c leaves out what its buffer cannot grow for, and does not say so. But the buffer of an
 * object stays with it, so it is made large enough for any text before there is one. */

/* The longest form of a byte in a string, and of a number. */
#define ESCAPED_MAX 6
#define NUMBER_MAX  64

/* Adds up what a value, its key and its line can take. */
static int add_size(struct json_object *value, int flags, struct json_object *parent,
		    const char *key, size_t *index, void *user)
{
	size_t *size = user;

	(void)parent;
	(void)index;
	/* Of objects and arrays, once at each end: indentation by two a level is in NUMBER_MAX. */
	*size += NUMBER_MAX + (key ? ESCAPED_MAX * strlen(key) : 0);
	if (flags != JSON_C_VISIT_SECOND && json_object_is_type(value, json_type_string))
		*size += ESCAPED_MAX * (size_t)json_object_get_string_len(value);
	return JSON_C_VISIT_RETURN_CONTINUE;
}

/* A serializer that makes room and writes nothing. */
static int make_room(struct json_object *all, struct printbuf *buffer, int level, int flags)
{
	const size_t *size = json_object_get_userdata(all);

	(void)level;
	(void)flags;
	if (*size > INT_MAX || printbuf_memset(buffer, 0, 0, (int)*size) < 0)
		return -1;
	printbuf_reset(buffer);
	return 0;
}

/* NULL if memory is short. */
static const char *print(struct json_object *all, size_t *size)
{
	const int format = JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE;
	const char *text;

	*size = 0;
	if (json_c_visit(all, 0, add_size, size) < 0)
		return NULL;
	json_object_set_serializer(all, make_room, size, NULL);
	text = json_object_to_json_string(all);
	json_object_set_serializer(all, NULL, NULL, NULL);
	return text ? json_object_to_json_string_length(all, format, size) : NULL;
}

char *json_as_line(struct json_object *all, size_t *size)
{
	const char *text = is_complete(all) ? print(all, size) : NULL;
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

struct json_object *json_path(const char *path)
{
	const size_t size = strlen(path) + 2;
	char *full = malloc(size);
	struct json_object *made = NULL;

	if (full) {
		snprintf(full, size, "/%s", path);
		made = json_text(full);
	}
	free(full);
	return made;
}
