/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* JSON of the programs: values in, a file or standard output out. */
#ifndef BIN_COMMON_JSON_H
#define BIN_COMMON_JSON_H

#include <json-c/json.h>

#include "common/common.h"
#include "sqst/report.h"

/* What cannot be made for lack of memory marks what it belongs in, and so all up to the root, as
 * not complete; json_as_line() then has no text. So nothing else needs a look, and no value is
 * missing without a word. An object or array that is NULL takes everything, and is missing in turn.
 */

/* Put a value into an object or at the end of an array, which own it then. */
void json_add(struct json_object *to, const char *key, struct json_object *value);
void json_append(struct json_object *to, struct json_object *value);

/* null, which a NULL as the value is not. */
void json_add_null(struct json_object *to, const char *key);
void json_append_null(struct json_object *to);

void json_add_number(struct json_object *to, const char *key, uint64_t value);
void json_add_bool(struct json_object *to, const char *key, bool value);

/* An object of numbers. The list ends with a key that is NULL. */
struct json_number {
	const char *key;
	uint64_t value;
};

struct json_object *json_numbers(const struct json_number *number);

/* The numbers of a release: `in_use` of them, up to the lineage's top. */
struct json_object *json_numbering(const struct sqst_lineage *lineage, uint64_t in_use,
				   uint64_t retired);

/* Text of an image goes through text_as_utf8(); NULL becomes null, but not by json_text(). */
void json_add_text(struct json_object *to, const char *key, const char *text);
struct json_object *json_text(const char *text);

/* A path of an image, with the "/" in front of it that the library leaves out. NULL: out of memory.
 */
struct json_object *json_path(const char *path);

/* A UUID as text, null if all of it is zero. */
void json_add_uuid(struct json_object *to, const char *key, const uint8_t uuid[SQST_UUID_SIZE]);

/* Write it to `path`, whole or not at all ("-": to standard output), and free it. False after a
 * line on standard error. */
bool json_write(struct json_object *all, const char *path);

/* The same as a string with a line end, the caller's to free(); NULL if memory is short. `all`
 * stays the caller's. */
char *json_as_line(struct json_object *all, size_t *size);

/* Text that becomes a file, or several that appear together, see sqst/output.h. A signal meanwhile
 * ends the program when they are complete. False after a line on standard error. */
bool file_write(const char *path, enum sqst_output_kind kind, const char *text, size_t size);
bool files_write(const struct sqst_file *file, size_t count);

#endif
