// SPDX-License-Identifier: Apache-2.0
/* The walk over the ledger: events first, then every record in its order. */
#include "audit_private.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <mica/ledger_import.h>
#include <mica/parallel.h>

/* --- telling ------------------------------------------------------------------------ */

void audit_say(struct findings *findings, const struct audit *audit, const char *rule,
    const struct record *record, const char *fmt, ...)
{
	const struct mark where = { audit->subject->where, 0, 0 };
	MICA_FREE char *text = NULL;
	BUF_AUTO serial = BUF_INIT;
	va_list args;

	va_start(args, fmt);
	text = mem_vprintf(fmt, args);
	va_end(args);
	buf_addhex(&serial, record->serial, sizeof(record->serial));
	findings_add(findings, FINDING_ERROR, rule, &where, NULL,
	    "record %" PRId64 " ('%s', %s, serial %s): %s", record->seq, record->entry,
	    record_kind_name(record->kind), buf_text(&serial), text);
}

void audit_tell(struct audit *audit, enum finding_level level, const char *rule,
    const char *file, const char *hint, const char *fmt, ...)
{
	const struct mark where = { file, 0, 0 };
	MICA_FREE char *text = NULL;
	va_list args;

	va_start(args, fmt);
	text = mem_vprintf(fmt, args);
	va_end(args);
	findings_add(audit->findings, level, rule, &where, hint, "%s", text);
}

/* --- the chain ---------------------------------------------------------------------- */

static int add_revocation(void *context, const struct ledger_event *event)
{
	struct audit *audit = context;

	if (event->state != RECORD_REVOKED)
		return 0;
	audit->revoked = mem_grow(
	    audit->revoked, &audit->cap_revoked, audit->n_revoked + 1, sizeof(*audit->revoked));
	audit->revoked[audit->n_revoked++] =
	    (struct audit_revoked){ .record = event->record, .event = event->seq };
	return 0;
}

static int by_record(const void *a, const void *b)
{
	const struct audit_revoked *one = a;
	const struct audit_revoked *other = b;

	return (one->record > other->record) - (one->record < other->record);
}

static int walk_events(struct audit *audit, struct err *err)
{
	if (ledger_anchor(audit->subject->ledger, &audit->result->head, err) < 0 ||
	    ledger_each_event(audit->subject->ledger, add_revocation, audit, err) < 0)
		return -1;
	if (audit->n_revoked > 0)
		qsort(audit->revoked, audit->n_revoked, sizeof(*audit->revoked), by_record);
	return 0;
}

static int know_revoked(struct audit *audit, const struct record *record, struct err *err)
{
	const struct audit_revoked key = { .record = record->seq };
	struct audit_revoked *revoked =
	    audit->n_revoked == 0
	        ? NULL
	        : bsearch(&key, audit->revoked, audit->n_revoked, sizeof(key), by_record);

	if (!revoked || record->kind == RECORD_CRL) /* the chain's own findings tell of it */
		return 0;
	if (ledger_revocation(audit->subject->ledger, record->seq, &revoked->said, err) < 0)
		return -1;
	revoked->ca = mem_strdup(record->ca);
	revoked->not_after = record->not_after;
	revoked->known = true;
	return 0;
}

/* --- counting ----------------------------------------------------------------------- */

static struct audit_count *count_of(struct audit_result *result, const struct record *record)
{
	size_t cap = result->n_counts;

	for (size_t i = 0; i < result->n_counts; i++) {
		struct audit_count *count = &result->counts[i];

		if (count->kind == record->kind && count->state == record->state &&
		    strcmp(count->ca, record->ca) == 0)
			return count;
	}
	result->counts =
	    mem_grow(result->counts, &cap, result->n_counts + 1, sizeof(*result->counts));
	result->counts[result->n_counts] = (struct audit_count){
		.ca = mem_strdup(record->ca),
		.kind = record->kind,
		.state = record->state,
	};
	return &result->counts[result->n_counts++];
}

static void count(struct audit *audit, const struct record *record)
{
	struct audit_count *count = count_of(audit->result, record);

	count->n++;
	count->unexpired += record->not_after > audit->subject->now;
	audit->result->records++;
}

static int by_name(const void *a, const void *b)
{
	const struct audit_count *one = a;
	const struct audit_count *other = b;
	const int order = strcmp(one->ca, other->ca);

	if (order != 0)
		return order;
	if (one->kind != other->kind)
		return one->kind < other->kind ? -1 : 1;
	return (one->state > other->state) - (one->state < other->state);
}

/* --- leaves, many at once ----------------------------------------------------------- */

/*
 * Leaves are gathered into one heap while the other is judged by the threads. What a CA has of
 * its own is judged in turn, when no thread is at work: leaves are held against what came
 * before them.
 */
enum { HEAP = 2048, MOST_FINDINGS = 300 };

struct leaf {
	struct record record;
	struct findings findings;
	size_t signatures;
};

struct heap {
	const struct audit *audit;
	struct leaf *leaves;
	size_t n;
	struct parallel *work; /* NULL: nobody is at it */
};

struct walk {
	struct audit *audit;
	struct heap heaps[2];
	size_t filling; /* which of them */
	struct err *err;
	bool failed;
};

static int judge_leaf(void *context, size_t i, struct err *err)
{
	struct heap *heap = context;
	struct leaf *leaf = &heap->leaves[i];

	(void)err;
	leaf->signatures = audit_leaf(heap->audit, &leaf->record, &leaf->findings);
	return 0;
}

/* A ledger of which nothing is right says so often enough. */
static void take_findings(struct audit *audit, const struct leaf *leaf)
{
	audit->leaf_findings += leaf->findings.n;
	audit->result->signatures += leaf->signatures;
	if (audit->leaf_findings > MOST_FINDINGS)
		return;
	for (size_t i = 0; i < leaf->findings.n; i++) {
		const struct finding *finding = &leaf->findings.items[i];
		const struct mark where = { finding->file, 0, 0 };

		findings_add(audit->findings, finding->level, finding->rule, &where,
		    finding->hint, "%s", finding->text);
	}
}

static void tell_rest(struct audit *audit)
{
	if (audit->leaf_findings > MOST_FINDINGS)
		audit_tell(audit, FINDING_ERROR, "record", audit->subject->where, NULL,
		    "more is wrong with certificates than is told here: %zu faults in all",
		    audit->leaf_findings);
}

/* What was found is told in the order of the records, however many threads there are. */
static int finish(struct walk *walk, struct heap *heap)
{
	int status = 0;

	if (heap->work)
		status = parallel_end(mem_give(heap->work), PARALLEL_FINISH, walk->err);
	for (size_t i = 0; i < heap->n; i++) {
		take_findings(walk->audit, &heap->leaves[i]);
		findings_clear(&heap->leaves[i].findings);
		record_clear(&heap->leaves[i].record);
	}
	heap->n = 0;
	return status;
}

static void start(struct heap *heap)
{
	if (heap->n == 0)
		return;
	heap->work = parallel_begin(heap->n, judge_leaf, heap);
	parallel_ready(heap->work, heap->n);
}

/* The heap that is full is begun, and the one that was at work is free to be filled. */
static int turn(struct walk *walk)
{
	struct heap *full = &walk->heaps[walk->filling];

	walk->filling ^= 1;
	start(full);
	return finish(walk, &walk->heaps[walk->filling]);
}

static int settle(struct walk *walk)
{
	return turn(walk) < 0 || turn(walk) < 0 ? -1 : 0;
}

static int add_leaf(struct walk *walk, const struct record *record)
{
	struct heap *heap = &walk->heaps[walk->filling];
	struct leaf *leaf = &heap->leaves[heap->n++];
	const struct buf tbs = record->tbs;
	const struct buf certificate = record->certificate;

	*leaf = (struct leaf){ .record = *record, .findings = FINDINGS_INIT };
	leaf->record.entry = mem_strdup(record->entry);
	leaf->record.ca = mem_strdup(record->ca);
	leaf->record.tbs = (struct buf)BUF_INIT;
	leaf->record.certificate = (struct buf)BUF_INIT;
	buf_add(&leaf->record.tbs, tbs.data, tbs.len);
	buf_add(&leaf->record.certificate, certificate.data, certificate.len);
	return heap->n == HEAP ? turn(walk) : 0;
}

/* --- the walk ----------------------------------------------------------------------- */

static void judge_unsigned(struct audit *audit, const struct record *record)
{
	if (record->state == RECORD_ABANDONED)
		return;
	if (record->state == RECORD_INTENDED)
		audit_tell(audit, FINDING_WARNING, "interrupted", audit->subject->where,
		    "the next run that writes tells what became of it",
		    "record %" PRId64 " ('%s') was intended, and no run went on with it",
		    record->seq, record->entry);
	else
		audit_say(
		    audit->findings, audit, "record-bytes", record, "it has no certificate");
}

static int judge(struct walk *walk, const struct record *record)
{
	struct audit *audit = walk->audit;

	count(audit, record);
	if (know_revoked(audit, record, walk->err) < 0)
		return -1;
	if (record->certificate.len == 0) {
		judge_unsigned(audit, record);
		return 0;
	}
	if (record->kind == RECORD_SERVER || record->kind == RECORD_CLIENT)
		return add_leaf(walk, record);
	if (settle(walk) < 0)
		return -1;
	return record->kind == RECORD_CA ? audit_ca(audit, record, walk->err)
	                                 : audit_crl(audit, record, walk->err);
}

static int each(void *context, const struct record *record)
{
	struct walk *walk = context;

	walk->failed = judge(walk, record) < 0;
	return walk->failed;
}

static int walk_records(struct audit *audit, struct err *err)
{
	struct walk walk = { .audit = audit, .err = err };
	int status;

	for (size_t i = 0; i < mem_count(walk.heaps); i++) {
		walk.heaps[i].audit = audit;
		walk.heaps[i].leaves = mem_array(HEAP, sizeof(*walk.heaps[i].leaves));
	}
	status = ledger_each(audit->subject->ledger, each, &walk, err);
	if (status == 0 && walk.failed)
		status = -1;
	if (settle(&walk) < 0)
		status = -1;
	tell_rest(audit);
	for (size_t i = 0; i < mem_count(walk.heaps); i++)
		free(walk.heaps[i].leaves);
	return status;
}

/* --- the whole ---------------------------------------------------------------------- */

/* Of a ledger that is damaged, as much as can be read is judged. */
static int walk(struct audit *audit, struct err *err)
{
	const size_t errors = audit->findings->errors;

	if (ledger_audit(audit->subject->ledger, audit->findings, err) == 0 &&
	    walk_events(audit, err) == 0 && walk_records(audit, err) == 0)
		return 0;
	if (audit->findings->errors == errors)
		return -1;
	audit_tell(audit, FINDING_ERROR, "ledger", audit->subject->where,
	    err->hint[0] ? err->hint : NULL, "what comes after it was not judged: %s",
	    err->text);
	return 0;
}

static void audit_clear(struct audit *audit)
{
	for (size_t i = 0; i < audit->n_issuers; i++) {
		free(audit->issuers[i].name);
		lint_free(audit->issuers[i].lint);
		ca_free(audit->issuers[i].ca);
	}
	for (size_t i = 0; i < audit->n_above; i++)
		ca_free(audit->above[i]);
	for (size_t i = 0; i < audit->n_revoked; i++)
		free(audit->revoked[i].ca);
	free(audit->issuers);
	free(audit->above);
	free(audit->revoked);
}

void audit_result_clear(struct audit_result *result)
{
	for (size_t i = 0; i < result->n_counts; i++)
		free(result->counts[i].ca);
	for (size_t i = 0; i < result->n_lists; i++)
		free(result->lists[i].ca);
	for (size_t i = 0; i < result->n_anchors; i++) {
		free(result->anchors[i].file);
		free(result->anchors[i].ca);
	}
	for (size_t i = 0; i < result->n_cas; i++) {
		free(result->cas[i].name);
		free(result->cas[i].subject);
		buf_clear(&result->cas[i].der);
	}
	for (size_t i = 0; i < result->n_unknown; i++) {
		free(result->unknown[i].ca);
		buf_clear(&result->unknown[i].der);
	}
	free(result->counts);
	free(result->lists);
	free(result->anchors);
	free(result->unknown);
	free(result->cas);
	*result = (struct audit_result){ .records = 0 };
}

void audit_files_free(struct audit_file *files, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(files[i].path);
		buf_clear(&files[i].bytes);
	}
	free(files);
}

int audit_judge(const struct audit_subject *subject, struct findings *findings,
    struct audit_result *ret, struct err *err)
{
	MICA_AUTO(audit_result_clear) struct audit_result result = { .records = 0 };
	MICA_AUTO(audit_clear)
	struct audit audit = { .subject = subject, .findings = findings, .result = &result };

	if (audit_read_above(&audit, err) < 0 || walk(&audit, err) < 0)
		return -1;
	audit_unlisted(&audit);
	if (audit_outside(&audit, err) < 0)
		return -1;
	if (result.n_counts > 0)
		qsort(result.counts, result.n_counts, sizeof(*result.counts), by_name);
	*ret = result;
	result = (struct audit_result){ .records = 0 };
	return 0;
}
