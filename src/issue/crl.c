// SPDX-License-Identifier: Apache-2.0
#include "crl.h"

#include <stdlib.h>
#include <string.h>

#include <mica/certificate.h>

#include "anchor.h"

/* --- what the ledger has ---------------------------------------------------------------- */

void crl_serial(int64_t number, uint8_t ret[static 20])
{
	memset(ret, 0, 20);
	for (size_t i = 0; i < sizeof(number); i++)
		ret[19 - i] = (uint8_t)((uint64_t)number >> (8 * i));
}

static int64_t number_of(const struct record *record)
{
	uint64_t number = 0;

	for (size_t i = 20 - sizeof(number); i < 20; i++)
		number = number << 8 | record->serial[i];
	return (int64_t)number;
}

static void add_number(struct buf *to, int64_t number)
{
	uint8_t bytes[20];

	crl_serial(number, bytes);
	buf_add(to, bytes, sizeof(bytes));
}

static struct digest digest_of_list(const struct revocation *revoked, size_t n)
{
	BUF_AUTO all = BUF_INIT;

	for (size_t i = 0; i < n; i++) {
		buf_add(&all, revoked[i].serial, sizeof(revoked[i].serial));
		add_number(&all, revoked[i].at);
		add_number(&all, (int64_t)revoked[i].reason);
	}
	return digest_of(all.data, all.len);
}

static int read_newest(struct issue *issue, size_t ca, struct err *err)
{
	const char *name = issue->inventory->cas[ca].name;

	record_clear(&issue->crls->of[ca].newest);
	return ledger_find_current(
	    issue->ledger, RECORD_CRL, name, &issue->crls->of[ca].newest, err);
}

static int read_revoked(struct issue *issue, size_t ca, struct err *err)
{
	MICA_FREE struct revocation *revoked = NULL;
	size_t n = 0;

	if (ledger_revocations(
	        issue->ledger, issue->inventory->cas[ca].name, 0, &revoked, &n, err) < 0)
		return -1;
	issue->crls->of[ca].revoked = digest_of_list(revoked, n);
	return 0;
}

/* --- crl.pem ---------------------------------------------------------------------------- */

static bool in_bundle(const struct issue *issue, size_t ca)
{
	return issue->cas[ca].ca && issue->inventory->cas[ca].state != CA_RETIRED;
}

/* Of the issuing CA it counts what is revoked: its number grows with every run. The others sign
 * seldom, and then because they are told to. */
static void add_to_list(
    const struct issue *issue, size_t ca, const struct digest *revoked, struct buf *list)
{
	buf_addstr(list, issue->inventory->cas[ca].name);
	buf_add(list, "", 1);
	if (ca == issue->inventory->issuing)
		buf_add(list, revoked, sizeof(*revoked));
	else
		buf_add(list, issue->crls->of[ca].newest.serial, 20);
}

static bool signs_no_more(const struct issue *issue)
{
	const char *above;

	return !issue->ca || ca_ends(issue->ca, &above) <= issue->ambient.now;
}

static void fill_bundle(struct issue *issue)
{
	struct crls *crls = issue->crls;
	BUF_AUTO list = BUF_INIT;
	BUF_AUTO wanted = BUF_INIT;

	buf_reset(&crls->bundle.pem);
	crls->bundle.due = INT64_MAX;
	for (size_t i = 0; i < issue->inventory->n_cas; i++) {
		const struct ca_crl *of = &crls->of[i];
		const struct record *newest = &of->newest;
		bool issuing = i == issue->inventory->issuing;
		bool follows = issuing && !signs_no_more(issue);

		if (!in_bundle(issue, i) || (newest->seq == 0 && !follows))
			continue;
		add_to_list(issue, i, follows ? &of->revoked : &newest->definition, &wanted);
		if (newest->seq == 0)
			continue;
		add_to_list(issue, i, &newest->definition, &list);
		crl_pem(&newest->certificate, &crls->bundle.pem);
		if (issuing)
			crls->bundle.due = plan_crl_due(newest->not_before, newest->not_after);
	}
	crls->bundle.file = digest_of(crls->bundle.pem.data, crls->bundle.pem.len);
	crls->bundle.list = digest_of(list.data, list.len);
	crls->wanted = digest_of(wanted.data, wanted.len);
}

int crlset_read(struct issue *issue, struct err *err)
{
	size_t n = issue->inventory->n_cas;

	if (issue->crls || !issue->ledger)
		return 0;
	issue->crls = mem_zalloc(sizeof(*issue->crls));
	issue->crls->of = mem_array(n, sizeof(*issue->crls->of));
	for (size_t i = 0; i < n; i++) {
		if (read_newest(issue, i, err) < 0 ||
		    (i == issue->inventory->issuing && read_revoked(issue, i, err) < 0))
			return -1;
	}
	fill_bundle(issue);
	return 0;
}

void crlset_free(struct issue *issue)
{
	if (!issue->crls)
		return;
	for (size_t i = 0; i < issue->inventory->n_cas; i++)
		record_clear(&issue->crls->of[i].newest);
	free(issue->crls->of);
	buf_clear(&issue->crls->bundle.pem);
	free(issue->crls);
	issue->crls = NULL;
}

/* --- what is due ------------------------------------------------------------------------ */

static bool same(const struct digest *a, const struct digest *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

struct crl_fact crlset_fact(const struct issue *issue)
{
	const struct ca_crl *of = &issue->crls->of[issue->inventory->issuing];

	return (struct crl_fact){
		.exists = of->newest.seq != 0,
		.list_changed = !same(&of->newest.definition, &of->revoked),
		.this_update = of->newest.not_before,
		.next_update = of->newest.not_after,
	};
}

/* It does not outlive its CA, nor one above that. */
static int64_t crl_end(const struct issue *issue, size_t ca, int64_t signed_at)
{
	const int64_t end = signed_at + issue->inventory->cas[ca].crl_days * CLOCK_DAY;
	const char *above;
	const int64_t ca_end = ca_ends(issue->cas[ca].ca, &above);

	return end < ca_end ? end : ca_end;
}

/* What is due until then is due. */
static int64_t horizon(const struct issue *issue)
{
	return issue->horizon != 0 ? issue->horizon : issue->ambient.now;
}

/* The issuing CA's newest one is followed by another in this run, because of its age. */
static bool is_followed(const struct issue *issue)
{
	const struct record *newest = &issue->crls->of[issue->inventory->issuing].newest;
	const int64_t at = issue->at != 0 ? issue->at : issue->ambient.now;

	return !signs_no_more(issue) && issue->crls->bundle.due <= horizon(issue) &&
	       crl_end(issue, issue->inventory->issuing, at) > newest->not_after;
}

static bool runs_out(const struct issue *issue, const struct delivery *delivery)
{
	const struct crl_bundle *bundle = &issue->crls->bundle;

	if (delivery->crl_due > horizon(issue) || bundle->due == INT64_MAX)
		return false;
	return bundle->due > delivery->crl_due || is_followed(issue);
}

bool crlset_judge(const struct issue *issue, struct place *place)
{
	static const struct digest none;
	const struct delivery *delivery = &place->delivery;
	struct digest found;
	bool there = anchor_crl_file(place, &found);
	const char *detail = "";

	if (!there)
		detail = "crl.pem is missing";
	else if (!same(&delivery->crl_list, &issue->crls->wanted) || runs_out(issue, delivery))
		detail = "";
	else if (!same(&found, &delivery->crl_file))
		detail = "crl.pem was changed";
	else
		return false;
	if (same(&delivery->crl_list, &none) && issue->crls->bundle.pem.len == 0 &&
	    signs_no_more(issue))
		return false; /* there will never be one */
	strcpy(place->fact.detail, detail);
	return true;
}

int crlset_put(const struct issue *issue, struct outdir_tree *tree, struct err *err)
{
	const struct buf *pem = &issue->crls->bundle.pem;

	return pem->len == 0 ? 0 : outdir_put(tree, "crl.pem", OUTDIR_PUBLIC, pem, err);
}

void crlset_note(const struct issue *issue, struct delivery *delivery)
{
	const struct crl_bundle *bundle = &issue->crls->bundle;

	if (bundle->pem.len == 0)
		return;
	delivery->crl_file = bundle->file;
	delivery->crl_list = bundle->list;
	delivery->crl_due = bundle->due;
}

/* --- the one that a run ends with ------------------------------------------------------- */

/* Numbers grow (RFC 5280, 5.2.3), also over a restore: the seconds since 1970 are ahead of
 * every number of a list that was signed before, unless lists come closer together than that.
 */
static int next_number(struct issue *issue, size_t ca, int64_t *ret, struct err *err)
{
	const char *name = issue->inventory->cas[ca].name;
	int64_t number = number_of(&issue->crls->of[ca].newest);
	bool found = true;

	if (anchor_number(issue, ca) > number)
		number = anchor_number(issue, ca);
	if (number < issue->ambient.now - 1)
		number = issue->ambient.now - 1;
	while (found) {
		MICA_AUTO(record_clear) struct record record = { 0 };
		uint8_t serial[20];

		if (number == INT64_MAX)
			return err_set(err, ERR_FAILED,
			    "CA '%s' has used up the numbers of its CRLs", name);
		crl_serial(++number, serial);
		if (ledger_by_serial(issue->ledger, name, serial, &record, &found, err) < 0)
			return -1;
	}
	*ret = number;
	return 0;
}

static void fill_record(struct record *record, const struct issue *issue, size_t ca,
    const struct crl_spec *spec, const struct approval *approval)
{
	const struct buf *tbs = approval_tbs(approval);
	const struct buf *spki = ca_spki(issue->cas[ca].ca);

	*record = (struct record){
		.entry = mem_strdup(spec->entry),
		.kind = RECORD_CRL,
		.ca = mem_strdup(spec->entry),
		.state = RECORD_INTENDED,
		.definition = issue->crls->of[ca].revoked,
		.key = digest_of(spki->data, spki->len),
		.created = issue->ambient.now,
		.not_before = spec->this_update,
		.not_after = spec->next_update,
	};
	crl_serial(spec->number, record->serial);
	buf_add(&record->tbs, tbs->data, tbs->len);
}

/* A certificate that ended stays on the first list after its end (RFC 5280, 5.1.2.6 and 3.3).
 */
static int64_t since(const struct issue *issue, size_t ca)
{
	const struct record *newest = &issue->crls->of[ca].newest;

	return newest->seq != 0 && newest->not_before < issue->ambient.now ? newest->not_before
	                                                                   : issue->ambient.now;
}

static int lint_for(struct issue *issue, size_t ca, struct lint **ret, struct err *err)
{
	if (issue->lint && issue->lint_ca == issue->cas[ca].ca) {
		*ret = issue->lint;
		return 0;
	}
	lint_free(issue->lint);
	issue->lint = NULL;
	if (lint_new(issue->cas[ca].ca, &issue->lint, err) < 0)
		return -1;
	issue->lint_ca = issue->cas[ca].ca;
	*ret = issue->lint;
	return 0;
}

int crl_prepare(struct issue *issue, size_t ca, struct findings *findings,
    struct approval **ret, struct record *ret_record, struct err *err)
{
	const struct inv_ca *inv = &issue->inventory->cas[ca];
	MICA_AUTO(approval_freep) struct approval *approval = NULL;
	MICA_FREE struct revocation *revoked = NULL;
	struct lint *lint = NULL;
	struct crl_spec spec = {
		.entry = inv->name,
		.this_update = issue->ambient.now,
		.next_update = crl_end(issue, ca, issue->ambient.now),
	};

	if (crlset_read(issue, err) < 0 || read_revoked(issue, ca, err) < 0 ||
	    next_number(issue, ca, &spec.number, err) < 0 ||
	    ledger_revocations(issue->ledger, inv->name, since(issue, ca), &revoked,
	        &spec.n_revoked, err) < 0 ||
	    ledger_anchor(issue->ledger, &spec.anchor, err) < 0 ||
	    lint_for(issue, ca, &lint, err) < 0)
		return -1;
	spec.revoked = revoked;
	if (lint_approve_crl(lint, &spec, issue->ambient.now, findings, &approval, err) < 0)
		return -1;
	fill_record(ret_record, issue, ca, &spec, approval);
	*ret = mem_give(approval);
	return 0;
}

int crl_rehearse(struct issue *issue, struct err *err)
{
	MICA_AUTO(approval_freep) struct approval *approval = NULL;
	MICA_AUTO(record_clear) struct record record = { 0 };

	if (!issue->plan->crl.signs)
		return 0;
	return crl_prepare(
	    issue, issue->inventory->issuing, issue->findings, &approval, &record, err);
}

void crl_take_signed(struct issue *issue, size_t ca, struct record *record, struct buf *der)
{
	struct ca_crl *of = &issue->crls->of[ca];

	record_clear(&of->newest);
	of->newest = *record;
	*record = (struct record){ 0 };
	of->newest.state = RECORD_ISSUED;
	buf_move(&of->newest.certificate, der);
	of->signed_now = true;
	of->file_good = false;
	fill_bundle(issue);
}
