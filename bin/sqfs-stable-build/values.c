/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Values of options. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "values.h"

/* Reads digits; returns what follows them, NULL if there are none or too many. */
static const char *digits(const char *text, uint64_t *out)
{
	uint64_t number = 0;

	if (*text < '0' || *text > '9')
		return NULL;
	for (; *text >= '0' && *text <= '9'; text++) {
		if (__builtin_mul_overflow(number, UINT64_C(10), &number) ||
		    __builtin_add_overflow(number, (uint64_t)(*text - '0'), &number))
			return NULL;
	}
	*out = number;
	return text;
}

bool value_number(const char *text, uint64_t *out)
{
	const char *end = digits(text, out);

	return end && *end == '\0';
}

bool value_size(const char *text, uint64_t *out)
{
	static const char suffixes[] = "kKmMgG";
	const char *end = digits(text, out);
	const char *suffix;

	if (!end || *end == '\0')
		return end != NULL;
	suffix = strchr(suffixes, *end);
	if (!suffix || end[1] != '\0')
		return false;
	return !__builtin_mul_overflow(*out, UINT64_C(1) << (10 * ((suffix - suffixes) / 2 + 1)),
				       out);
}

bool read_number(const struct option_row *row, const char *value, uint32_t least, uint32_t most,
		 const char *rule, uint32_t *out)
{
	uint64_t number;

	if (!value_number(value, &number) || number < least || number > most)
		return mistake("-%s %s: %s", row->name, value, rule);
	*out = (uint32_t)number;
	return true;
}

/* Run date(1) without a shell; what it prints goes into `line`. */
static bool ask_date(const char *text, char *line, size_t size)
{
	size_t used = 0;
	ssize_t got = 1;
	int ends[2], status;
	pid_t child;

	if (pipe(ends) < 0)
		return false;
	child = fork();
	if (child == 0) {
		if (dup2(ends[1], STDOUT_FILENO) >= 0 && freopen("/dev/null", "w", stderr)) {
			close(ends[0]);
			close(ends[1]);
			execlp("date", "date", "-d", text, "+%s", (char *)NULL);
		}
		_exit(127);
	}
	close(ends[1]);
	while (child > 0 && got > 0 && used < size - 1) {
		got = read(ends[0], line + used, size - 1 - used);
		used += got > 0 ? (size_t)got : 0;
	}
	close(ends[0]);
	line[used] = '\0';
	line[strcspn(line, "\n")] = '\0';
	return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

bool value_time(const char *text, bool words, uint32_t *out)
{
	char line[32];
	uint64_t seconds;

	if (!value_number(text, &seconds) &&
	    !(words && ask_date(text, line, sizeof(line)) && value_number(line, &seconds)))
		return false;
	*out = (uint32_t)seconds;
	return seconds <= UINT32_MAX;
}
