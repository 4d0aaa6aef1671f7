/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Talking to PostgreSQL. */
#ifndef LIB_REGISTRY_POSTGRES_H
#define LIB_REGISTRY_POSTGRES_H

#include <libpq-fe.h>

#include "registry/registry.h"

/* The layout of the tables. */
#define SQST_REGISTRY_VERSION 1

/* Room for the name of a lineage's table: "sqfs_stable_" and 32 digits. */
#define SQST_REGISTRY_TABLE 48

/* A connection, and how to speak of it. */
struct sqst_postgres {
	PGconn *connection;
	/* The URL without its password. */
	char *shown;
	/* What must not be shown; NULL: none. */
	char *secret;
	/* What failures are: SQST_ERR_PARENT or SQST_ERR_IO. */
	int code;
	/* SQLSTATE of the last statement that failed. */
	char state[6];
	struct sqst_report *why;
};

/* Connect. What is there is released by sqst_postgres_close(), on failure too. */
int sqst_postgres_open(struct sqst_postgres *pg, const char *url, int code,
		       struct sqst_report *why);
void sqst_postgres_close(struct sqst_postgres *pg);

/* "SHOWN: WHAT: first line of the server's reason", without the password. Returns pg->code. */
int sqst_postgres_fail(const struct sqst_postgres *pg, const char *what);

/* Run one statement with text values for $1 and so on. *out (may be NULL) is the result, for
 * PQclear(), on success; its status is that of a command, of rows, or of a COPY that begins. */
int sqst_postgres_run(struct sqst_postgres *pg, const char *what, PGresult **out,
		      const char *statement, const char *const *value, int values);

/* Rows into a table, in one COPY: begin, rows, end. */
int sqst_postgres_copy_begin(struct sqst_postgres *pg, const char *table);
int sqst_postgres_copy_row(const struct sqst_postgres *pg, const char *path, size_t length,
			   uint8_t type, uint32_t number);
int sqst_postgres_copy_end(const struct sqst_postgres *pg);

/* The table of a lineage. */
void sqst_registry_table(const uint8_t uuid[SQST_UUID_SIZE], char name[SQST_REGISTRY_TABLE]);

#endif
