/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The lines of a map, one by one. libarchive reads the format too, but does not say which line is
 * wrong, and forgives what must be refused here (a number that is none, a keyword twice). */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdarg.h>
#include <string.h>
#include <uuid.h>

#include "base/digit.h"
#include "map/map_line.h"

const char *const sqst_map_type[SQST_TYPE_SOCKET + 1] = {
    [SQST_TYPE_DIR] = "dir",       [SQST_TYPE_FILE] = "file", [SQST_TYPE_SYMLINK] = "link",
    [SQST_TYPE_BLOCK] = "block",   [SQST_TYPE_CHAR] = "char", [SQST_TYPE_FIFO] = "fifo",
    [SQST_TYPE_SOCKET] = "socket",
};

/* Bytes of a word that are shown in a message. */
#define SHOWN(word) (int)((word).size < 120 ? (word).size : 120), (word).text

/* A piece of a line. */
struct word {
	const char *text;
	size_t size;
};

int sqst_map_bad(const struct sqst_map_text *at, const char *format, ...)
{
	char text[SQST_MESSAGE_MAX];
	va_list list;

	va_start(list, format);
	vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	return sqst_fail(at->why, SQST_ERR_PARENT, at->name, "line %zu: %s", at->line, text);
}

static bool is_map_blank(char byte)
{
	return byte == ' ' || byte == '\t';
}

/* Take the next word off the rest of a line; false if there is none. */
static bool next_map_word(struct word *rest, struct word *word)
{
	while (rest->size > 0 && is_map_blank(*rest->text)) {
		rest->text++;
		rest->size--;
	}
	word->text = rest->text;
	while (rest->size > 0 && !is_map_blank(*rest->text)) {
		rest->text++;
		rest->size--;
	}
	word->size = (size_t)(rest->text - word->text);
	return word->size > 0;
}

/* Whether a word is KEY=VALUE with this key. */
static bool has_key(const struct word *word, const char *key, struct word *value)
{
	const size_t size = strlen(key);

	if (word->size <= size || word->text[size] != '=' || memcmp(word->text, key, size) != 0)
		return false;
	value->text = word->text + size + 1;
	value->size = word->size - size - 1;
	return true;
}

/* Decimal digits and nothing else, within 32 bits. */
static bool get_map_number(const struct word *word, uint32_t *out)
{
	uint64_t number = 0;

	if (word->size == 0)
		return false;
	for (size_t i = 0; i < word->size; i++) {
		if (word->text[i] < '0' || word->text[i] > '9')
			return false;
		number = number * 10 + (uint64_t)(word->text[i] - '0');
		if (number > UINT32_MAX)
			return false;
	}
	*out = (uint32_t)number;
	return true;
}

static bool get_uuid(const struct word *word, uint8_t out[SQST_UUID_SIZE])
{
	char text[UUID_STR_LEN];

	if (word->size != sizeof(text) - 1)
		return false;
	memcpy(text, word->text, word->size);
	text[word->size] = '\0';
	return uuid_parse(text, out) == 0 && !sqst_uuid_is_null(out);
}

/* What of the header has been seen. */
struct header {
	uint32_t version;
	bool has_version;
	bool has_uuid;
	bool has_generation;
	bool has_top;
};

static int header_number(const struct sqst_map_text *at, const char *key, const struct word *value,
			 bool *has, uint32_t *out)
{
	if (*has)
		return sqst_map_bad(at, "%s= is given twice", key);
	if (!get_map_number(value, out))
		return sqst_map_bad(at, "%s=%.*s is not a number", key, SHOWN(*value));
	*has = true;
	return 0;
}

static int header_word(const struct sqst_map_text *at, const struct word *word, struct header *has,
		       struct sqst_lineage *lineage)
{
	struct word value;
	int rc;

	if (has_key(word, "version", &value)) {
		rc = header_number(at, "version", &value, &has->has_version, &has->version);
		if (rc == 0 && has->version != SQST_MAP_VERSION)
			rc = sqst_map_bad(at, "map version %u is unknown, this program knows %u",
					  has->version, SQST_MAP_VERSION);
		return rc;
	}
	if (has_key(word, "generation", &value))
		return header_number(at, "generation", &value, &has->has_generation,
				     &lineage->generation);
	if (has_key(word, "top", &value))
		return header_number(at, "top", &value, &has->has_top, &lineage->top);
	if (!has_key(word, "uuid", &value))
		return 0;
	if (has->has_uuid)
		return sqst_map_bad(at, "uuid= is given twice");
	if (!get_uuid(&value, lineage->uuid))
		return sqst_map_bad(at, "uuid=%.*s is not a UUID", SHOWN(value));
	has->has_uuid = true;
	return 0;
}

int sqst_map_parse_header(const struct sqst_map_text *at, struct sqst_lineage *lineage)
{
	const size_t prefix = strlen(SQST_MAP_HEADER);
	struct word rest = {at->text + prefix, at->size - prefix};
	struct header has = {0};
	struct word word;

	while (next_map_word(&rest, &word)) {
		const int rc = header_word(at, &word, &has, lineage);

		if (rc < 0)
			return rc;
	}
	if (!has.has_version)
		return sqst_map_bad(at, "version= is missing");
	if (!has.has_top)
		return sqst_map_bad(at, "top= is missing");
	if (lineage->top == 0 || lineage->top > SQST_NUMBER_MAX)
		return sqst_map_bad(at, "top=%u is not between 1 and %u", lineage->top,
				    SQST_NUMBER_MAX);
	lineage->recorded = has.has_uuid && has.has_generation;
	return 0;
}

/* Take escapes out of a path. Returns its length, or SQST_ERR_PARENT. */
static int64_t unescape(const struct sqst_map_text *at, const struct word *from, char *to)
{
	size_t used = 0;

	for (size_t i = 0; i < from->size; i++) {
		int byte = (unsigned char)from->text[i];

		if (byte == '\\') {
			byte = sqst_digit_unescape(from->text + i, from->size - i);
			if (byte < 0)
				return sqst_map_bad(at,
						    "%.*s has a backslash that is not followed by "
						    "three octal digits from 001 to 377",
						    SHOWN(*from));
			if (byte == 0 || byte == '/')
				return sqst_map_bad(at, "%.*s has an escaped %s in it",
						    SHOWN(*from), byte ? "'/'" : "NUL");
			i += 3;
		} else if (byte < 0x20 || byte == 0x7f) {
			return sqst_map_bad(at, "the control character \\%03o is not escaped",
					    (unsigned)byte);
		}
		to[used++] = (char)byte;
	}
	return (int64_t)used;
}

/* Each component must be a name that a directory can hold. */
static int check_names(const struct sqst_map_text *at, const char *path, size_t length)
{
	size_t start = 0;

	while (start <= length) {
		const char *name = path + start;
		const char *slash = memchr(name, '/', length - start);
		const size_t size = slash ? (size_t)(slash - name) : length - start;

		if (size == 0)
			return sqst_map_bad(at, "the path has an empty component");
		if ((size == 1 && name[0] == '.') ||
		    (size == 2 && name[0] == '.' && name[1] == '.'))
			return sqst_map_bad(at, "the path has \"%.*s\" in it", (int)size, name);
		if (size > SQST_NAME_MAX)
			return sqst_map_bad(
			    at, "the path has a component of %zu bytes; the limit is %u", size,
			    SQST_NAME_MAX);
		start += size + 1;
	}
	return 0;
}

static int entry_path(const struct sqst_map_text *at, const struct word *word, char *path,
		      struct sqst_map_line *line)
{
	const struct word below = {word->text + 2, word->size - 2};
	int64_t length;

	line->path = path;
	line->length = 0;
	if (word->size == 1 && word->text[0] == '.')
		return 0;
	if (word->size < 2 || word->text[0] != '.' || word->text[1] != '/')
		return sqst_map_bad(at, "%.*s: a path must be \".\" or start with \"./\"",
				    SHOWN(*word));
	length = unescape(at, &below, path);
	if (length < 0)
		return (int)length;
	if (length > INT32_MAX)
		return sqst_map_bad(at, "the path is too long");
	line->length = (uint32_t)length;
	return check_names(at, path, line->length);
}

static int entry_word(const struct sqst_map_text *at, const struct word *word,
		      struct sqst_map_line *line)
{
	struct word value;

	if (has_key(word, "type", &value)) {
		if (line->type)
			return sqst_map_bad(at, "type= is given twice");
		for (uint8_t type = SQST_TYPE_DIR; type <= SQST_TYPE_SOCKET; type++) {
			if (value.size == strlen(sqst_map_type[type]) &&
			    memcmp(value.text, sqst_map_type[type], value.size) == 0)
				line->type = type;
		}
		if (!line->type)
			return sqst_map_bad(at, "type=%.*s is not a file type", SHOWN(value));
	} else if (has_key(word, "inode", &value)) {
		if (line->number)
			return sqst_map_bad(at, "inode= is given twice");
		if (!get_map_number(&value, &line->number) || line->number == 0 ||
		    line->number > SQST_NUMBER_MAX)
			return sqst_map_bad(at, "inode=%.*s is not a number between 1 and %u",
					    SHOWN(value), SQST_NUMBER_MAX);
	}
	return 0;
}

int sqst_map_parse_entry(const struct sqst_map_text *at, char *path, struct sqst_map_line *line)
{
	struct word rest = {at->text, at->size};
	struct word word;
	int rc;

	memset(line, 0, sizeof(*line));
	line->line = (uint32_t)at->line;
	if (at->text[at->size - 1] == '\r')
		return sqst_map_bad(
		    at,
		    "the line ends with a carriage return; lines must end with a line feed alone");
	if (at->text[at->size - 1] == '\\')
		return sqst_map_bad(at, "continuation lines are not supported");
	next_map_word(&rest, &word);
	rc = entry_path(at, &word, path, line);
	while (rc == 0 && next_map_word(&rest, &word))
		rc = entry_word(at, &word, line);
	if (rc < 0)
		return rc;
	if (!line->type)
		return sqst_map_bad(at, "type= is missing");
	if (!line->number)
		return sqst_map_bad(at, "inode= is missing");
	return 0;
}
