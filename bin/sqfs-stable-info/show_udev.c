/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* UUID and label as udev's own blkid would give them, if it knew where they stand. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <blkid.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>

#include "show.h"

/* Each byte can become \xNN, and libblkid wants room for one more. */
#define ENCODED_MAX (4 * SQST_LABEL_MAX + 8)

/* libblkid takes the blanks out, but lets pass what ends a quotation in udev's eyes, moves a
 * terminal's cursor, or is no UTF-8. */
static void make_safe(char *text)
{
	while (*text) {
		const unsigned char byte = (unsigned char)*text;
		const size_t length = utf8_length(text);

		if (length == 0 || byte < 0x20 || byte == 0x7f || byte == '"' || byte == '\'')
			*text = '_';
		text += length > 0 ? length : 1;
	}
}

static bool can_name_a_link(const char *text)
{
	return strlen(text) <= NAME_MAX && strcmp(text, ".") != 0 && strcmp(text, "..") != 0;
}

/* KEY is for people; KEY_ENC is the name of a link, from which the text can be had back. */
static void show_pair(const char *key, const char *text)
{
	char safe[ENCODED_MAX], encoded[ENCODED_MAX];

	/* A label of blanks alone is not worth a link, and udev refuses an empty value. */
	if (blkid_safe_string(text, safe, sizeof(safe)) < 0 || !safe[0])
		return;
	make_safe(safe);
	printf("%s=%s\n", key, safe);
	if (blkid_encode_string(text, encoded, sizeof(encoded)) == 0 && can_name_a_link(encoded))
		printf("%s_ENC=%s\n", key, encoded);
}

void show_udev(const struct sqst_image_head *head)
{
	const struct sqst_lineage *lineage = &head->lineage;
	char uuid[UUID_TEXT_SIZE];

	if (!sqst_uuid_is_null(lineage->uuid))
		show_pair("ID_FS_UUID", uuid_text(lineage->uuid, uuid));
	if (lineage->label[0])
		show_pair("ID_FS_LABEL", lineage->label);
	if (!lineage->recorded)
		return;
	printf("ID_SQFS_STABLE_ID=%s\nID_SQFS_STABLE_GENERATION=%" PRIu32 "\n",
	       uuid_text(lineage->id, uuid), lineage->generation);
}
