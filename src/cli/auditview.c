// SPDX-License-Identifier: Apache-2.0
#include "auditview.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "auditfile.h"
#include "changes.h"
#include "json.h"
#include "table.h"

static const char *fit_name(enum audit_fit fit)
{
	static const char *const names[] = {
		[AUDIT_FITS] = "fits",
		[AUDIT_KNOWN] = "taken over",
		[AUDIT_FOREIGN] = "does not fit",
		[AUDIT_BARE] = "no anchor",
	};

	return names[fit];
}

/* --- for people ---------------------------------------------------------------------- */

static void print_counts(const struct audit_result *result)
{
	static const struct table_column columns[] = {
		{ "CA", TABLE_WHOLE },
		{ "KIND", TABLE_WHOLE },
		{ "STATE", TABLE_WHOLE },
		{ "SIGNED", TABLE_WHOLE },
		{ "UNEXPIRED", TABLE_WHOLE },
	};
	MICA_AUTO(table_freep)
	struct table *table = table_new(TABLE_HEADED, columns, mem_count(columns));

	for (size_t i = 0; i < result->n_counts; i++) {
		const struct audit_count *count = &result->counts[i];
		MICA_FREE char *n = mem_printf("%zu", count->n);
		MICA_FREE char *unexpired = mem_printf("%zu", count->unexpired);
		const char *const cells[] = { count->ca, record_kind_name(count->kind),
			record_state_name(count->state), n, unexpired };

		table_row(table, cells);
	}
	table_print(table, stdout);
}

static int print_record(void *context, const struct record *record)
{
	char expires[CLOCK_TEXT];
	BUF_AUTO serial = BUF_INIT;

	(void)context;
	buf_addhex(&serial, record->serial, sizeof(record->serial));
	printf("%6" PRId64 "  %-6s  %-10s  %s  %s  %s (%s)\n", record->seq,
	    record_kind_name(record->kind), record_state_name(record->state),
	    clock_date(record->not_after, expires), buf_text(&serial), record->entry,
	    record->ca);
	return ferror(stdout);
}

/* Line by line: there may be a million of them. */
static int print_records(const struct auditview *view, struct err *err)
{
	printf("%6s  %-6s  %-10s  %-10s  %-40s  %s\n", "RECORD", "KIND", "STATE", "EXPIRES",
	    "SERIAL", "ENTRY (CA)");
	return ledger_each(view->subject->ledger, print_record, NULL, err);
}

static void print_lists(const struct audit_result *result)
{
	for (size_t i = 0; i < result->n_lists; i++) {
		const struct audit_list *list = &result->lists[i];
		char until[CLOCK_TEXT];
		char count[64];

		printf("newest CRL of %s: number %" PRId64 ", %s, good until %s\n", list->ca,
		    list->number,
		    count_of(
		        list->revoked, "certificate revoked", "certificates revoked", count),
		    clock_date(list->next_update, until));
	}
}

static void print_anchors(const struct audit_result *result)
{
	for (size_t i = 0; i < result->n_anchors; i++) {
		const struct audit_anchor *anchor = &result->anchors[i];

		if (anchor->fit == AUDIT_BARE)
			printf("anchor of %s in %s: none\n", anchor->ca, anchor->file);
		else
			printf("anchor of %s in %s: event %" PRId64 ", record %" PRId64
			       ": %s\n",
			    anchor->ca, anchor->file, anchor->anchor.events,
			    anchor->anchor.records, fit_name(anchor->fit));
	}
}

/* A CA that was renewed has many: which of them counts now. */
static const char *rank_of(
    const struct audit_result *result, const struct audit_issuer_fact *ca)
{
	size_t n = 0;

	for (size_t i = 0; i < result->n_cas; i++)
		n += strcmp(result->cas[i].name, ca->name) == 0;
	if (n == 1)
		return "";
	return ca->current ? " (current)" : " (older)";
}

static void print_cas(const struct audit_result *result)
{
	for (size_t i = 0; i < result->n_cas; i++) {
		const struct audit_issuer_fact *ca = &result->cas[i];
		char until[CLOCK_TEXT];
		BUF_AUTO fingerprint = BUF_INIT;

		buf_addhex(&fingerprint, ca->fingerprint.bytes, sizeof(ca->fingerprint.bytes));
		printf("CA %s%s: %s, until %s, SHA-256 %s\n", ca->name, rank_of(result, ca),
		    ca->subject, clock_date(ca->not_after, until), buf_text(&fingerprint));
	}
}

static const char *left_out(enum audit_depth depth)
{
	static const char *const texts[] = {
		[AUDIT_FULL] = "",
		[AUDIT_VALID] = " (of what has expired: --full)",
		[AUDIT_QUICK] = " (--quick: not those of leaves)",
	};

	return texts[depth];
}

static void print_sum(const struct run *run, const struct auditview *view)
{
	const struct audit_result *result = view->result;
	const struct findings *findings = &run->report.findings;
	char records[64];
	char signatures[64];
	BUF_AUTO hash = BUF_INIT;

	buf_addhex(&hash, result->head.hash.bytes, 8);
	printf("head of the ledger: event %" PRId64 ", record %" PRId64 ", hash %s\n",
	    result->head.events, result->head.records, buf_text(&hash));
	printf("looked at: %s, %s verified%s\n",
	    count_of(result->records, "record", "records", records),
	    count_of(result->signatures, "signature", "signatures", signatures),
	    left_out(view->subject->depth));
	if (findings->errors == 0 && findings->warnings == 0)
		printf("nothing is wrong\n");
	else
		printf("%zu error%s, %zu warning%s\n", findings->errors,
		    findings->errors == 1 ? "" : "s", findings->warnings,
		    findings->warnings == 1 ? "" : "s");
}

int auditview_print(const struct run *run, const struct auditview *view, struct err *err)
{
	if (run->options.verbose && print_records(view, err) < 0)
		return -1;
	print_counts(view->result);
	print_cas(view->result);
	print_lists(view->result);
	print_anchors(view->result);
	print_sum(run, view);
	if (view->evidence)
		printf("not known here: whether the ledger went on since, and what lies in the "
		       "places of delivery\n");
	return 0;
}

/* --- for programs -------------------------------------------------------------------- */

static json_t *json_of_counts(const struct audit_result *result)
{
	json_t *list = json_array();

	for (size_t i = 0; i < result->n_counts; i++) {
		const struct audit_count *count = &result->counts[i];
		json_t *item = json_object();

		json_set_text(item, "ca", count->ca);
		json_set_text(item, "kind", record_kind_name(count->kind));
		json_set_text(item, "state", record_state_name(count->state));
		json_set_count(item, "signed", count->n);
		json_set_count(item, "unexpired", count->unexpired);
		json_add(list, item);
	}
	return list;
}

static json_t *json_of_cas(const struct audit_result *result)
{
	json_t *list = json_array();

	for (size_t i = 0; i < result->n_cas; i++) {
		const struct audit_issuer_fact *ca = &result->cas[i];
		json_t *item = json_object();

		json_set_text(item, "name", ca->name);
		json_set_text(item, "subject", ca->subject);
		json_set_time(item, "not-after", ca->not_after);
		json_set_bool(item, "current", ca->current);
		json_set_hex(
		    item, "sha-256", ca->fingerprint.bytes, sizeof(ca->fingerprint.bytes));
		json_add(list, item);
	}
	return list;
}

static json_t *json_of_lists(const struct audit_result *result)
{
	json_t *list = json_array();

	for (size_t i = 0; i < result->n_lists; i++) {
		const struct audit_list *crl = &result->lists[i];
		json_t *item = json_object();

		json_set_text(item, "ca", crl->ca);
		json_set_count(item, "number", (uint64_t)crl->number);
		json_set_time(item, "this-update", crl->this_update);
		json_set_time(item, "next-update", crl->next_update);
		json_set_count(item, "revoked", crl->revoked);
		json_add(list, item);
	}
	return list;
}

static json_t *json_of_anchors(const struct audit_result *result)
{
	json_t *list = json_array();

	for (size_t i = 0; i < result->n_anchors; i++) {
		const struct audit_anchor *anchor = &result->anchors[i];
		json_t *item = json_object();

		json_set_text(item, "file", anchor->file);
		json_set_text(item, "ca", anchor->ca);
		json_set_count(item, "number", (uint64_t)anchor->number);
		json_set_text(item, "fit", fit_name(anchor->fit));
		json_set(item, "anchor",
		    anchor->fit == AUDIT_BARE ? json_null() : auditfile_head(&anchor->anchor));
		json_add(list, item);
	}
	return list;
}

static json_t *json_of_evidence(const struct auditfile *evidence)
{
	json_t *object;

	if (!evidence)
		return json_null();
	object = json_object();
	json_set_text(object, "program", evidence->program);
	json_set_text(object, "state-dir", evidence->state_dir);
	json_set_time(object, "at", evidence->at);
	return object;
}

struct listing {
	bool begun;
};

static int put_record(void *context, const struct record *record)
{
	struct listing *listing = context;
	json_t *item = auditfile_record(record, AUDITFILE_WITHOUT_BYTES);

	fputs(listing->begun ? ",\n    " : "\n    ", stdout);
	listing->begun = true;
	json_dumpf(item, stdout, JSON_COMPACT);
	json_decref(item);
	return ferror(stdout);
}

/* The document is printed as json_print() would, but for its records, which may be a million.
 */
int auditview_json(const struct run *run, const struct auditview *view, struct err *err)
{
	const struct findings *findings = &run->report.findings;
	struct listing listing = { false };
	json_t *document = json_object();
	char *text;

	json_set_time(document, "at", run->ambient.now);
	json_set(document, "evidence", json_of_evidence(view->evidence));
	json_set(document, "head", auditfile_head(&view->result->head));
	json_set_count(document, "signatures-verified", view->result->signatures);
	json_set(document, "counts", json_of_counts(view->result));
	json_set(document, "cas", json_of_cas(view->result));
	json_set(document, "crls", json_of_lists(view->result));
	json_set(document, "anchors", json_of_anchors(view->result));
	json_set_count(document, "errors", findings->errors);
	json_set_count(document, "warnings", findings->warnings);
	json_set(document, "findings", json_of_findings(findings));
	text = json_dumps(document, JSON_INDENT(2));
	json_decref(document);
	if (!text)
		return err_set(err, ERR_FAILED, "cannot write the result as JSON");
	printf("{\n  \"records\": [");
	if (ledger_each(view->subject->ledger, put_record, &listing, err) < 0) {
		free(text);
		return -1;
	}
	printf("%s],%s\n", listing.begun ? "\n  " : "", text + 1); /* behind its "{" */
	free(text);
	return 0;
}

/* --- after a restore ----------------------------------------------------------------- */

static bool is_nothing(const struct audit_accepted *accepted)
{
	return !accepted->host && !accepted->clock &&
	       accepted->certificates + accepted->crls + accepted->revocations +
	               accepted->republished ==
	           0;
}

static void print_lost(const struct audit_accepted *accepted)
{
	const int64_t found = (int64_t)(accepted->certificates + accepted->crls);
	char lost[64];

	if (accepted->lost == 0)
		return;
	printf("lost: %s that the CA key signed an anchor of; found outside: %" PRId64 "\n",
	    count_of((size_t)accepted->lost, "record", "records", lost), found);
	if (found < accepted->lost)
		printf("  the serial numbers of the others are unknown: they cannot be revoked "
		       "one "
		       "by one;\n"
		       "  where one of them must be locked out, let a new CA issue "
		       "(docs/generations.md)\n");
}

void auditview_accepted(struct run *run, const struct audit_accepted *accepted)
{
	BUF_AUTO line = BUF_INIT;
	char serials[64];

	if (accepted->host)
		buf_addstr(&line, "the state directory, by this host");
	if (accepted->clock)
		buf_printf(&line, "%sthis clock", accepted->host ? ", " : "");
	count_add(&line, accepted->certificates, "certificate", "certificates");
	count_add(&line, accepted->crls, "CRL", "CRLs");
	count_add(&line, accepted->revocations, "revocation", "revocations");
	if (accepted->republished > 0)
		count_add(
		    &line, accepted->republished, "CRL written again", "CRLs written again");
	if (is_nothing(accepted))
		printf("nothing to take over\n");
	else
		printf("taken over: %s\n", buf_text(&line));
	print_lost(accepted);
	if (accepted->unknown_serials > 0)
		printf("revoked by a list that was taken over, and unknown here: %s: the next "
		       "list "
		       "is without them\n",
		    count_of(
		        accepted->unknown_serials, "serial number", "serial numbers", serials));
	fflush(stdout);
	if (!is_nothing(accepted))
		report_talk(&run->report, "next: mica plan, then mica apply");
}

void auditview_accepted_json(const struct run *run, const struct audit_accepted *accepted)
{
	json_t *document = json_object();

	json_set(document, "host", json_boolean(accepted->host));
	json_set(document, "clock", json_boolean(accepted->clock));
	json_set_count(document, "certificates", accepted->certificates);
	json_set_count(document, "crls", accepted->crls);
	json_set_count(document, "revocations", accepted->revocations);
	json_set_count(document, "crls-written-again", accepted->republished);
	json_set_count(document, "records-lost", (uint64_t)accepted->lost);
	json_set_count(document, "serials-unknown", accepted->unknown_serials);
	json_set(document, "findings", json_of_findings(&run->report.findings));
	json_print(stdout, document);
}
