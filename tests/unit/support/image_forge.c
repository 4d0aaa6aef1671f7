/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Images made by hand, without compression, so that a test can damage one field of them.
 *
 * "d.=5 da=1 fa/f=2": a type letter (dir, file, link, block, char, p for fifo, socket), the path
 * ("." is the root, first), the number. Names of a directory in their order. A second name with a
 * number is a hard link. An upper case letter: the extended form of the inode; a file of that form
 * has two blocks and a half. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "image_forge.h"

struct forge_bytes {
	uint8_t *data;
	size_t size;
};

static void forge_append(struct forge_bytes *to, const void *data, size_t size)
{
	to->data = realloc(to->data, to->size + size + 1);
	assert_non_null(to->data);
	if (size > 0)
		memcpy(to->data + to->size, data, size);
	to->size += size;
}

static void forge_number(struct forge_bytes *to, uint64_t value, size_t width)
{
	uint8_t raw[8];

	sqst_put64(raw, value);
	forge_append(to, raw, width);
}

/* A place of an unpacked table in the packed one, as offset and as reference. */
static size_t forge_offset(size_t place)
{
	return place / FORGE_META * (FORGE_META + 2) + 2 + place % FORGE_META;
}

static uint64_t forge_ref(size_t place)
{
	return (uint64_t)(place / FORGE_META * (FORGE_META + 2)) << 16 | place % FORGE_META;
}

static size_t forge_find(const struct forge *forge, const char *path, size_t length)
{
	for (size_t i = 0; i < forge->names; i++) {
		if (strlen(forge->name[i].path) == length &&
		    memcmp(forge->name[i].path, path, length) == 0)
			return i;
	}
	fail_msg("no path %.*s", (int)length, path);
	return 0;
}

static const char *forge_base(const struct forge_name *name)
{
	const char *slash = strrchr(name->path, '/');

	return slash ? slash + 1 : name->path;
}

static unsigned forge_type(const struct forge_name *name)
{
	return name->type > 7 ? name->type - 7 : name->type;
}

static void forge_parse(struct forge *forge, const char *spec)
{
	static const char letters[] = "?dflbcpsDFLBCPS";

	while (*spec) {
		const char *equal = strchr(spec, '='), *slash;
		const size_t length = (size_t)(equal - spec) - 1;
		const size_t at = forge->names;
		struct forge_name *name;

		forge->name = realloc(forge->name, (at + 1) * sizeof(*name));
		assert_non_null(forge->name);
		name = &forge->name[at];
		*name = (struct forge_name){.same = at};
		name->path = strndup(spec + 1, length);
		name->type = (unsigned)(strchr(letters, spec[0]) - letters);
		name->number = (uint32_t)strtoul(equal + 1, (char **)&spec, 10);
		slash = strrchr(name->path, '/');
		if (slash)
			name->parent = forge_find(forge, name->path, (size_t)(slash - name->path));
		for (size_t i = 0; i < at && forge_type(name) != 1 && name->same == at; i++) {
			if (forge->name[i].number == name->number)
				name->same = i;
		}
		forge->names++;
		spec += strspn(spec, " ");
	}
}

static size_t forge_inode_size(unsigned type)
{
	static const size_t size[] = {0, 32, 32, 27, 24, 24, 20, 20, 40, 68, 31, 28, 28, 24, 24};

	return size[type];
}

/* The listing: a header wherever the block of the inode changes or the numbers are too far off. */
static void forge_listing(struct forge *forge, size_t dir, struct forge_bytes *to)
{
	size_t header = 0, count = 0;
	uint64_t block = 0;
	uint32_t base = 0;

	forge->name[dir].listing = to->size;
	for (size_t i = 1; i < forge->names; i++) {
		struct forge_name *name = &forge->name[i];
		const uint64_t ref = forge_ref(forge->name[name->same].inode);
		const int64_t diff = (int64_t)name->number - base;

		if (name->parent != dir)
			continue;
		if (count == 0 || count == 256 || ref >> 16 != block || diff > 32767 ||
		    diff < -32768) {
			header = to->size;
			count = 0;
			block = ref >> 16;
			base = name->number;
			forge_number(to, 0, 4);
			forge_number(to, block, 4);
			forge_number(to, base, 4);
		}
		sqst_put32(to->data + header, (uint32_t)count++);
		name->entry = to->size;
		forge_number(to, ref & 0xFFFF, 2);
		forge_number(to, (uint64_t)name->number - base, 2);
		forge_number(to, forge_type(name), 2);
		forge_number(to, strlen(forge_base(name)) - 1, 2);
		forge_append(to, forge_base(name), strlen(forge_base(name)));
	}
	forge->name[dir].listing_size = to->size - forge->name[dir].listing;
}

static void forge_inode(const struct forge *forge, const struct forge_name *name,
			struct forge_bytes *to)
{
	const uint64_t ref = forge_ref(name->listing);
	const uint32_t parent = forge->name[name->parent].number;
	const size_t start = to->size;
	uint8_t *raw;

	for (size_t i = 0; i < forge_inode_size(name->type); i++)
		forge_number(to, 0, 1);
	raw = to->data + start;
	sqst_put16(raw, name->type);
	sqst_put32(raw + 12, name->number);
	switch (name->type) {
	case 1:
		sqst_put32(raw + 16, (uint32_t)(ref >> 16));
		sqst_put16(raw + 24, (uint32_t)name->listing_size + 3);
		sqst_put16(raw + 26, (uint32_t)ref);
		sqst_put32(raw + 28, parent);
		break;
	case 8:
		sqst_put32(raw + 20, (uint32_t)name->listing_size + 3);
		sqst_put32(raw + 24, (uint32_t)(ref >> 16));
		sqst_put32(raw + 28, parent);
		sqst_put16(raw + 34, (uint32_t)ref);
		break;
	case 2:
		sqst_put32(raw + 20, UINT32_MAX);
		break;
	case 9:
		sqst_put64(raw + 24, 131072 * 2 + 65536);
		sqst_put32(raw + 44, UINT32_MAX);
		break;
	case 3:
	case 10:
		sqst_put32(raw + 20, 3);
		break;
	default:
		break;
	}
}

/* Pack a table. Its blocks' positions go to `index`, if that is given. */
static void forge_pack(struct forge_bytes *to, const struct forge_bytes *table,
		       struct forge_bytes *index)
{
	for (size_t at = 0; at < table->size; at += FORGE_META) {
		const size_t left = table->size - at;
		const size_t size = left < FORGE_META ? left : FORGE_META;

		if (index)
			forge_number(index, to->size, 8);
		forge_number(to, size | 0x8000, 2);
		forge_append(to, table->data + at, size);
	}
}

static void forge_exports(const struct forge *forge, uint32_t top, struct forge_bytes *to)
{
	to->data = malloc((size_t)top * 8 + 1);
	assert_non_null(to->data);
	to->size = (size_t)top * 8;
	memset(to->data, 0xFF, to->size);
	for (size_t i = 0; i < forge->names; i++) {
		const struct forge_name *name = &forge->name[i];

		if (name->same == i && name->number >= 1 && name->number <= top)
			sqst_put64(to->data + 8 * ((size_t)name->number - 1),
				   forge_ref(name->inode));
	}
}

static void forge_super(const struct forge *forge, uint32_t top, bool extra)
{
	uint8_t *raw = forge->data;

	sqst_put32(raw, 0x73717368);
	sqst_put32(raw + 4, top);
	sqst_put32(raw + 12, 131072);
	sqst_put16(raw + 20, 1);
	sqst_put16(raw + 22, 17);
	sqst_put16(raw + 24, extra ? 0x1000 : 0);
	sqst_put16(raw + 26, 1);
	sqst_put16(raw + 28, 4);
	sqst_put64(raw + 32, forge_ref(forge->name[0].inode));
	sqst_put64(raw + 40, forge->size);
	sqst_put64(raw + 48, forge->size - 8);
	sqst_put64(raw + 56, UINT64_MAX);
	sqst_put64(raw + 64, forge->inode_table);
	sqst_put64(raw + 72, forge->directory_table);
	sqst_put64(raw + 80, UINT64_MAX);
	sqst_put64(raw + 88, top <= FORGE_EXPORTS_MAX ? forge->export_index : UINT64_MAX);
}

static void forge_layout(struct forge *forge, struct forge_bytes *inodes,
			 struct forge_bytes *listings)
{
	size_t place = 0;

	for (size_t i = 0; i < forge->names; i++) {
		struct forge_name *name = &forge->name[i];

		name->inode = place;
		if (name->same == i)
			place += forge_inode_size(name->type);
	}
	for (size_t i = 0; i < forge->names; i++) {
		if (forge_type(&forge->name[i]) == 1)
			forge_listing(forge, i, listings);
	}
	for (size_t i = 0; i < forge->names; i++) {
		if (forge->name[i].same == i)
			forge_inode(forge, &forge->name[i], inodes);
	}
}

/* `top`: the inode count. `extra`: an extra-information block with its header, or NULL. */
struct forge *forge_make(const char *spec, uint32_t top, const void *extra, size_t extra_size)
{
	struct forge *forge = calloc(1, sizeof(*forge));
	struct forge_bytes inodes = {0}, listings = {0}, exports = {0}, index = {0}, image = {0};

	assert_non_null(forge);
	forge_parse(forge, spec);
	forge_layout(forge, &inodes, &listings);
	if (top <= FORGE_EXPORTS_MAX)
		forge_exports(forge, top, &exports);
	for (size_t i = 0; i < 96; i++)
		forge_number(&image, 0, 1);
	forge_append(&image, extra, extra_size);
	forge->inode_table = image.size;
	forge_pack(&image, &inodes, NULL);
	forge->directory_table = image.size;
	forge_pack(&image, &listings, NULL);
	forge->exports = image.size;
	forge_pack(&image, &exports, &index);
	forge->export_index = image.size;
	forge_append(&image, index.data, index.size);
	/* The one owner: number 0. */
	forge_number(&image, 0x8004, 2);
	forge_number(&image, 0, 4);
	forge_number(&image, image.size - 6, 8);
	forge->data = image.data;
	forge->size = image.size;
	forge_super(forge, top, extra != NULL);
	free(inodes.data);
	free(listings.data);
	free(exports.data);
	free(index.data);
	return forge;
}

void forge_free(struct forge *forge)
{
	for (size_t i = 0; i < forge->names; i++)
		free(forge->name[i].path);
	free(forge->name);
	free(forge->data);
	free(forge);
}

/* Bytes to change. */
uint8_t *forge_inode_at(const struct forge *forge, const char *path)
{
	const struct forge_name *name = &forge->name[forge_find(forge, path, strlen(path))];

	return forge->data + forge->inode_table + forge_offset(forge->name[name->same].inode);
}

uint8_t *forge_entry_at(const struct forge *forge, const char *path)
{
	const struct forge_name *name = &forge->name[forge_find(forge, path, strlen(path))];

	return forge->data + forge->directory_table + forge_offset(name->entry);
}

uint8_t *forge_listing_at(const struct forge *forge, const char *path)
{
	const struct forge_name *name = &forge->name[forge_find(forge, path, strlen(path))];

	return forge->data + forge->directory_table + forge_offset(name->listing);
}
