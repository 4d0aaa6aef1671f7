/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fields of a forged image that are changed, and what the message must then say. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "support/image.h"
#include "support/image_forge.h"

/* What a place is counted from. */
enum from {
	SUPER,
	INODE,
	/* The directory entry of a path. */
	ENTRY,
	/* The first header in a directory's listing. */
	LISTING,
	/* The tables, with their blocks' headers. */
	INODES,
	LISTINGS,
	EXPORTS,
	EXPORT_INDEX,
};

struct change {
	enum from from;
	const char *path;
	size_t offset;
	size_t width;
	uint64_t value;
};

struct refusal {
	struct change change[3];
	/* NULL: it is no damage to this reader. */
	const char *message;
};

#define NUMBER_AT 12

static const struct refusal refusals[] = {
    /* the superblock */
    {{{SUPER, 0, 0, 4, 0}}, "is not a squashfs image: no magic number at offset 0x0"},
    {{{SUPER, 0, 0, 4, 0x68737173}}, "is a big-endian squashfs image"},
    {{{SUPER, 0, 28, 2, 3}}, "is squashfs version 3.0; only 4.0"},
    {{{SUPER, 0, 30, 2, 1}}, "is squashfs version 4.1; only 4.0"},
    {{{SUPER, 0, 12, 4, 131071}}, "block size 131071 and its logarithm 17"},
    {{{SUPER, 0, 22, 2, 16}}, "block size 131072 and its logarithm 16"},
    {{{SUPER, 0, 12, 4, 2048}, {SUPER, 0, 22, 2, 11}}, "block size 2048"},
    {{{SUPER, 0, 12, 4, 1 << 21}, {SUPER, 0, 22, 2, 21}}, "block size 2097152"},
    {{{SUPER, 0, 22, 2, 65535}}, "logarithm 65535"},
    {{{SUPER, 0, 4, 4, 0}}, "inode count 0 in the superblock (offset 0x4)"},
    {{{SUPER, 0, 4, 4, 0x80000000}}, "inode count 2147483648"},
    {{{SUPER, 0, 26, 2, 0}}, "the id count"},
    {{{SUPER, 0, 40, 8, 95}}, "the superblock (offset 0x28) claims 95 bytes"},
    {{{SUPER, 0, 40, 8, UINT64_MAX}}, "claims 18446744073709551615 bytes, but the file has"},
    {{{SUPER, 0, 20, 2, 0}}, "unknown compressor 0 in the superblock"},
    {{{SUPER, 0, 20, 2, 7}}, "unknown compressor 7 in the superblock"},
    {{{SUPER, 0, 48, 8, UINT64_MAX}}, "the id table at offset 0xffffffffffffffff"},
    {{{SUPER, 0, 48, 8, 0}}, "the id table's first block at offset"},
    {{{SUPER, 0, 26, 2, 65535}}, "the id table at offset"},
    {{{SUPER, 0, 56, 8, 1 << 20}}, "the extended attribute table at offset 0x100000"},
    {{{SUPER, 0, 56, 8, UINT64_MAX - 1}}, "the extended attribute table at offset"},
    {{{SUPER, 0, 56, 8, 96}}, "the extended attribute table's first block"},
    {{{SUPER, 0, 88, 8, 0}}, "the export table's index at offset 0x0 must have 8"},
    {{{SUPER, 0, 88, 8, UINT64_MAX - 1}}, "the export table's index at offset"},
    {{{SUPER, 0, 4, 4, 1025}}, "must have 16 bytes, up to"},
    {{{SUPER, 0, 4, 4, 0x7FFFFFFF}}, "must have 16777216 bytes, up to"},
    {{{EXPORT_INDEX, 0, 0, 8, UINT64_MAX}}, "the export table's first block at offset"},
    {{{SUPER, 0, 16, 4, 1}}, "the fragment table at offset 0xffffffffffffffff"},
    {{{SUPER, 0, 16, 4, UINT32_MAX}, {SUPER, 0, 80, 8, 96}}, "the fragment table at offset"},
    {{{SUPER, 0, 80, 8, 96}}, NULL},
    {{{SUPER, 0, 72, 8, UINT64_MAX}}, "the directory table at offset 0xffffffffffffffff"},
    {{{SUPER, 0, 72, 8, 96}}, "the inode table at offset 0x60 is not between"},
    {{{SUPER, 0, 64, 8, 95}}, "the inode table at offset 0x5f is not between"},
    {{{SUPER, 0, 64, 8, UINT64_MAX}}, "the inode table at offset"},
    {{{SUPER, 0, 32, 8, UINT64_C(1) << 48}}, "the root reference 0x1000000000000"},
    {{{SUPER, 0, 32, 8, 0xFFFFFFFF0000}}, "a block of the inode table is referenced at"},
    {{{SUPER, 0, 32, 8, 0x1FFF}}, "offset 8191 is outside the block of the inode table"},
    {{{SUPER, 0, 24, 2, 0x400}}, "the compressor options block at offset 0x60 overlaps"},
    {{{SUPER, 0, 24, 2, 0x1000}}, "the extra-information block at offset 0x60 overlaps"},
    {{{INODE, ".", NUMBER_AT, 4, 0}}, "the root's inode number 0 is not between"},
    {{{INODE, ".", NUMBER_AT, 4, 10}}, "the root's inode number 10 is not between 1"},
    {{{INODE, ".", NUMBER_AT, 4, 9}}, "directory ./a: its inode has parent inode 5 instead"},
    /* blocks */
    {{{INODES, 0, 0, 2, 0x8000}}, "the block of the inode table at offset 0x60 has invalid size 0"},
    {{{INODES, 0, 0, 2, 0xA001}}, "at offset 0x60 has invalid size 8193"},
    {{{INODES, 0, 0, 2, 0xA000}}, "of 8192 bytes runs past the end of the table"},
    {{{INODES, 0, 1, 1, 0}}, "at offset 0x60 does not decompress (gzip)"},
    {{{LISTINGS, 0, 0, 2, 0x8000}}, "the block of the directory table at offset"},
    {{{LISTINGS, 0, 0, 2, 0xA000}}, "of 8192 bytes runs past the end of the table"},
    {{{LISTINGS, 0, 0, 2, 0x8010}}, "the block of the directory table at offset"},
    {{{LISTINGS, 0, 1, 1, 0}}, "does not decompress (gzip)"},
    {{{EXPORTS, 0, 0, 2, 0x8040}}, "unpacks to 64 bytes instead of 72"},
    {{{EXPORTS, 0, 1, 1, 0}}, "the block of the export table at offset"},
    /* inodes */
    {{{INODE, ".", 0, 2, 0}}, "the inode at reference 0x0 has unknown type 0"},
    {{{INODE, "a/f", 0, 2, 15}}, "has unknown type 15"},
    {{{INODE, ".", 0, 2, 2}}, ".: the inode at reference 0x0 has type 2 and is not"},
    {{{INODE, "a", 0, 2, 2}}, "./a: the inode at reference 0x20 has type 2 and is not a dir"},
    {{{INODE, "a/l", 0, 2, 6}}, "./a/l has type 3 in its directory, but its inode at"},
    {{{INODE, "a/l", NUMBER_AT, 4, 9}}, "./a/l has inode number 3 in its directory, but its"},
    {{{INODE, "e", NUMBER_AT, 4, 9}}, "./e has inode number 8 in its directory, but its"},
    {{{INODE, "a", 28, 4, 4}}, "directory ./a: its inode has parent inode 4 instead"},
    {{{INODE, "c", 28, 4, 4}}, "directory ./c: its inode has parent inode 4 instead"},
    {{{INODE, "d", 24, 8, 131072 * 4}}, "./d: the inode at reference"},
    {{{INODE, "d", 24, 8, UINT64_MAX}}, "overlaps the one at"},
    {{{INODE, "e/x", 20, 4, 0}, {INODE, "e/x", 28, 4, UINT32_MAX}}, "in the middle of an"},
    {{{INODE, "a/l", 20, 4, UINT32_MAX}}, "./a/l: the inode at reference 0x60 overlaps"},
    {{{INODE, "a", 16, 4, 4096}}, "a block of the directory table is referenced at offset"},
    {{{INODE, "a", 26, 2, 8191}}, "offset 8191 is outside the block of the directory"},
    {{{INODE, "a", 24, 2, 65535}}, "directory ./a: a listing of 65532 bytes exceeds"},
    {{{INODE, "c", 20, 4, UINT32_MAX}}, "directory ./c: a listing of 4294967292 bytes"},
    {{{INODE, "a", 24, 2, 0}}, NULL},
    {{{INODE, "a", 24, 2, 4}}, "directory ./a: the listing ends in the middle of an entry"},
    {{{INODE, "a", 24, 2, 34}}, "directory ./a: the listing ends in the middle of an entry"},
    {{{INODE, "c", 20, 4, 3 + 100}, {INODE, "c", 24, 4, 0}, {INODE, "c", 34, 2, 0}},
     "directory ./c: the listing ends in the middle of an entry"},
    {{{INODE, "e", 24, 2, 3 + 60}}, "the directory table ends at offset"},
    /* directories */
    {{{LISTING, "a", 0, 4, 256}}, "directory ./a: a header counts more than 256 entries"},
    {{{LISTING, "a", 0, 4, UINT32_MAX}}, "a header counts more than 256 entries"},
    {{{LISTING, "a", 0, 4, 2}}, "directory ./a: the listing ends in the middle of an entry"},
    {{{LISTING, "e", 4, 4, UINT32_MAX}}, "a block of the inode table is referenced at"},
    {{{LISTING, "e", 8, 4, 10}}, "./e/x: inode number 10 is not between 1 and the super"},
    {{{LISTING, "e", 8, 4, UINT32_MAX}}, "./e/x: inode number 4294967295 is not between"},
    {{{LISTING, "e", 8, 4, 0}}, "./e/x: inode number 0 is not between 1"},
    {{{LISTING, "e", 8, 4, 1}, {ENTRY, "e/x", 2, 2, 0xFFFE}}, "inode number -1 is not"},
    {{{LISTING, "e", 8, 4, 9}, {ENTRY, "e/x", 2, 2, 0xFFFE}}, NULL},
    {{{ENTRY, "a/f", 0, 2, 8000}}, "offset 8000 is outside the block of the inode"},
    {{{ENTRY, "a/f", 2, 2, 1}}, "./a/f has inode number 3 in its directory, but"},
    {{{ENTRY, "a/f", 4, 2, 0}}, "./a/f: the file type is invalid"},
    {{{ENTRY, "a/f", 4, 2, 9}}, "./a/f: the file type is invalid"},
    {{{ENTRY, "a/f", 4, 2, 3}}, "./a/f has type 3 in its directory, but its inode at"},
    {{{ENTRY, "a/f", 4, 2, 1}}, "./a/f: the inode at reference 0x40 has type 2 and is not"},
    {{{ENTRY, "a", 4, 2, 2}}, "./a has type 2 in its directory, but its inode at"},
    {{{ENTRY, "a/f", 6, 2, 255}}, "directory ./a: a name exceeds 255 bytes"},
    {{{ENTRY, "a/f", 6, 2, 65535}}, "directory ./a: a name exceeds 255 bytes"},
    {{{ENTRY, "a/f", 6, 2, 254}}, "directory ./a: the listing ends in the middle of an"},
    {{{ENTRY, "a/f", 8, 1, 0}}, "directory ./a: a name has a NUL byte"},
    {{{ENTRY, "a/f", 8, 1, '/'}}, "directory ./a: a name has a '/'"},
    {{{ENTRY, "a/f", 8, 1, '.'}}, "directory ./a: \".\" or \"..\" is used as a name"},
    {{{ENTRY, "a/f", 8, 1, 'l'}}, "./a/l: the name appears twice"},
    {{{ENTRY, "a/f", 8, 1, 'x'}}, "./a/l: the name is out of order"},
    {{{ENTRY, "a/f", 8, 1, 0xFF}}, "./a/l: the name is out of order"},
    {{{ENTRY, "a/l", 8, 1, 0xFF}}, NULL},
    /* numbers and inodes, one to one */
    {{{INODE, "a/l", NUMBER_AT, 4, 2}, {ENTRY, "a/l", 2, 2, 0}},
     "inode number 2 is used by two inodes (./b and ./a/l)"},
    {{{INODE, "e/x", NUMBER_AT, 4, 5}, {LISTING, "e", 8, 4, 5}},
     "inode number 5 is used by two inodes (. and ./e/x)"},
    {{{INODE, "d", NUMBER_AT, 4, 3}, {ENTRY, "d", 2, 2, 2}},
     "inode number 3 is used by two inodes (./d and ./a/l)"},
    {{{ENTRY, "c", 0, 2, 32}, {ENTRY, "c", 2, 2, 0}, {INODE, "a", 24, 2, 3}},
     "a directory has two parents (./a and ./c)"},
    {{{ENTRY, "b", 4, 2, 1}, {ENTRY, "b", 0, 2, 0}, {INODE, ".", 28, 4, 5}},
     "directory ./b contains itself"},
    {{{ENTRY, "e/x", 4, 2, 1}, {ENTRY, "e/x", 0, 2, 0}, {INODE, ".", 28, 4, 8}},
     "directory ./e/x contains itself"},
    {{{ENTRY, "b", 2, 2, 5}}, "./b has inode number 6 in its directory, but its inode"},
    /* the export table of an image without a record */
    {{{EXPORTS, 0, 2 + 8, 8, 0}}, "for number 2, but ./b has that number and its inode is at"},
    {{{EXPORTS, 0, 2 + 8 * 4, 8, UINT64_MAX}}, "has 0xffffffffffffffff for number 5, but . has"},
    {{{EXPORTS, 0, 2 + 8 * 8, 8, 0}}, NULL},
};

static void change_field(const struct forge *forge, const struct change *change)
{
	uint8_t raw[8], *at = NULL;

	switch (change->from) {
	case SUPER:
		at = forge->data;
		break;
	case INODE:
		at = forge_inode_at(forge, change->path);
		break;
	case ENTRY:
		at = forge_entry_at(forge, change->path);
		break;
	case LISTING:
		at = forge_listing_at(forge, change->path);
		break;
	case INODES:
		at = forge->data + forge->inode_table;
		break;
	case LISTINGS:
		at = forge->data + forge->directory_table;
		break;
	case EXPORTS:
		at = forge->data + forge->exports;
		break;
	case EXPORT_INDEX:
		at = forge->data + forge->export_index;
		break;
	}
	sqst_put64(raw, change->value);
	memcpy(at + change->offset, raw, change->width);
}

static void damaged_fields_are_refused(void **state)
{
	size_t wrong = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		const struct refusal *refusal = &refusals[i];
		struct forge *forge = forge_make(DAMAGED_TREE, DAMAGED_TOP, NULL, 0);
		struct sqst_numbers *numbers = NULL;
		struct sqst_report why = {0};
		int rc;

		for (size_t c = 0; c < 3 && refusal->change[c].width > 0; c++)
			change_field(forge, &refusal->change[c]);
		rc = read_bytes(forge->data, forge->size, &numbers, &why);
		if (refusal->message ? rc == 0 || !strstr(why.message, refusal->message)
				     : rc != 0) {
			print_error("row %zu, due: %s\n  is: %s\n", i,
				    refusal->message ? refusal->message : "accepted", why.message);
			wrong++;
		}
		sqst_numbers_free(numbers);
		forge_free(forge);
	}
	assert_int_equal(wrong, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(damaged_fields_are_refused),
	};

	return cmocka_run_group_tests(tests, open_memory, close_memory);
}
