/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A registry as the parent of a build: one transaction, from the lock over the numbering to the new
 * rows. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <uuid.h>

#include "base/cancel.h"
#include "base/digit.h"
#include "base/report.h"
#include "base/scope.h"
#include "map/map_text.h"
#include "numbers/numbers.h"
#include "numbers/record.h"
#include "registry/known.h"
#include "registry/postgres.h"
#include "sqst/map.h"

SQST_DEFINE_SCOPE(numbers, struct sqst_numbers, sqst_numbers_free)

/* Between two looks at a lock that another build has. */
#define PAUSE_NS 20000000L

struct sqst_registry {
	struct sqst_postgres pg;
	uint8_t uuid[SQST_UUID_SIZE];
	char uuid_text[UUID_STR_LEN];
	char table[SQST_REGISTRY_TABLE];
	/* As the locked row says. */
	uint32_t top;
	uint32_t generation;
	char id[UUID_STR_LEN];
	struct sqst_known known;
};

/* A registry whose rows make no sense. */
static int damaged(const struct sqst_registry *registry, const char *what)
{
	return sqst_fail(registry->pg.why, SQST_ERR_PARENT, registry->pg.shown,
			 "%s: %s; the registry was changed by something else", registry->table,
			 what);
}

static bool get_row_number(const char *text, uint64_t most, uint32_t *out)
{
	char *end;
	const unsigned long long number = strtoull(text, &end, 10);

	if (end == text || *end != '\0' || *text == '-' || number > most)
		return false;
	*out = (uint32_t)number;
	return true;
}

/* ---- which lineage */

static int find_lineage(struct sqst_registry *registry, const uint8_t *uuid)
{
	struct sqst_postgres *pg = &registry->pg;
	char wanted[UUID_STR_LEN] = "";
	const char *const value[] = {uuid ? wanted : NULL};
	PGresult *result;
	uint32_t version = 0;
	int rc, rows;

	if (uuid)
		uuid_unparse_lower(uuid, wanted);
	rc = sqst_postgres_run(pg, "cannot read the lineages", &result,
			       "SELECT uuid, version FROM sqfs_stable_lineage WHERE $1::uuid IS "
			       "NULL OR uuid = $1::uuid LIMIT 2",
			       value, 1);
	if (rc < 0 && strcmp(pg->state, "42P01") == 0)
		return sqst_fail(
		    pg->why, SQST_ERR_PARENT, pg->shown,
		    "this database has no registry; create one with sqfs-stable-map init");
	if (rc < 0)
		return rc;
	rows = PQntuples(result);
	if (rows == 1 && (uuid_parse(PQgetvalue(result, 0, 0), registry->uuid) != 0 ||
			  !get_row_number(PQgetvalue(result, 0, 1), UINT32_MAX, &version)))
		version = 0;
	PQclear(result);
	if (rows == 0)
		return sqst_fail(pg->why, SQST_ERR_PARENT, pg->shown,
				 "there is no lineage %sin this registry; sqfs-stable-map init "
				 "makes one",
				 uuid ? wanted : "");
	if (rows > 1)
		return sqst_fail(pg->why, SQST_ERR_PARENT, pg->shown,
				 "this registry has several lineages; choose one with --uuid");
	if (version != SQST_REGISTRY_VERSION)
		return sqst_fail(pg->why, SQST_ERR_PARENT, pg->shown,
				 "the registry has unknown version %u; this program supports %d",
				 version, SQST_REGISTRY_VERSION);
	uuid_unparse_lower(registry->uuid, registry->uuid_text);
	sqst_registry_table(registry->uuid, registry->table);
	return 0;
}

static int open_registry(struct sqst_registry *registry, const char *url, const uint8_t *uuid,
			 struct sqst_numbers **numbers, struct sqst_report *why)
{
	int rc = sqst_postgres_open(&registry->pg, url, SQST_ERR_PARENT, why);

	if (rc == 0)
		rc = find_lineage(registry, uuid);
	if (rc < 0)
		return rc;
	*numbers = sqst_numbers_new(registry->pg.shown);
	if (!*numbers)
		return sqst_no_memory(why, NULL);
	memcpy((*numbers)->lineage.uuid, registry->uuid, SQST_UUID_SIZE);
	return 0;
}

int sqst_registry_open(const char *url, const uint8_t *uuid, struct sqst_registry **out,
		       struct sqst_numbers **numbers, struct sqst_report *why)
{
	struct sqst_registry *registry = calloc(1, sizeof(*registry));
	int rc;

	if (!registry)
		return sqst_no_memory(why, NULL);
	rc = open_registry(registry, url, uuid, numbers, why);
	if (rc < 0)
		sqst_registry_free(registry);
	else
		*out = registry;
	return rc;
}

/* ---- the lock */

/* 1: the row is locked and read, 0: another build has it. */
static int try_registry_lock(struct sqst_registry *registry)
{
	const char *const value[] = {registry->uuid_text};
	PGresult *result;
	bool good = true;
	int rc = sqst_postgres_run(&registry->pg, "cannot lock the lineage", &result,
				   "SELECT top, generation, id FROM sqfs_stable_lineage WHERE uuid "
				   "= $1::uuid FOR UPDATE SKIP LOCKED",
				   value, 1);

	if (rc < 0)
		return rc;
	if (PQntuples(result) == 1) {
		good = get_row_number(PQgetvalue(result, 0, 0), SQST_NUMBER_MAX, &registry->top) &&
		       get_row_number(PQgetvalue(result, 0, 1), UINT32_MAX, &registry->generation);
		snprintf(registry->id, sizeof(registry->id), "%s", PQgetvalue(result, 0, 2));
		rc = 1;
	}
	PQclear(result);
	return good ? rc : damaged(registry, "top or generation is out of range");
}

/* Without this, to wait for a lineage that was deleted would be for ever. */
static int check_row(struct sqst_registry *registry)
{
	const char *const value[] = {registry->uuid_text};
	PGresult *result;
	const int rc =
	    sqst_postgres_run(&registry->pg, "cannot read the lineage", &result,
			      "SELECT 1 FROM sqfs_stable_lineage WHERE uuid = $1::uuid", value, 1);
	bool there;

	if (rc < 0)
		return rc;
	there = PQntuples(result) == 1;
	PQclear(result);
	return there ? 0 : damaged(registry, "the lineage is gone");
}

/* Each statement sees what was committed before it: so what is read after the lock is what the last
 * build left. */
static int lock(struct sqst_registry *registry, const struct sqst_cancel *cancel)
{
	const struct timespec pause = {.tv_nsec = PAUSE_NS};
	bool told = false;
	int rc = sqst_postgres_run(&registry->pg, "cannot begin a transaction", NULL,
				   "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE", NULL, 0);

	while (rc == 0 && (rc = try_registry_lock(registry)) == 0) {
		rc = sqst_canceled(cancel, registry->pg.why);
		if (rc < 0)
			return rc;
		rc = check_row(registry);
		if (!told)
			sqst_warn(registry->pg.why, registry->pg.shown,
				  "waiting for another build that uses this registry");
		told = true;
		nanosleep(&pause, NULL);
	}
	return rc < 0 ? rc : 0;
}

/* ---- reading */

/* "HEX<tab>TYPE<tab>NUMBER<tab>SHARED<newline>"; the path is put over its own digits. */
static bool parse_row(char *line, struct sqst_row *row)
{
	char *field[4];
	uint32_t type;

	for (int i = 0; i < 4; i++) {
		field[i] = line;
		line += strcspn(line, "\t\n");
		if (*line != (i < 3 ? '\t' : '\n'))
			return false;
		*line++ = '\0';
	}
	row->path = field[0];
	row->length = strlen(field[0]) / 2;
	for (size_t i = 0; i < row->length; i++) {
		const int high = sqst_digit_hex(field[0][2 * i]);
		const int low = sqst_digit_hex(field[0][2 * i + 1]);

		/* Never a NUL. */
		if (high < 0 || low < 0 || high + low == 0)
			return false;
		field[0][i] = (char)(high << 4 | low);
	}
	row->shared = field[3][0] == 't';
	if (!get_row_number(field[1], SQST_TYPE_SOCKET, &type) || type == 0)
		return false;
	row->type = (uint8_t)type;
	return get_row_number(field[2], SQST_NUMBER_MAX, &row->number);
}

static int read_row(struct sqst_registry *registry, char *line)
{
	struct sqst_row row;

	if (!parse_row(line, &row) || row.number == 0 || row.number > registry->top)
		return damaged(registry, "a row has an invalid path, type or number");
	return sqst_known_add(&registry->known, &row, registry->pg.why);
}

static int read_rows(struct sqst_registry *registry)
{
	PGconn *connection = registry->pg.connection;
	PGresult *result;
	char *line;
	int rc = 0, got;

	while ((got = PQgetCopyData(connection, &line, 0)) > 0) {
		/* To the end in any case: the connection is of no other use until then. */
		if (rc == 0)
			rc = read_row(registry, line);
		PQfreemem(line);
	}
	while ((result = PQgetResult(connection))) {
		if (PQresultStatus(result) != PGRES_COMMAND_OK)
			got = -2;
		PQclear(result);
	}
	if (rc == 0 && got < -1)
		rc = sqst_postgres_fail(&registry->pg, "cannot read the numbers");
	return rc;
}

static int read_known(struct sqst_registry *registry, const struct sqst_tree *tree)
{
	struct sqst_postgres *pg = &registry->pg;
	char statement[300];
	int rc;

	snprintf(statement, sizeof(statement),
		 "COPY (SELECT encode(path, 'hex'), type, number, number IN (SELECT number FROM %s "
		 "GROUP BY number HAVING count(*) > 1) FROM %s) TO STDOUT",
		 registry->table, registry->table);
	rc = sqst_known_begin(&registry->known, tree, pg->shown, pg->why);
	if (rc == 0)
		rc = sqst_postgres_run(pg, "cannot read the numbers", NULL, statement, NULL, 0);
	if (rc == 0)
		rc = read_rows(registry);
	if (rc == 0)
		rc = sqst_known_finish(&registry->known, pg->why);
	if (rc == 0 && registry->top > 0 && registry->known.numbers->root.number == 0)
		rc = damaged(registry, "the root directory has no number");
	return rc;
}

int sqst_registry_begin(struct sqst_registry *registry, const struct sqst_tree *tree,
			const struct sqst_cancel *cancel, struct sqst_numbers **numbers,
			struct sqst_report *why)
{
	int rc;

	registry->pg.why = why;
	rc = lock(registry, cancel);
	if (rc == 0)
		rc = read_known(registry, tree);
	if (rc < 0)
		return rc;
	registry->known.numbers->lineage = (*numbers)->lineage;
	registry->known.numbers->lineage.top = registry->top;
	registry->known.numbers->lineage.root = registry->known.numbers->root.number;
	sqst_numbers_free(*numbers);
	*numbers = sqst_steal(&registry->known.numbers);
	return 0;
}

/* ---- writing */

static int drop_row(void *user, const struct sqst_row *row, struct sqst_report *why)
{
	struct sqst_registry *registry = user;
	SQST_AUTO_FREE char *path = malloc(2 * row->length + 3);
	char statement[160], type[8];
	const char *const value[] = {path, type};
	char *to = path;

	if (!path)
		return sqst_no_memory(why, NULL);
	to += sprintf(to, "\\x");
	for (size_t i = 0; i < row->length; i++)
		to += sprintf(to, "%02x", (unsigned char)row->path[i]);
	snprintf(type, sizeof(type), "%u", row->type);
	snprintf(statement, sizeof(statement),
		 "DELETE FROM %s WHERE sha256(path) = sha256($1::bytea) AND type = $2::smallint",
		 registry->table);
	return sqst_postgres_run(&registry->pg, "cannot write numbers", NULL, statement, value, 2);
}

static int add_row(void *user, const struct sqst_row *row, struct sqst_report *why)
{
	const struct sqst_registry *registry = user;

	(void)why;
	return sqst_postgres_copy_row(&registry->pg, row->path, row->length, row->type,
				      row->number);
}

/* A release that is the last one again is the same generation. */
static int settle_generation(const struct sqst_registry *registry, const char *id,
			     struct sqst_lineage *lineage)
{
	const bool same = strcmp(id, registry->id) == 0;
	uint32_t generation = registry->generation;

	if (registry->top > 0 && !same && generation == UINT32_MAX)
		return sqst_fail(registry->pg.why, SQST_ERR_LIMIT, registry->pg.shown,
				 "has the highest possible generation; start a new lineage");
	if (registry->top > 0 && !same)
		generation++;
	if (lineage->generation < generation)
		lineage->generation = generation;
	return 0;
}

static int write_lineage(struct sqst_registry *registry, const struct sqst_tree *tree,
			 struct sqst_lineage *lineage)
{
	SQST_CLEANUP(sqst_scope_numbers) struct sqst_numbers *numbers = NULL;
	char top[16], generation[16], id[UUID_STR_LEN];
	const char *const value[] = {registry->uuid_text, top, generation, id};
	int rc = sqst_numbers_from_tree(tree, registry->pg.shown, &numbers, registry->pg.why);

	if (rc < 0)
		return rc;
	numbers->lineage = *lineage;
	rc = sqst_lineage_name(numbers, registry->pg.why);
	if (rc < 0)
		return rc;
	uuid_unparse_lower(numbers->lineage.id, id);
	rc = settle_generation(registry, id, lineage);
	if (rc < 0)
		return rc;
	snprintf(top, sizeof(top), "%u", lineage->top);
	snprintf(generation, sizeof(generation), "%u", lineage->generation);
	return sqst_postgres_run(&registry->pg, "cannot write the lineage", NULL,
				 "UPDATE sqfs_stable_lineage SET top = $2::integer, generation = "
				 "$3::bigint, id = $4::uuid WHERE uuid = $1::uuid",
				 value, 4);
}

int sqst_registry_commit(struct sqst_registry *registry, const struct sqst_tree *tree,
			 const struct sqst_numbers *numbers, struct sqst_lineage *lineage,
			 struct sqst_report *why)
{
	struct sqst_postgres *pg = &registry->pg;
	PGresult *result;
	bool done;
	int rc;

	pg->why = why;
	pg->code = SQST_ERR_IO;
	rc = sqst_known_drops(&registry->known, tree, numbers, registry->top, drop_row, registry,
			      why);
	if (rc == 0)
		rc = sqst_postgres_copy_begin(pg, registry->table);
	if (rc == 0)
		rc = sqst_known_adds(tree, registry->top, add_row, registry, why);
	if (rc == 0)
		rc = sqst_postgres_copy_end(pg);
	if (rc == 0)
		rc = write_lineage(registry, tree, lineage);
	if (rc == 0)
		rc = sqst_postgres_run(pg, "cannot commit", &result, "COMMIT", NULL, 0);
	if (rc < 0)
		return rc;
	/* A transaction that has failed is rolled back, and that is no error to the server. */
	done = strcmp(PQcmdStatus(result), "COMMIT") == 0;
	PQclear(result);
	return done ? 0 : sqst_fail(why, SQST_ERR_IO, pg->shown, "cannot commit");
}

void sqst_registry_free(struct sqst_registry *registry)
{
	if (!registry)
		return;
	sqst_known_release(&registry->known);
	sqst_postgres_close(&registry->pg);
	free(registry);
}
