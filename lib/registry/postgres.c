/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Talking to PostgreSQL, without ever showing a password. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>
#include <string.h>

#include "base/report.h"
#include "base/scope.h"
#include "registry/postgres.h"

/* Seconds until a server that does not answer is given up, unless the URL says otherwise. */
#define CONNECT_TIMEOUT "30"

/* Notices ("... already exists, skipping") are for people at a prompt. */
static void ignore_notice(void *user, const PGresult *result)
{
	(void)user;
	(void)result;
}

/* Put stars over the password in a text. */
static void mask(char *text, const char *secret)
{
	const size_t size = secret ? strlen(secret) : 0;

	for (char *at = text; size > 0 && (at = strstr(at, secret)); at += size)
		memset(at, '*', size);
}

int sqst_postgres_fail(const struct sqst_postgres *pg, const char *what)
{
	SQST_AUTO_FREE char *reason = strdup(PQerrorMessage(pg->connection));

	if (!reason)
		return sqst_no_memory(pg->why, NULL);
	reason[strcspn(reason, "\n")] = '\0';
	mask(reason, pg->secret);
	return sqst_fail(pg->why, pg->code, pg->shown, "%s%s%s", what, reason[0] ? ": " : "",
			 reason);
}

/* A port that is none is most likely a password that ended up there; libpq would show it. */
static bool is_port(const char *text)
{
	while ((*text >= '0' && *text <= '9') || *text == ',')
		text++;
	return *text == '\0';
}

/* Take the URL apart before libpq does: its own words about what is wrong may quote a password. */
static int check_url(struct sqst_postgres *pg, const char *url)
{
	PQconninfoOption *list = PQconninfoParse(url, NULL);
	bool good = list != NULL;

	for (const PQconninfoOption *option = list; good && option->keyword; option++) {
		if (!option->val)
			continue;
		if (strcmp(option->keyword, "port") == 0)
			good = is_port(option->val);
		if (strcmp(option->keyword, "password") == 0) {
			pg->secret = strdup(option->val);
			if (!pg->secret) {
				PQconninfoFree(list);
				return sqst_no_memory(pg->why, NULL);
			}
		}
	}
	PQconninfoFree(list);
	if (good)
		return 0;
	return sqst_fail(pg->why, pg->code, pg->shown,
			 "not a URL that PostgreSQL's libpq takes "
			 "(postgresql://USER@HOST:PORT/DATABASE?PARAMETERS)");
}

int sqst_postgres_open(struct sqst_postgres *pg, const char *url, int code, struct sqst_report *why)
{
	const char *const keyword[] = {"connect_timeout", "fallback_application_name", "dbname",
				       "client_encoding", NULL};
	const char *const value[] = {CONNECT_TIMEOUT, "sqfs-stable", url, "UTF8", NULL};
	int rc;

	memset(pg, 0, sizeof(*pg));
	pg->code = code;
	pg->why = why;
	pg->shown = sqst_registry_shown(url);
	if (!pg->shown)
		return sqst_no_memory(why, NULL);
	rc = check_url(pg, url);
	if (rc < 0)
		return rc;
	/* Of words that come twice the last counts, so the URL may say more than those before. */
	pg->connection = PQconnectdbParams(keyword, value, 1);
	if (PQstatus(pg->connection) != CONNECTION_OK)
		return sqst_postgres_fail(pg, "cannot connect to the database");
	PQsetNoticeReceiver(pg->connection, ignore_notice, NULL);
	return 0;
}

void sqst_postgres_close(struct sqst_postgres *pg)
{
	PQfinish(pg->connection);
	free(pg->shown);
	free(pg->secret);
	memset(pg, 0, sizeof(*pg));
}

int sqst_postgres_run(struct sqst_postgres *pg, const char *what, PGresult **out,
		      const char *statement, const char *const *value, int values)
{
	PGresult *result =
	    PQexecParams(pg->connection, statement, values, NULL, value, NULL, NULL, 0);

	switch (PQresultStatus(result)) {
	case PGRES_COMMAND_OK:
	case PGRES_TUPLES_OK:
	case PGRES_COPY_IN:
	case PGRES_COPY_OUT:
		if (out)
			*out = result;
		else
			PQclear(result);
		return 0;
	default:
		snprintf(pg->state, sizeof(pg->state), "%s",
			 PQresultErrorField(result, PG_DIAG_SQLSTATE)
			     ? PQresultErrorField(result, PG_DIAG_SQLSTATE)
			     : "");
		PQclear(result);
		return sqst_postgres_fail(pg, what);
	}
}

/* ---- rows */

int sqst_postgres_copy_begin(struct sqst_postgres *pg, const char *table)
{
	char statement[64 + SQST_REGISTRY_TABLE];

	snprintf(statement, sizeof(statement), "COPY %s (path, type, number) FROM STDIN", table);
	return sqst_postgres_run(pg, "cannot write numbers", NULL, statement, NULL, 0);
}

int sqst_postgres_copy_row(const struct sqst_postgres *pg, const char *path, size_t length,
			   uint8_t type, uint32_t number)
{
	static const char digit[] = "0123456789abcdef";
	SQST_AUTO_FREE char *line = malloc(2 * length + 64);
	char *to = line;

	if (!line)
		return sqst_no_memory(pg->why, NULL);
	to += sprintf(to, "\\\\x");
	for (size_t i = 0; i < length; i++) {
		*to++ = digit[(unsigned char)path[i] >> 4];
		*to++ = digit[(unsigned char)path[i] & 15];
	}
	to += sprintf(to, "\t%u\t%u\n", type, number);
	if (PQputCopyData(pg->connection, line, (int)(to - line)) != 1)
		return sqst_postgres_fail(pg, "cannot write numbers");
	return 0;
}

int sqst_postgres_copy_end(const struct sqst_postgres *pg)
{
	PGresult *result;
	bool done = PQputCopyEnd(pg->connection, NULL) == 1;

	while ((result = PQgetResult(pg->connection))) {
		done &= PQresultStatus(result) == PGRES_COMMAND_OK;
		PQclear(result);
	}
	return done ? 0 : sqst_postgres_fail(pg, "cannot write numbers");
}

void sqst_registry_table(const uint8_t uuid[SQST_UUID_SIZE], char name[SQST_REGISTRY_TABLE])
{
	char *to = name + sprintf(name, "sqfs_stable_");

	for (int i = 0; i < SQST_UUID_SIZE; i++)
		to += sprintf(to, "%02x", uuid[i]);
}
