/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Making a registry, in one transaction. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>
#include <string.h>
#include <uuid.h>

#include "base/report.h"
#include "base/scope.h"
#include "numbers/beside.h"
#include "registry/postgres.h"
#include "registry/registry_url.h"

/* Two who make the table of lineages at once would disturb each other: an advisory lock, held to
 * the end of the transaction, with a number that is ours by convention. */
#define LOCK_SCHEMA "SELECT pg_advisory_xact_lock(7364665332017)"

static const char lineages[] =
    "CREATE TABLE IF NOT EXISTS sqfs_stable_lineage (uuid uuid PRIMARY KEY, version integer NOT "
    "NULL, top integer NOT NULL, generation bigint NOT NULL, id uuid)";

#define TABLE                                                                                      \
	"CREATE TABLE %s (path bytea NOT NULL, type smallint NOT NULL CHECK (type BETWEEN 1 AND "  \
	"7), number integer NOT NULL CHECK (number > 0))"

/* A path may be longer than what fits into an index, its digest is not. */
static const char *const tables[] = {
    TABLE,
    "CREATE UNIQUE INDEX %s_identity ON %s (sha256(path), type)",
    "CREATE INDEX %s_number ON %s (number)",
};

static int make_tables(struct sqst_postgres *pg, const char *table)
{
	char statement[400];
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < sizeof(tables) / sizeof(tables[0]); i++) {
		char *to = statement;

		/* Each %s is the table's name. */
		for (const char *from = tables[i]; *from; from++) {
			if (from[0] != '%') {
				*to++ = *from;
				continue;
			}
			to += sprintf(to, "%s", table);
			from++;
		}
		*to = '\0';
		rc = sqst_postgres_run(pg, "cannot make the lineage's table", NULL, statement, NULL,
				       0);
	}
	return rc;
}

static int add_lineage(struct sqst_postgres *pg, const uint8_t *uuid,
		       const struct sqst_numbers *from)
{
	char uuid_text[UUID_STR_LEN], id[UUID_STR_LEN] = "", top[16], generation[16];
	const bool named = from && !sqst_uuid_is_null(from->lineage.id);
	const char *const value[] = {uuid_text, top, generation, named ? id : NULL};
	int rc;

	uuid_unparse_lower(uuid, uuid_text);
	if (named)
		uuid_unparse_lower(from->lineage.id, id);
	snprintf(top, sizeof(top), "%u", from ? from->lineage.top : 0);
	snprintf(generation, sizeof(generation), "%u", from ? from->lineage.generation : 0);
	rc = sqst_postgres_run(
	    pg, "cannot add the lineage", NULL,
	    "INSERT INTO sqfs_stable_lineage (uuid, version, top, generation, id) "
	    "VALUES ($1::uuid, 1, $2::integer, $3::bigint, $4::uuid)",
	    value, 4);
	if (rc < 0 && strcmp(pg->state, "23505") == 0)
		return sqst_fail(pg->why, SQST_ERR_EXISTS, pg->shown,
				 "lineage %s is in this registry already", uuid_text);
	return rc;
}

static int fill_table(struct sqst_postgres *pg, const char *table, const struct sqst_numbers *from)
{
	const struct sqst_numbers *const side[SQST_BESIDE_SIDES] = {from};
	SQST_AUTO_FREE struct sqst_beside_path *beside = NULL;
	uint32_t count;
	int rc = sqst_beside_collect(side, SQST_BESIDE_SIDES, &beside, &count, pg->why);

	if (rc == 0)
		rc = sqst_postgres_copy_begin(pg, table);
	for (uint32_t i = 0; rc == 0 && i < count; i++) {
		SQST_AUTO_FREE char *path = sqst_beside_path_text(beside, i);

		if (!path)
			return sqst_no_memory(pg->why, NULL);
		rc = sqst_postgres_copy_row(pg, path, strlen(path), beside[i].entry[0]->type,
					    beside[i].entry[0]->number);
	}
	return rc < 0 ? rc : sqst_postgres_copy_end(pg);
}

static int create(struct sqst_postgres *pg, const uint8_t *uuid, const struct sqst_numbers *from)
{
	char table[SQST_REGISTRY_TABLE];
	int rc = sqst_postgres_run(pg, "cannot begin a transaction", NULL, "BEGIN", NULL, 0);

	sqst_registry_table(uuid, table);
	if (rc == 0)
		rc = sqst_postgres_run(pg, "cannot lock", NULL, LOCK_SCHEMA, NULL, 0);
	if (rc == 0)
		rc = sqst_postgres_run(pg, "cannot make the table of lineages", NULL, lineages,
				       NULL, 0);
	if (rc == 0)
		rc = add_lineage(pg, uuid, from);
	if (rc == 0)
		rc = make_tables(pg, table);
	if (rc == 0 && from)
		rc = fill_table(pg, table, from);
	if (rc == 0)
		rc = sqst_postgres_run(pg, "cannot commit", NULL, "COMMIT", NULL, 0);
	return rc;
}

/* The lineage: what was asked for, from's, or a random one. */
static int choose_uuid(uint8_t uuid[SQST_UUID_SIZE], const struct sqst_numbers *from,
		       struct sqst_report *why)
{
	const uint8_t *theirs = from ? from->lineage.uuid : NULL;
	const bool named = theirs && !sqst_uuid_is_null(theirs);

	if (sqst_uuid_is_null(uuid) && named)
		memcpy(uuid, theirs, SQST_UUID_SIZE);
	else if (sqst_uuid_is_null(uuid))
		uuid_generate_random(uuid);
	else if (named && memcmp(uuid, theirs, SQST_UUID_SIZE) != 0)
		return sqst_fail(why, SQST_ERR_OPTION, from->source,
				 "has another lineage UUID than --uuid gives; leave --uuid out");
	return 0;
}

int sqst_registry_create(const char *url, uint8_t uuid[SQST_UUID_SIZE],
			 const struct sqst_numbers *from, struct sqst_report *why)
{
	struct sqst_postgres pg = {0};
	int rc;

	if (!sqst_registry_is_url(url))
		return sqst_fail(why, SQST_ERR_OPTION, url,
				 "not the URL of a database (postgresql://HOST/DATABASE)");
	rc = choose_uuid(uuid, from, why);
	if (rc == 0)
		rc = sqst_postgres_open(&pg, url, SQST_ERR_IO, why);
	if (rc == 0)
		rc = create(&pg, uuid, from);
	sqst_postgres_close(&pg);
	return rc;
}
