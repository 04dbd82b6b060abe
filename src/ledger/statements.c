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
	[SQL_BEGIN_WRITE] = "BEGIN IMMEDIATE",
	[SQL_COMMIT] = "COMMIT",
	[SQL_ROLLBACK] = "ROLLBACK",

	[SQL_LAST_EVENT] = "SELECT seq, record, at, state, detail, hash FROM event "
	                   "ORDER BY seq DESC LIMIT 1",
	[SQL_EVENT_HASH] = "SELECT hash, record FROM event WHERE seq = ?1",
	[SQL_ADD_EVENT] = "INSERT INTO event (seq, record, at, state, detail, hash, note) "
	                  "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
	[SQL_ALL_EVENTS] =
	    "SELECT seq, record, at, state, detail, hash, note FROM event ORDER BY seq",

	[SQL_ADD_RECORD] = "INSERT INTO record (entry, kind, ca, serial, state, tbs_sha256, "
	                   "definition, key_sha256, created, not_before, not_after) "
	                   "VALUES (?1, ?2, ?3, ?4, 'intended', ?5, ?6, ?7, ?8, ?9, ?10)",
	[SQL_ADD_TBS] = "INSERT INTO tbs (record, bytes) VALUES (?1, ?2)",
	[SQL_ADD_CERTIFICATE] =
	    "INSERT INTO certificate (record, bytes) "
	    "SELECT ?1, ?2 FROM tbs WHERE record = ?1 AND instr(?2, bytes) > 0",
	[SQL_STATE] = "SELECT state, entry FROM record WHERE seq = ?1",
	[SQL_SET_STATE] = "UPDATE record SET state = ?2 WHERE seq = ?1",
	[SQL_BY_SERIAL] =
	    "SELECT " RECORD_COLUMNS RECORD_BYTES " FROM record WHERE ca = ?1 AND serial = ?2",
	[SQL_NEXT_CA] = "SELECT ca FROM record WHERE ca > ?1 ORDER BY ca LIMIT 1",
	[SQL_LAST_RECORD] = "SELECT max(seq) FROM record",

	/* May another be intended? What is intended; what is active, and whether it lies
	 * somewhere. */
	[SQL_PENDING] = "SELECT seq FROM record INDEXED BY record_intended "
	                "WHERE entry = ?1 AND kind = ?2 AND state = 'intended' LIMIT 1",
	[SQL_ACTIVE] = "SELECT seq, state, EXISTS (SELECT 1 FROM delivery INDEXED BY "
	               "delivery_record WHERE delivery.record = record.seq) "
	               "FROM record INDEXED BY record_active "
	               "WHERE entry = ?1 AND kind = ?2 AND " ACTIVE " ORDER BY seq",

	[SQL_REVOCATIONS] =
	    "SELECT record.serial, event.at, event.note FROM record INDEXED BY record_revoked "
	    "CROSS JOIN event INDEXED BY event_revoked ON event.record = record.seq "
	    "AND event.state = 'revoked' WHERE record.ca = ?1 AND record.state = 'revoked' "
	    "AND record.kind <> 'crl' AND record.not_after > ?2 ORDER BY record.serial",
	[SQL_REVOCATION] =
	    "SELECT record.serial, event.at, event.note FROM event INDEXED BY event_revoked "
	    "CROSS JOIN record ON record.seq = event.record "
	    "WHERE event.record = ?1 AND event.state = 'revoked'",

	[SQL_CURRENT] =
	    "SELECT " RECORD_COLUMNS RECORD_BYTES " FROM record INDEXED BY record_active "
	    "WHERE entry = ?1 AND kind = ?2 AND " ACTIVE " ORDER BY seq DESC LIMIT 1",
	/* the one with the highest number, whenever it was recorded */
	[SQL_CURRENT_CRL] =
	    "SELECT " RECORD_COLUMNS RECORD_BYTES " FROM record INDEXED BY record_active "
	    "WHERE entry = ?1 AND kind = ?2 AND " ACTIVE " AND serial = "
	    "(SELECT max(serial) FROM record INDEXED BY record_active "
	    "WHERE entry = ?1 AND kind = ?2 AND " ACTIVE ")",
	[SQL_LATEST] =
	    "SELECT " RECORD_COLUMNS RECORD_BYTES " FROM record INDEXED BY record_leaf "
	    "WHERE entry = ?1 AND " LEAVES " ORDER BY seq DESC LIMIT 1",
	[SQL_IN_STATE] = "SELECT " RECORD_COLUMNS " FROM record INDEXED BY record_state "
	                 "WHERE state = ?1 ORDER BY seq",
	[SQL_ALL_RECORDS] = "SELECT " RECORD_COLUMNS RECORD_BYTES " FROM record ORDER BY seq",
	[SQL_RECORD] = "SELECT " RECORD_COLUMNS RECORD_BYTES " FROM record WHERE seq = ?1",
	/* for the walk: what an event "intended" and one "issued" covers */
	[SQL_INTENT] =
	    "SELECT " RECORD_COLUMNS ", (SELECT bytes FROM tbs WHERE tbs.record = seq), NULL "
	    "FROM record WHERE seq = ?1",
	[SQL_CERTIFICATE] = "SELECT entry, "
	                    "(SELECT bytes FROM certificate WHERE certificate.record = seq) "
	                    "FROM record WHERE seq = ?1",
	[SQL_ALL_NUMBERS] = "SELECT seq FROM record ORDER BY seq",
	[SQL_COUNT_RECORDS] = "SELECT count(*) FROM record",
	[SQL_COUNT_REVOKED] = "SELECT count(*) FROM event INDEXED BY event_revoked "
	                      "WHERE state = 'revoked'",

	[SQL_OUTDATED] = "SELECT seq, state FROM record INDEXED BY record_active WHERE entry = "
	                 "?1 AND kind = ?2 AND " ACTIVE " AND seq < ?3 AND NOT EXISTS "
	                 "(SELECT 1 FROM delivery INDEXED BY delivery_record WHERE "
	                 "delivery.record = record.seq)",
	/* by number, not by age: one that was adopted may be older than one that is here */
	[SQL_OUTDATED_CRL] = "SELECT seq, state FROM record INDEXED BY record_active WHERE "
	                     "entry = ?1 AND kind = 'crl' AND " ACTIVE " AND serial < ?2",
	[SQL_SET_DELIVERY] =
	    "INSERT INTO delivery (deployment, entry, record, generation, key_file, "
	    "ca_file, crl_file, crl_list, crl_due, at) "
	    "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) "
	    "ON CONFLICT DO UPDATE SET record = ?3, generation = ?4, key_file = ?5, "
	    "ca_file = ?6, crl_file = ?7, crl_list = ?8, crl_due = ?9, at = ?10",
	[SQL_DELIVERY] = "SELECT deployment, entry, record, generation, key_file, ca_file, "
	                 "crl_file, crl_list, crl_due "
	                 "FROM delivery WHERE deployment = ?1 AND entry = ?2",
	[SQL_SET_OUTLET] = "INSERT INTO outlet (deployment, file, digest, at) "
	                   "VALUES (?1, ?2, ?3, ?4) "
	                   "ON CONFLICT DO UPDATE SET digest = ?3, at = ?4",
	[SQL_OUTLET] = "SELECT digest FROM outlet WHERE deployment = ?1 AND file = ?2",
	[SQL_SET_META] = "INSERT INTO meta (name, value) VALUES (?1, ?2) "
	                 "ON CONFLICT DO UPDATE SET value = ?2",
	[SQL_DROP_META] = "DELETE FROM meta WHERE name = ?1",
	[SQL_META] = "SELECT value FROM meta WHERE name = ?1",
	[SQL_CHECK_RECORDS] = "PRAGMA integrity_check('record')",
	[SQL_CHECK_DELIVERIES] = "PRAGMA integrity_check('delivery')",
	[SQL_CHECK_OUTLETS] = "PRAGMA integrity_check('outlet')",
	[SQL_CHECK_META] = "PRAGMA integrity_check('meta')",
};

const char *statement_text(enum statement which)
{
	return texts[which];
}
