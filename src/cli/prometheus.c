// SPDX-License-Identifier: Apache-2.0
#include "prometheus.h"

#include <inttypes.h>
#include <string.h>

/* --- lines ------------------------------------------------------------------------------- */

/* One metric: what is told of it stands before its first sample, and nowhere if it has none. */
struct family {
	struct buf *to;
	const char *name, *help;
	bool begun;
};

static void begin(struct family *family)
{
	if (!family->begun)
		buf_printf(family->to, "# HELP %s %s\n# TYPE %s gauge\n", family->name,
		    family->help, family->name);
	family->begun = true;
	buf_addstr(family->to, family->name);
}

void prometheus_label(struct buf *to, const char *name, const char *value)
{
	const char *before = to->len > 0 && to->data[to->len - 1] == '{' ? "" : ",";

	buf_printf(to, "%s%s=\"", before, name);
	for (const char *at = value; *at; at++) {
		if (*at == '\n')
			buf_addstr(to, "\\n");
		else
			buf_printf(to, *at == '\\' || *at == '"' ? "\\%c" : "%c", *at);
	}
	buf_addstr(to, "\"");
}

struct label {
	const char *name, *value;
};

enum { MOST_LABELS = 5 };

/* Labels end with one without a name, or with the array. */
static void sample(
    struct family *family, const struct label labels[static MOST_LABELS], int64_t number)
{
	begin(family);
	if (labels[0].name)
		buf_addstr(family->to, "{");
	for (size_t i = 0; i < MOST_LABELS && labels[i].name; i++)
		prometheus_label(family->to, labels[i].name, labels[i].value);
	buf_printf(family->to, "%s %" PRId64 "\n", labels[0].name ? "}" : "", number);
}

#define LABELS(...) ((const struct label[MOST_LABELS]){ __VA_ARGS__ })

static void single(struct buf *to, const char *name, const char *help, int64_t number)
{
	struct family family = { .to = to, .name = name, .help = help };

	sample(&family, LABELS({ NULL, NULL }), number);
}

/* --- what is always there --------------------------------------------------------------- */

static void add_page(const struct page *page, struct buf *to)
{
	struct family build = { to, "mica_build_info",
		"The mica that wrote this page; always 1.", false };

	sample(&build, LABELS({ "version", MICA_VERSION }), 1);
	single(to, "mica_page_timestamp_seconds", "When this page was written.", page->now);
	single(to, "mica_up",
	    "Whether inventory and ledger could be read; with 0 the page says nothing about "
	    "certificates.",
	    page->status != NULL);
}

static void add_runs(const struct runs *runs, struct buf *to)
{
	struct family at = { to, "mica_last_run_timestamp_seconds",
		"When the last run of a verb that changes something began.", false };
	struct family status = { to, "mica_last_run_exit_status",
		"How that run ended: 0 done, 1 failed, 3 refused, 5 delivered and not yet "
		"served.",
		false };
	struct family good = { to, "mica_last_good_run_timestamp_seconds",
		"When the last run that ended with 0 began; 0: none did.", false };

	for (size_t i = 0; i < runs->n; i++)
		sample(&at, LABELS({ "verb", runs->items[i].verb }), runs->items[i].at);
	for (size_t i = 0; i < runs->n; i++)
		sample(&status, LABELS({ "verb", runs->items[i].verb }), runs->items[i].status);
	for (size_t i = 0; i < runs->n; i++)
		sample(&good, LABELS({ "verb", runs->items[i].verb }), runs->items[i].good);
}

/* --- CAs -------------------------------------------------------------------------------- */

static const char *state_name(enum ca_state state)
{
	static const char *const names[] = {
		[CA_ISSUING] = "issuing",
		[CA_TRUSTED] = "trusted",
		[CA_RETIRED] = "retired",
	};

	return names[state];
}

static void add_cas(const struct page *page, struct buf *to)
{
	const struct status_ca *cas = page->status->cas;
	const size_t n = page->status->n_cas;
	struct family ends = { to, "mica_ca_not_after_timestamp_seconds",
		"When the certificate of a CA, or one above it, ends.", false };
	struct family next = { to, "mica_crl_next_update_timestamp_seconds",
		"When the newest CRL of a CA runs out, while anybody needs one.", false };
	struct family latches = { to, "mica_pin_latches",
		"Logins to the token of a CA that did not succeed: no PIN is tried until a "
		"person says "
		"so.",
		false };

	for (size_t i = 0; i < n; i++)
		if (cas[i].ends != 0)
			sample(&ends,
			    LABELS({ "ca", cas[i].inv->name },
			        { "state", state_name(cas[i].inv->state) }),
			    cas[i].ends);
	for (size_t i = 0; i < n; i++)
		if (cas[i].has_crl && cas[i].crl_needed)
			sample(&next, LABELS({ "ca", cas[i].inv->name }), cas[i].next_update);
	for (size_t i = 0; i < n; i++)
		sample(&latches, LABELS({ "ca", cas[i].inv->name }), (int64_t)page->latches[i]);
}

/* --- certificates ----------------------------------------------------------------------- */

static void add_stages(const struct page *page, struct buf *to)
{
	struct family ends = { to, "mica_certificate_not_after_timestamp_seconds",
		"When a certificate ends: the newest one that was issued, the one that lies "
		"there, "
		"the one that every endpoint presented.",
		false };

	for (size_t i = 0; i < page->n_stages; i++) {
		const struct stage *stage = &page->stages[i];

		sample(&ends,
		    LABELS({ "ca", stage->ca }, { "deployment", stage->deployment },
		        { "entry", stage->entry }, { "kind", record_kind_name(stage->kind) },
		        { "stage", record_state_name(stage->state) }),
		    stage->not_after);
	}
}

static bool is_leaf(const struct status_row *row)
{
	return row->exists && (row->kind == RECORD_SERVER || row->kind == RECORD_CLIENT);
}

static void add_entries(const struct status *status, struct buf *to)
{
	struct family due = { to, "mica_certificate_renewal_timestamp_seconds",
		"When a certificate is, or was, due for renewal.", false };
	struct family unserved = { to, "mica_certificate_unserved",
		"Whether a certificate was delivered and some endpoint has not presented it "
		"yet.",
		false };

	for (size_t i = 0; i < status->n; i++) {
		const struct status_row *row = &status->rows[i];

		if (is_leaf(row))
			sample(&due,
			    LABELS({ "entry", row->entry },
			        { "kind", record_kind_name(row->kind) }),
			    row->due);
	}
	for (size_t i = 0; i < status->n; i++) {
		const struct status_row *row = &status->rows[i];

		if (is_leaf(row) && row->kind == RECORD_SERVER)
			sample(&unserved, LABELS({ "entry", row->entry }), row->awaited);
	}
}

/* --- what is to be done ----------------------------------------------------------------- */

static bool is_owed(const struct status *status, const char *deployment)
{
	for (size_t i = 0; i < status->restarts.n; i++)
		if (strcmp(status->restarts.rows[i].deployment, deployment) == 0)
			return true;
	return false;
}

static void add_restarts(const struct page *page, struct buf *to)
{
	struct family owed = { to, "mica_restart_owed",
		"Whether a Milvus has to be restarted to read what was delivered.", false };

	for (size_t i = 0; i < page->inventory->n_deployments; i++) {
		const char *name = page->inventory->deployments[i].name;

		sample(&owed, LABELS({ "deployment", name }), is_owed(page->status, name));
	}
}

static void add_outage(const struct status *status, struct buf *to)
{
	struct family outage = { to, "mica_first_outage_timestamp_seconds",
		"When the first Milvus goes dark if nothing is ever signed again.", false };

	if (status->first_outage != 0)
		sample(&outage,
		    LABELS({ "deployment", status->first_outage_deployment },
		        { "entry", status->first_outage_entry }),
		    status->first_outage);
}

void prometheus_page(const struct page *page, struct buf *ret)
{
	add_page(page, ret);
	if (page->runs)
		add_runs(page->runs, ret);
	if (!page->status)
		return;
	add_cas(page, ret);
	add_stages(page, ret);
	add_entries(page->status, ret);
	add_restarts(page, ret);
	single(ret, "mica_changes_pending",
	    "How many things apply or init would do now: mica plan names them.",
	    (int64_t)page->status->due);
	single(ret, "mica_ca_too_short",
	    "Whether a certificate is due and cannot be renewed, because its CA ends when it "
	    "does.",
	    page->status->ca_ends);
	add_outage(page->status, ret);
}
