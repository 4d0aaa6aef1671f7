/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Maps that must be refused, and what the message must say. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "map/map_text.h"
#include "support/numbering.h"

struct refusal {
	const char *text;
	const char *message;
};

static const struct refusal refusals[] = {
    {"", "line 1: not a map: the file is empty"},
    {"\n#mtree\n", "line 1: not a map"},
    {"hsqs", "line 1: not a map"},
    {"#mtree v2.0\n", "line 1: not a map"},
    {"#mtree\r\n", "line 1: not a map"},
    {"#mtree", "line 1: the file ends without a \"# sqfs-stable:\" line"},
    {"#mtree\n# other\n", "line 2: the file ends without"},
    {"#mtree\n" ROOT, "line 2: there is no \"# sqfs-stable:\" line"},
    {"#mtree\n# sqfs-stable: top=9\n", "line 2: version= is missing"},
    {"#mtree\n# sqfs-stable: version=1\n", "line 2: top= is missing"},
    {"#mtree\n# sqfs-stable: version=2 top=x\n", "line 2: map version 2 is unknown"},
    {"#mtree\n# sqfs-stable: version=0 top=9\n", "line 2: map version 0 is unknown"},
    {"#mtree\n# sqfs-stable: version=1 top=0\n", "line 2: top=0 is not between 1"},
    {"#mtree\n# sqfs-stable: version=1 top=\n", "line 2: top= is not a number"},
    {"#mtree\n# sqfs-stable: version=1 top=2147483648\n", "top=2147483648 is not between"},
    {"#mtree\n# sqfs-stable: version=1 top=4294967297\n", "is not a number"},
    {"#mtree\n# sqfs-stable: version=1 top=-1\n", "top=-1 is not a number"},
    {"#mtree\n# sqfs-stable: version=1 top=5 top=5\n", "top= is given twice"},
    {"#mtree\n# sqfs-stable: version=1 version=1\n", "version= is given twice"},
    {"#mtree\n# sqfs-stable: version=1 generation=1.5 top=1\n", "generation=1.5 is"},
    {"#mtree\n# sqfs-stable: version=1 uuid=12 top=5\n", "uuid=12 is not a UUID"},
    {"#mtree\n# sqfs-stable: version=1 uuid=00112233-4455-6677-8899-aabbccddeegg\n",
     "line 2: uuid=00112233-4455-6677-8899-aabbccddeegg is not"},
    {"#mtree\n# sqfs-stable: version=1 uuid=00000000-0000-0000-0000-000000000000\n",
     "is not a UUID"},
    {"#mtree\n# sqfs-stable: version=1 uuid=00112233-4455-6677-8899-aabbccddeeff "
     "uuid=00112233-4455-6677-8899-aabbccddeeff\n",
     "uuid= is given twice"},
    {START "# sqfs-stable: version=1 top=9\n", "line 3: a second \"# sqfs-stable:\""},
    {START, "there is no line for the root directory"},
    {START "./a type=file inode=1\n", "there is no line for the root directory"},
    {START ". type=file inode=1\n", "line 3: ./: the root is not a directory"},
    {START ROOT "/set type=file\n", "line 4: special lines (/set, /unset)"},
    {START ROOT "/unset all\n", "line 4: special lines"},
    {START ROOT " ./a type=file inode=2\n", "line 4: a path must be"},
    {START ROOT "a type=file inode=2\n", "line 4: a path must be"},
    {START ROOT "..\n", "line 4: ..: a path must be"},
    {START ROOT ".a type=file inode=2\n", "line 4: .a: a path must be"},
    {START ROOT "./ type=file inode=2\n", "line 4: the path has an empty component"},
    {START ROOT "./a/ type=dir inode=2\n", "line 4: the path has an empty component"},
    {START ROOT ".//a type=dir inode=2\n", "line 4: the path has an empty component"},
    {START ROOT "./. type=dir inode=2\n", "line 4: the path has \".\" in it"},
    {START ROOT "./a/../b type=dir inode=2\n", "line 4: the path has \"..\" in it"},
    {START ROOT "./\\056\\056 type=dir inode=2\n", "line 4: the path has \"..\" in it"},
    {START ROOT "./a\\057b type=dir inode=2\n", "line 4: a\\057b has an escaped '/'"},
    {START ROOT "./a\\000b type=dir inode=2\n", "line 4: a\\000b has an escaped NUL"},
    {START ROOT "./a\\400 type=dir inode=2\n", "not followed by three octal digits"},
    {START ROOT "./a\\08 type=dir inode=2\n", "not followed by three octal digits"},
    {START ROOT "./a\\n type=dir inode=2\n", "not followed by three octal digits"},
    {START ROOT "./a\001 type=dir inode=2\n", "control character \\001"},
    {START ROOT "./a\177 type=dir inode=2\n", "control character \\177"},
    {START ROOT "./a type=dir inode=2\r\n", "line 4: the line ends with a carriage return"},
    {START ROOT "./a type=dir \\\n inode=2\n", "line 4: continuation lines"},
    {START ROOT "./a\n", "line 4: type= is missing"},
    {START ROOT "./a type=file\n", "line 4: inode= is missing"},
    {START ROOT "./a inode=2\n", "line 4: type= is missing"},
    {START ROOT "./a type=door inode=2\n", "line 4: type=door is not a file type"},
    {START ROOT "./a type= inode=2\n", "line 4: type= is not a file type"},
    {START ROOT "./a type=di inode=2\n", "line 4: type=di is not a file type"},
    {START ROOT "./a type=dir type=dir inode=2\n", "line 4: type= is given twice"},
    {START ROOT "./a type=dir inode=2 inode=2\n", "line 4: inode= is given twice"},
    {START ROOT "./a type=dir inode=0\n", "line 4: inode=0 is not a number between 1"},
    {START ROOT "./a type=dir inode=2x\n", "line 4: inode=2x is not a number"},
    {START ROOT "./a type=dir inode=+2\n", "line 4: inode=+2 is not a number"},
    {START ROOT "./a type=dir inode=2147483648\n", "is not a number between 1 and"},
    {START ROOT "./a type=dir inode=100\n", "line 4: ./a: its inode number is above"},
    {START ROOT "./a type=dir inode=1\n",
     "line 4: ./a: another directory has the same number, in line 3"},
    {START ROOT "./b type=file inode=2\n./a type=link inode=2\n",
     "line 5: ./a: a path of another type has the same number, in line 4"},
    {START ROOT "./b type=dir inode=2\n./b type=dir inode=3\n",
     "line 5: ./b: the path appears twice, in line 4"},
    {START ROOT ROOT, "line 4: ./: the path appears twice, in line 3"},
    {START ROOT "./b/c type=dir inode=2\n", "line 4: ./b/c: its directory is missing"},
    {START ROOT "./b type=dir inode=2\n./bb/c/d type=dir inode=3\n",
     "line 5: ./bb/c/d: its directory is missing"},
    {START ROOT "./b/c type=file inode=2\n./b type=file inode=3\n",
     "line 4: ./b/c: its directory is not of type dir, in line 5"},
    {START ROOT "./a type=dir inode=2", "line 4: the file is truncated"},
};

static void refused(const char *text, size_t size, const char *message)
{
	struct sqst_numbers *numbers = NULL;
	struct sqst_report why = {0};
	const int rc = sqst_map_parse("dir/m.map", text, size, &numbers, &why);

	if (!strstr(why.message, message))
		print_error("expected \"%s\", got \"%s\"\n", message, why.message);
	assert_int_equal(rc, SQST_ERR_PARENT);
	assert_int_equal(why.code, SQST_ERR_PARENT);
	assert_ptr_equal(strstr(why.message, "dir/m.map: "), why.message);
	assert_non_null(strstr(why.message, message));
	assert_null(numbers);
}

static void damage_is_refused_with_its_line(void **state)
{

	(void)state;
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
		refused(refusals[i].text, strlen(refusals[i].text), refusals[i].message);
}

static void bytes_that_no_string_holds_are_refused(void **state)
{
	static const char nul[] = START ROOT "./a\0b type=dir inode=2\n";
	char name[512] = START ROOT "./";
	const size_t start = strlen(name);

	(void)state;
	refused(nul, sizeof(nul) - 1, "line 4: the line has a NUL byte");
	memset(name + start, 'x', 256);
	strcpy(name + start + 256, " type=file inode=2\n");
	refused(name, strlen(name),
		"line 4: the path has a component of 256 bytes; the limit is 255");
	strcpy(name + start + 255, " type=file inode=2\n");
	sqst_numbers_free(parse(name));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(damage_is_refused_with_its_line),
	    cmocka_unit_test(bytes_that_no_string_holds_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
