// SPDX-License-Identifier: Apache-2.0
/*
 * Every statement but the schema. INDEXED BY: the look-up goes by that index, or the statement
 * does not compile; left to itself SQLite would rather split an OR.
 */
#include "ledger_private.h"

#define RECORD_COLUMNS                                                                         \
	"seq, entry, kind, ca, serial, state, tbs_sha256, definition, key_sha256, created, "   \
	"not_before, not_after"
#define RECORD_BYTES                                                                           \
	", (SELECT bytes FROM tbs WHERE tbs.record = seq)"                                     \
	", (SELECT bytes FROM certificate WHERE certificate.record = seq)"
#define ACTIVE "(state = 'issued' OR state = 'delivered' OR state = 'served')"
#define LEAVES "(kind = 'server' OR kind = 'client')"

static const char *const texts[STATEMENTS] = {
	[SQL_BEGIN_READ] = "BEGIN",
	[SQL_BEGIN_WRITE] = "BEGIN IMMEDIATE",
	[SQL_COMMIT] = "COMMIT",
	[SQL_ROLLBACK] = "ROLLBACK",

	[SQL_LAST_EVENT] = "SELECT seq, record, at, state, detail, hash FROM event "
	                   "ORDER BY seq DESC LIMIT 1",
	[SQL_EVENT_HASH] = "SELECT hash FROM event WHERE seq = ?1",
	[SQL_ADD_EVENT] = "INSERT INTO event (seq, record, at, state, detail, hash) "
	                  "VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
	[SQL_ALL_EVENTS] =
	    "SELECT seq, record, at, state, detail, hash FROM event ORDER BY seq",

	[SQL_ADD_RECORD] = "INSERT INTO record (entry, kind, ca, serial, state, tbs_sha256, "
	                   "definition, key_sha256, created, not_before, not_after) "
	                   "VALUES (?1, ?2, ?3, ?4, 'intended', ?5, ?6, ?7, ?8, ?9, ?10)",
	[SQL_ADD_TBS] = "INSERT INTO tbs (record, bytes) VALUES (?1, ?2)",
	[SQL_ADD_CERTIFICATE] =
	    "INSERT INTO certificate (record, bytes) "
	    "SELECT ?1, ?2 FROM tbs WHERE record = ?1 AND instr(?2, bytes) > 0",
	[SQL_STATE] = "SELECT state, entry FROM record WHERE seq = ?1",
	[SQL_SET_STATE] = "UPDATE record SET state = ?2 WHERE seq = ?1",
	[SQL_BY_SERIAL] = "SELECT seq, entry FROM record WHERE ca = ?1 AND serial = ?2",

	[SQL_CURRENT] =
	    "SELECT " RECORD_COLUMNS RECORD_BYTES " FROM record INDEXED BY record_active "
	    "WHERE entry = ?1 AND kind = ?2 AND " ACTIVE " ORDER BY seq DESC LIMIT 1",
	[SQL_LATEST] =
	    "SELECT " RECORD_COLUMNS RECORD_BYTES " FROM record INDEXED BY record_leaf "
	    "WHERE entry = ?1 AND " LEAVES " ORDER BY seq DESC LIMIT 1",
	[SQL_IN_STATE] = "SELECT " RECORD_COLUMNS " FROM record INDEXED BY record_state "
	                 "WHERE state = ?1 ORDER BY seq",
	[SQL_ALL_RECORDS] = "SELECT " RECORD_COLUMNS RECORD_BYTES " FROM record ORDER BY seq",
	[SQL_RECORD] = "SELECT " RECORD_COLUMNS RECORD_BYTES " FROM record WHERE seq = ?1",
	[SQL_ALL_STATES] = "SELECT seq, state, EXISTS "
	                   "(SELECT 1 FROM certificate WHERE certificate.record = seq) "
	                   "FROM record ORDER BY seq",

	[SQL_OUTDATED] = "SELECT seq, state FROM record INDEXED BY record_active WHERE entry = "
	                 "?1 AND kind = ?2 AND " ACTIVE " AND seq < ?3 AND NOT EXISTS "
	                 "(SELECT 1 FROM delivery INDEXED BY delivery_record WHERE "
	                 "delivery.record = record.seq)",
	[SQL_SET_DELIVERY] =
	    "INSERT INTO delivery (deployment, entry, record, generation, key_file, "
	    "ca_file, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) "
	    "ON CONFLICT DO UPDATE SET record = ?3, generation = ?4, "
	    "key_file = ?5, ca_file = ?6, at = ?7",
	[SQL_DELIVERY] = "SELECT deployment, entry, record, generation, key_file, ca_file "
	                 "FROM delivery WHERE deployment = ?1 AND entry = ?2",
	[SQL_SET_OUTLET] = "INSERT INTO outlet (deployment, file, digest, at) "
	                   "VALUES (?1, ?2, ?3, ?4) "
	                   "ON CONFLICT DO UPDATE SET digest = ?3, at = ?4",
	[SQL_OUTLET] = "SELECT digest FROM outlet WHERE deployment = ?1 AND file = ?2",
	[SQL_SET_META] = "INSERT INTO meta (name, value) VALUES (?1, ?2) "
	                 "ON CONFLICT DO UPDATE SET value = ?2",
	[SQL_DROP_META] = "DELETE FROM meta WHERE name = ?1",
	[SQL_META] = "SELECT value FROM meta WHERE name = ?1",
	[SQL_INTEGRITY] = "PRAGMA integrity_check(1)",
};

const char *statement_text(enum statement which)
{
	return texts[which];
}
