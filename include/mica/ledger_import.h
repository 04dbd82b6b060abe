// SPDX-License-Identifier: Apache-2.0
/*
 * ledger_import: the events of a ledger told one by one, and a ledger put together again from what
 * was told, in memory: for an audit on another machine. What is put together is believed in nothing:
 * ledger_verify() judges it as it judges the file.
 */
#ifndef MICA_LEDGER_IMPORT_H
#define MICA_LEDGER_IMPORT_H

#include <mica/ledger.h>

/* One row of the chain; see ledger.h for how `detail` and `hash` come to be. */
struct ledger_event {
	int64_t seq, record, at;
	enum record_state state;
	struct digest detail, hash;
	const char *note; /* "": none */
};

/* Calls each for every event, oldest first; stops when it returns non-zero. */
int ledger_each_event(struct ledger *ledger,
    int (*each)(void *context, const struct ledger_event *event), void *context,
    struct err *err) MICA_CHECKED;

/* By their names; false: there is no such kind, or state. */
bool ledger_kind_read(const char *text, enum record_kind *ret);
bool ledger_state_read(const char *text, enum record_state *ret);

/*
 * name: for messages. Then all records in the order of their seq, with TBS and certificate, all events in
 * theirs, and the head; from then on it is a ledger that was opened for reading. ERR_FAILED when
 * it cannot be one: a serial number used twice, a record out of turn.
 */
int ledger_import_begin(const char *name, struct ledger **ret, struct err *err) MICA_CHECKED;
int ledger_import_record(
    struct ledger *ledger, const struct record *record, struct err *err) MICA_CHECKED;
int ledger_import_event(
    struct ledger *ledger, const struct ledger_event *event, struct err *err) MICA_CHECKED;
int ledger_import_end(
    struct ledger *ledger, const struct anchor *head, struct err *err) MICA_CHECKED;

#endif
