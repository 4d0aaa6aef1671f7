/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* JSON of the programs: values in, a file or standard output out. */
#ifndef BIN_COMMON_JSON_H
#define BIN_COMMON_JSON_H

#include <json-c/json.h>

#include "common/common.h"
#include "sqst/output.h"

void json_add_number(struct json_object *to, const char *key, uint64_t value);
void json_add_bool(struct json_object *to, const char *key, bool value);

/* Text of an image goes through text_as_utf8(); NULL becomes null. */
void json_add_text(struct json_object *to, const char *key, const char *text);
struct json_object *json_text(const char *text);

/* A UUID as text, null if all of it is zero. */
void json_add_uuid(struct json_object *to, const char *key, const uint8_t uuid[SQST_UUID_SIZE]);

/* Write it to `path`, whole or not at all ("-": to standard output), and free it. False after a
 * line on standard error. */
bool json_write(struct json_object *all, const char *path);

/* The same as a string with a line end, the caller's to free(); NULL if memory is short. `all`
 * stays the caller's. */
char *json_as_line(struct json_object *all, size_t *size);

/* Text that becomes a file, see sqst/output.h. False after a line on standard error. */
bool file_write(const char *path, enum sqst_output_kind kind, const char *text, size_t size);

#endif
