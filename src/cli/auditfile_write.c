// SPDX-License-Identifier: Apache-2.0
#include "auditfile.h"

#include <errno.h>
#include <string.h>

#include <mica/certificate.h>
#include <mica/clock.h>
#include <mica/crl.h>
#include <mica/csr.h>
#include <mica/file.h>
#include <mica/ledger_import.h>

#include "json.h"

/* --- its parts ---------------------------------------------------------------------- */

static void set_digest(json_t *object, const char *key, const struct digest *digest)
{
	json_set_hex(object, key, digest->bytes, sizeof(digest->bytes));
}

/* As text like every other time; the beginning of 1970, too. */
static void set_moment(json_t *object, const char *key, int64_t when)
{
	char text[CLOCK_TEXT];

	json_set_text(object, key, clock_text(when, text));
}

json_t *auditfile_head(const struct anchor *anchor)
{
	json_t *head = json_object();

	json_set_count(head, "events", (uint64_t)anchor->events);
	json_set_count(head, "records", (uint64_t)anchor->records);
	set_digest(head, "hash", &anchor->hash);
	return head;
}

/* What was signed, in the form that other tools take; of what was never signed, what would
 * have been. */
static void set_bytes(json_t *item, const struct record *record)
{
	BUF_AUTO pem = BUF_INIT;

	if (record->certificate.len == 0) {
		json_set_hex(item, "tbs", record->tbs.data, record->tbs.len);
		return;
	}
	if (record->kind == RECORD_CRL)
		crl_pem(&record->certificate, &pem);
	else if (record->kind == RECORD_CA && strstr(record->entry, ":request"))
		csr_pem(&record->certificate, &pem);
	else
		certificate_pem(&record->certificate, &pem);
	json_set_text(item, "pem", buf_text(&pem));
}

json_t *auditfile_record(const struct record *record, enum auditfile_bytes bytes)
{
	json_t *item = json_object();

	json_set_count(item, "seq", (uint64_t)record->seq);
	json_set_text(item, "kind", record_kind_name(record->kind));
	json_set_text(item, "entry", record->entry);
	json_set_text(item, "ca", record->ca);
	json_set_hex(item, "serial", record->serial, sizeof(record->serial));
	json_set_text(item, "state", record_state_name(record->state));
	set_moment(item, "created", record->created);
	set_moment(item, "not-before", record->not_before);
	set_moment(item, "not-after", record->not_after);
	set_digest(item, "tbs-sha256", &record->tbs_sha256);
	set_digest(item, "key-sha256", &record->key);
	set_digest(item, "definition", &record->definition);
	if (bytes == AUDITFILE_WITH_BYTES)
		set_bytes(item, record);
	return item;
}

static json_t *json_of_event(const struct ledger_event *event)
{
	json_t *item = json_object();

	json_set_count(item, "seq", (uint64_t)event->seq);
	json_set_count(item, "record", (uint64_t)event->record);
	set_moment(item, "at", event->at);
	json_set_text(item, "state", record_state_name(event->state));
	json_set_text(item, "note", event->note[0] ? event->note : NULL);
	set_digest(item, "detail", &event->detail);
	set_digest(item, "hash", &event->hash);
	return item;
}

/* --- the file ----------------------------------------------------------------------- */

struct writing {
	FILE *to;
	const struct audit_subject *subject;
	const struct findings *findings;
	const char *program;
	bool first; /* of its list */
	struct err *err;
};

/* takes item over */
static int put(struct writing *writing, json_t *item)
{
	fputs(writing->first ? "\n" : ",\n", writing->to);
	writing->first = false;
	json_dumpf(item, writing->to, JSON_COMPACT | JSON_ENCODE_ANY);
	json_decref(item);
	return ferror(writing->to);
}

/* A path need not be UTF-8, which a JSON text is. */
static json_t *text_of(const char *text)
{
	json_t *object = json_object();
	json_t *value;

	json_set_text(object, "text", text);
	value = json_incref(json_object_get(object, "text"));
	json_decref(object);
	return value;
}

/* takes value over */
static void put_key(struct writing *writing, const char *key, json_t *value)
{
	fprintf(writing->to, "\"%s\": ", key);
	json_dumpf(value, writing->to, JSON_ENCODE_ANY);
	fputs(",\n", writing->to);
	json_decref(value);
}

static void begin_list(struct writing *writing, const char *key)
{
	fprintf(writing->to, "\"%s\": [", key);
	writing->first = true;
}

static int put_record(void *context, const struct record *record)
{
	return put(context, auditfile_record(record, AUDITFILE_WITH_BYTES));
}

static int put_event(void *context, const struct ledger_event *event)
{
	return put(context, json_of_event(event));
}

static void put_files(struct writing *writing)
{
	const struct audit_subject *subject = writing->subject;

	begin_list(writing, "outside");
	for (size_t i = 0; i < subject->n_files; i++) {
		json_t *item;

		if (!subject->files[i].telling)
			continue;
		item = json_object();
		json_set_text(item, "file", subject->files[i].path);
		json_set_text(item, "pem", buf_text(&subject->files[i].bytes));
		(void)put(writing, item);
	}
	fputs("],\n", writing->to);
}

static void put_findings(struct writing *writing)
{
	json_t *findings = json_of_findings(writing->findings);
	json_t *finding;
	size_t i;

	begin_list(writing, "findings");
	json_array_foreach(findings, i, finding)(void) put(writing, json_incref(finding));
	json_decref(findings);
	fputs("]\n", writing->to);
}

static int write_lists(struct writing *writing)
{
	struct ledger *ledger = writing->subject->ledger;

	begin_list(writing, "records");
	if (ledger_each(ledger, put_record, writing, writing->err) < 0)
		return -1;
	fputs("],\n", writing->to);
	begin_list(writing, "events");
	if (ledger_each_event(ledger, put_event, writing, writing->err) < 0)
		return -1;
	fputs("],\n", writing->to);
	put_files(writing);
	put_findings(writing);
	return 0;
}

static int write_all(void *context, FILE *to)
{
	struct writing *writing = context;
	const struct audit_subject *subject = writing->subject;
	char at[CLOCK_TEXT];
	struct anchor head;

	writing->to = to;
	if (ledger_anchor(subject->ledger, &head, writing->err) < 0)
		return -1;
	fputs("{\n", to);
	put_key(writing, "mica-audit", json_integer(AUDITFILE_VERSION));
	put_key(writing, "program", text_of(writing->program));
	put_key(writing, "at", text_of(clock_text(subject->now, at)));
	put_key(writing, "state-dir", text_of(subject->where));
	put_key(writing, "head", auditfile_head(&head));
	put_key(writing, "above", text_of(buf_text(&subject->above)));
	if (write_lists(writing) < 0)
		return -1;
	fputs("}\n", to);
	return 0;
}

int auditfile_write(const char *path, const struct audit_subject *subject,
    const struct findings *findings, const char *program, struct err *err)
{
	struct err why = ERR_INIT;
	struct writing writing = {
		.subject = subject, .findings = findings, .program = program, .err = &why
	};

	if (file_replace_by(path, 0644, write_all, &writing, err) == 0)
		return 0;
	if (why.kind != ERR_NONE)
		*err = why;
	return -1;
}
