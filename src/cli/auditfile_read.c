// SPDX-License-Identifier: Apache-2.0
/*
 * The reader. The outermost object and its lists are taken apart here, and jansson is given one
 * element at a time: what is held is the text and what is made of it, and nothing in between.
 */
#include "auditfile.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <mica/clock.h>
#include <mica/issued.h>
#include <mica/ledger_import.h>

struct reading {
	const char *name;
	const char *text, *at, *end;
	struct auditfile *file;
	size_t cap_files;
	unsigned seen; /* which keys, a bit for each */
};

/* --- text --------------------------------------------------------------------------- */

static int fault(const struct reading *reading, const char *what, struct err *err)
{
	size_t line = 1;

	for (const char *at = reading->text; at < reading->at; at++)
		line += *at == '\n';
	return err_set(err, ERR_FAILED, "'%s', line %zu: %s", reading->name, line, what);
}

static void skip_blanks(struct reading *reading)
{
	while (reading->at < reading->end && strchr(" \t\r\n", *reading->at) && *reading->at)
		reading->at++;
}

static bool take(struct reading *reading, char wanted)
{
	skip_blanks(reading);
	if (reading->at == reading->end || *reading->at != wanted)
		return false;
	reading->at++;
	return true;
}

/* One value, whatever comes behind it; NULL, and an error, when there is none. */
static json_t *take_value(struct reading *reading, struct err *err)
{
	json_error_t why;
	json_t *value;

	skip_blanks(reading);
	value = json_loadb(reading->at, (size_t)(reading->end - reading->at),
	    JSON_DECODE_ANY | JSON_DISABLE_EOF_CHECK | JSON_REJECT_DUPLICATES, &why);
	if (!value) {
		(void)fault(reading, why.text, err);
		return NULL;
	}
	reading->at += why.position;
	return value;
}

/* --- fields ------------------------------------------------------------------------- */

static int digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

static bool hex_read(const char *text, struct buf *ret)
{
	if (!text || strlen(text) % 2 != 0)
		return false;
	for (; *text; text += 2) {
		const int high = digit(text[0]);
		const int low = digit(text[1]);
		unsigned char byte;

		if (high < 0 || low < 0)
			return false;
		byte = (unsigned char)(high << 4 | low);
		buf_add(ret, &byte, 1);
	}
	return true;
}

static bool hex_fill(const char *text, void *ret, size_t len)
{
	BUF_AUTO bytes = BUF_INIT;

	if (!hex_read(text, &bytes) || bytes.len != len)
		return false;
	memcpy(ret, bytes.data, len);
	return true;
}

static bool digest_fill(const char *text, struct digest *ret)
{
	return hex_fill(text, ret->bytes, sizeof(ret->bytes));
}

/* --- records ------------------------------------------------------------------------ */

static const char *label_of(const struct record *record)
{
	if (record->kind == RECORD_CRL)
		return "X509 CRL";
	return record->kind == RECORD_CA && strstr(record->entry, ":request")
	           ? "CERTIFICATE REQUEST"
	           : "CERTIFICATE";
}

/* The bytes that were signed are taken out of what was signed. */
static int read_bytes(const struct reading *reading, const char *pem, const char *tbs,
    struct record *record, struct err *err)
{
	BUF_AUTO text = BUF_INIT;

	if ((pem != NULL) == (tbs != NULL))
		return fault(reading, "a record has either 'pem' or 'tbs'", err);
	if (tbs)
		return hex_read(tbs, &record->tbs) ? 0
		                                   : fault(reading, "'tbs' is not hex", err);
	buf_addstr(&text, pem);
	if (issued_der(reading->name, label_of(record), &text, &record->certificate, err) < 0 ||
	    issued_tbs(&record->certificate, &record->tbs, err) < 0)
		return err_prefix(err, "record %" PRId64, record->seq);
	return 0;
}

static int read_record(struct reading *reading, json_t *item, struct err *err)
{
	MICA_AUTO(record_clear) struct record record = { 0 };
	const char *kind, *entry, *ca, *serial, *state, *created, *begins, *ends;
	const char *tbs_digest, *key, *definition;
	const char *pem = NULL;
	const char *tbs = NULL;
	json_int_t seq;
	json_error_t why;

	if (json_unpack_ex(item, &why, 0,
	        "{s:I, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s?s, s?s !}",
	        "seq", &seq, "kind", &kind, "entry", &entry, "ca", &ca, "serial", &serial,
	        "state", &state, "created", &created, "not-before", &begins, "not-after", &ends,
	        "tbs-sha256", &tbs_digest, "key-sha256", &key, "definition", &definition, "pem",
	        &pem, "tbs", &tbs) < 0)
		return fault(reading, why.text, err);
	record.seq = seq;
	record.entry = mem_strdup(entry);
	record.ca = mem_strdup(ca);
	if (!ledger_kind_read(kind, &record.kind) || !ledger_state_read(state, &record.state))
		return fault(reading, "there is no such kind, or state, of a record", err);
	if (!hex_fill(serial, record.serial, sizeof(record.serial)) ||
	    !digest_fill(tbs_digest, &record.tbs_sha256) || !digest_fill(key, &record.key) ||
	    !digest_fill(definition, &record.definition))
		return fault(
		    reading, "a serial number or digest is not hex of its length", err);
	if (clock_parse(created, &record.created) < 0 ||
	    clock_parse(begins, &record.not_before) < 0 ||
	    clock_parse(ends, &record.not_after) < 0)
		return fault(reading, "a time is not as 2026-11-22T08:37:00Z", err);
	if (read_bytes(reading, pem, tbs, &record, err) < 0)
		return -1;
	if (ledger_import_record(reading->file->subject.ledger, &record, err) < 0)
		return err_prefix(err, "'%s'", reading->name);
	return 0;
}

static int read_event(struct reading *reading, json_t *item, struct err *err)
{
	struct ledger_event event = { .note = "" };
	const char *at, *state, *detail, *hash;
	json_int_t seq, record;
	json_t *note;
	json_error_t why;

	if (json_unpack_ex(item, &why, 0, "{s:I, s:I, s:s, s:s, s:o, s:s, s:s !}", "seq", &seq,
	        "record", &record, "at", &at, "state", &state, "note", &note, "detail", &detail,
	        "hash", &hash) < 0)
		return fault(reading, why.text, err);
	event.seq = seq;
	event.record = record;
	if (json_is_string(note))
		event.note = json_string_value(note);
	else if (!json_is_null(note))
		return fault(reading, "the note of an event is a text, or null", err);
	if (!ledger_state_read(state, &event.state) || clock_parse(at, &event.at) < 0 ||
	    !digest_fill(detail, &event.detail) || !digest_fill(hash, &event.hash))
		return fault(reading, "a state, a time or a digest is not one", err);
	if (ledger_import_event(reading->file->subject.ledger, &event, err) < 0)
		return err_prefix(err, "'%s'", reading->name);
	return 0;
}

/* --- the rest ----------------------------------------------------------------------- */

static int read_outside(struct reading *reading, json_t *item, struct err *err)
{
	struct audit_subject *subject = &reading->file->subject;
	struct audit_file file = { .place = AUDIT_NO_PLACE, .current = true };
	const char *path, *pem;
	json_error_t why;

	if (json_unpack_ex(item, &why, 0, "{s:s, s:s !}", "file", &path, "pem", &pem) < 0)
		return fault(reading, why.text, err);
	file.path = mem_strdup(path);
	buf_addstr(&file.bytes, pem);
	subject->files =
	    mem_grow(subject->files, &reading->cap_files, subject->n_files + 1, sizeof(file));
	subject->files[subject->n_files++] = file;
	return 0;
}

/* What was found there then is for people; here it is looked for anew. */
static int read_finding(struct reading *reading, json_t *item, struct err *err)
{
	return json_is_object(item) ? 0 : fault(reading, "a finding is an object", err);
}

static int read_version(struct reading *reading, json_t *item, struct err *err)
{
	if (!json_is_integer(item))
		return fault(reading, "the version is a number", err);
	if (json_integer_value(item) == AUDITFILE_VERSION)
		return 0;
	(void)fault(reading, "this evidence has a version that this mica does not know", err);
	return err_hint(err, "it was written by another mica: use that one");
}

static int read_text(struct reading *reading, json_t *item, char **ret, struct err *err)
{
	if (!json_is_string(item))
		return fault(reading, "here must be a text", err);
	*ret = mem_strdup(json_string_value(item));
	return 0;
}

static int read_program(struct reading *reading, json_t *item, struct err *err)
{
	return read_text(reading, item, &reading->file->program, err);
}

static int read_state_dir(struct reading *reading, json_t *item, struct err *err)
{
	return read_text(reading, item, &reading->file->state_dir, err);
}

static int read_at(struct reading *reading, json_t *item, struct err *err)
{
	const char *text = json_string_value(item);

	if (text && clock_parse(text, &reading->file->at) == 0)
		return 0;
	return fault(reading, "'at' is not a time", err);
}

static int read_head(struct reading *reading, json_t *item, struct err *err)
{
	struct anchor *head = &reading->file->head;
	json_int_t events, records;
	const char *hash;
	json_error_t why;

	if (json_unpack_ex(item, &why, 0, "{s:I, s:I, s:s !}", "events", &events, "records",
	        &records, "hash", &hash) < 0)
		return fault(reading, why.text, err);
	head->events = events;
	head->records = records;
	return digest_fill(hash, &head->hash) ? 0 : fault(reading, "'hash' is no digest", err);
}

static int read_above(struct reading *reading, json_t *item, struct err *err)
{
	if (!json_is_string(item))
		return fault(reading, "'above' is a text", err);
	buf_addstr(&reading->file->subject.above, json_string_value(item));
	return 0;
}

/* --- the whole ---------------------------------------------------------------------- */

enum form { VALUE, LIST };

static const struct key {
	const char *name;
	enum form form;
	int (*read)(struct reading *reading, json_t *item, struct err *err);
} keys[] = {
	{ "mica-audit", VALUE, read_version },
	{ "program", VALUE, read_program },
	{ "at", VALUE, read_at },
	{ "state-dir", VALUE, read_state_dir },
	{ "head", VALUE, read_head },
	{ "above", VALUE, read_above },
	{ "records", LIST, read_record },
	{ "events", LIST, read_event },
	{ "outside", LIST, read_outside },
	{ "findings", LIST, read_finding },
};

static int read_item(struct reading *reading, const struct key *key, struct err *err)
{
	json_t *item = take_value(reading, err);
	int status = item ? key->read(reading, item, err) : -1;

	json_decref(item);
	return status;
}

static int read_list(struct reading *reading, const struct key *key, struct err *err)
{
	if (!take(reading, '['))
		return fault(reading, "here must be a list", err);
	if (take(reading, ']'))
		return 0;
	do {
		if (read_item(reading, key, err) < 0)
			return -1;
	} while (take(reading, ','));
	return take(reading, ']') ? 0 : fault(reading, "the list has no end", err);
}

static const struct key *take_key(struct reading *reading, struct err *err)
{
	json_t *name = take_value(reading, err);
	const struct key *found = NULL;

	if (!name)
		return NULL;
	for (size_t i = 0; i < mem_count(keys) && json_is_string(name); i++) {
		if (strcmp(keys[i].name, json_string_value(name)) != 0)
			continue;
		found = reading->seen & 1U << i ? NULL : &keys[i];
		reading->seen |= 1U << i;
	}
	json_decref(name);
	if (!found)
		(void)fault(reading, "no evidence has this key here", err);
	return found;
}

static int read_all(struct reading *reading, struct err *err)
{
	const struct key *key;

	if (!take(reading, '{'))
		return fault(reading, "this is not the evidence of an audit", err);
	do {
		key = take_key(reading, err);
		if (!key)
			return -1;
		if (!take(reading, ':'))
			return fault(reading, "behind a key comes ':'", err);
		if ((key->form == LIST ? read_list : read_item)(reading, key, err) < 0)
			return -1;
	} while (take(reading, ','));
	if (!take(reading, '}'))
		return fault(reading, "the object has no end", err);
	skip_blanks(reading);
	if (reading->at != reading->end)
		return fault(reading, "something comes after the end", err);
	if (reading->seen != (1U << mem_count(keys)) - 1)
		return fault(reading, "a key is missing", err);
	return ledger_import_end(reading->file->subject.ledger, &reading->file->head, err);
}

int auditfile_read(
    const char *name, const struct buf *text, struct auditfile *ret, struct err *err)
{
	MICA_AUTO(auditfile_clear)
	struct auditfile file = { .subject = { .where = name, .above = BUF_INIT } };
	struct reading reading = { .name = name, .file = &file };

	reading.text = reading.at = buf_text(text);
	reading.end = reading.text + text->len;
	if (ledger_import_begin(name, &file.subject.ledger, err) < 0 ||
	    read_all(&reading, err) < 0)
		return -1;
	*ret = file;
	file = (struct auditfile){ .subject = { .ledger = NULL } };
	return 0;
}

void auditfile_clear(struct auditfile *file)
{
	struct ledger *ledger = file->subject.ledger;

	audit_subject_clear(&file->subject);
	ledger_close(ledger);
	free(file->program);
	free(file->state_dir);
	*file = (struct auditfile){ .subject = { .ledger = NULL } };
}
