/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs a fuzz target over its corpus without a fuzzer: a crash ends the program, and the case that
 * was announced last is the one. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run.h"

static int run_file(const char *directory, const char *name)
{
	static uint8_t data[1 << 20];
	char path[4096];
	FILE *file;
	size_t size;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	file = fopen(path, "rb");
	if (!file)
		return -1;
	size = fread(data, 1, sizeof(data), file);
	fclose(file);
	return LLVMFuzzerTestOneInput(data, size);
}

int main(void)
{
	const char *source = getenv("SQST_SRCDIR");
	char directory[3000];
	struct dirent **list;
	int count, number = 0;

	snprintf(directory, sizeof(directory), "%s/tests/fuzz/corpus/%s", source ? source : ".",
		 corpus);
	count = scandir(directory, &list, NULL, alphasort);
	if (count < 0) {
		printf("Bail out! %s cannot be read\n", directory);
		return 1;
	}
	for (int i = 0; i < count; i++) {
		if (list[i]->d_name[0] != '.') {
			printf("# %s\n", list[i]->d_name);
			fflush(stdout);
			printf("%s %d - %s/%s\n",
			       run_file(directory, list[i]->d_name) == 0 ? "ok" : "not ok",
			       ++number, corpus, list[i]->d_name);
		}
		free(list[i]);
	}
	free(list);
	printf("1..%d\n", number);
	return 0;
}
