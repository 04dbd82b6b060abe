// SPDX-License-Identifier: Apache-2.0
#include "cross.h"

#include <stdlib.h>
#include <string.h>

static char *entry_of(const struct inv_ca *ca)
{
	return mem_printf("%s:cross", ca->name);
}

/* --- what there is ---------------------------------------------------------------------- */

static int read_record(
    struct issue *issue, const struct inv_ca *ca, struct record *ret, struct err *err)
{
	MICA_FREE char *entry = entry_of(ca);

	if (!issue->ledger)
		return 0;
	return ledger_find_current(issue->ledger, RECORD_CA, entry, ret, err);
}

/* The CA that signed it may have left the inventory since. */
static int read_signer(struct issue *issue, const char *name, struct ca **ret, struct err *err)
{
	MICA_AUTO(record_clear) struct record record = { 0 };

	return ledger_current(issue->ledger, RECORD_CA, name, &record, err) < 0 ||
	               ca_read(name, &record.certificate, ret, err) < 0
	           ? -1
	           : 0;
}

/* One that has expired, or is for another key, is as good as none. */
static int put(
    struct issue *issue, struct issuer *issuer, const struct record *record, struct err *err)
{
	MICA_AUTO(ca_freep) struct ca *cross = NULL;
	MICA_AUTO(ca_freep) struct ca *signer = NULL;
	MICA_FREE char *entry = entry_of(issuer->inv);
	struct err why = ERR_INIT;

	issuer->had_cross = true;
	if (record->not_after <= issue->ambient.now)
		return 0;
	if (ca_read(entry, &record->certificate, &cross, err) < 0 ||
	    read_signer(issue, record->ca, &signer, err) < 0)
		return -1;
	if (ca_put_cross(issuer->ca, cross, signer, &why) < 0) {
		findings_add(issue->findings, FINDING_WARNING, "cross-sign", &issuer->inv->mark,
		    NULL, "the cross-certificate of CA '%s' is not sent: %s", issuer->inv->name,
		    why.text);
		return 0;
	}
	cross = NULL; /* the CA's now */
	return 0;
}

int cross_read(struct issue *issue, struct err *err)
{
	for (size_t i = 0; i < issue->inventory->n_cas; i++) {
		struct issuer *issuer = &issue->cas[i];
		MICA_AUTO(record_clear) struct record record = { 0 };

		if (!issuer->inv->cross_sign || !issuer->ca)
			continue;
		if (read_record(issue, issuer->inv, &record, err) < 0 ||
		    (record.seq != 0 && put(issue, issuer, &record, err) < 0))
			return -1;
	}
	return 0;
}

/* --- what is due ------------------------------------------------------------------------ */

/* It is too late: the older CA's key signs no more. */
static int refuse_late(const struct issuer *issuer, struct err *err)
{
	err_set(err, ERR_REFUSED,
	    "CA '%s' issues already, and has no cross-certificate: 'cross-sign' comes before",
	    issuer->inv->name);
	return err_hint(err, "take 'cross-sign' out, or let the older CA issue again, this one "
	                     "'state: trusted', "
	                     "and apply that first");
}

static void warn_over(struct issue *issue, const struct issuer *issuer)
{
	findings_add(issue->findings, FINDING_WARNING, "cross-sign", &issuer->inv->mark,
	    "take 'cross-sign' out",
	    "the cross-certificate of CA '%s' is over, and is not sent", issuer->inv->name);
}

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static int64_t sooner(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int plan(
    struct issue *issue, struct issuer *issuer, struct cross_fact *ret, struct err *err)
{
	const char *above;

	if (ca_check_certifies(issue->ca, err) < 0) {
		err_prefix(err, "cross-sign of CA '%s'", issuer->inv->name);
		return err->hint[0] ? -1 : err_hint(err, "take 'cross-sign' out");
	}
	*ret = (struct cross_fact){
		.ca = issuer->inv->name,
		.not_before = later(ca_not_before(issue->ca), ca_not_before(issuer->ca)),
		.not_after = sooner(ca_ends(issue->ca, &above), ca_not_after(issuer->ca)),
	};
	issue->cross.of = issuer;
	issue->cross.not_before = ret->not_before;
	issue->cross.not_after = ret->not_after;
	return 0;
}

int cross_plan(struct issue *issue, struct cross_fact *ret, size_t *ret_n, struct err *err)
{
	*ret_n = 0;
	cross_clear(&issue->cross);
	for (size_t i = 0; i < issue->inventory->n_cas; i++) {
		struct issuer *issuer = &issue->cas[i];

		if (!issuer->inv->cross_sign || !issuer->ca || ca_cross(issuer->ca))
			continue;
		if (issuer->ca != issue->ca) {
			if (*ret_n == 0 && plan(issue, issuer, ret, err) < 0)
				return -1;
			*ret_n = 1;
		} else if (issuer->had_cross) {
			warn_over(issue, issuer);
		} else {
			return refuse_late(issuer, err);
		}
	}
	return 0;
}

/* --- made ------------------------------------------------------------------------------- */

int cross_approve(struct issue *issue, struct err *err)
{
	struct cross *cross = &issue->cross;
	MICA_AUTO(lint_freep) struct lint *lint = NULL;
	struct draft_spec spec = {
		.profile = PROFILE_CA,
		.not_before = cross->not_before,
		.not_after = cross->not_after,
	};

	if (!cross->of)
		return 0;
	spec.entry = cross->of->inv->name;
	spec.certified = cross->of->ca;
	if (serial_make(issue->ambient.random, issue->ambient.context, spec.serial, err) < 0 ||
	    lint_new(issue->ca, &lint, err) < 0)
		return -1;
	memcpy(cross->serial, spec.serial, sizeof(cross->serial));
	approval_free(mem_give(cross->approval));
	return lint_approve(
	    lint, &spec, issue->ambient.now, issue->findings, &cross->approval, err);
}

void cross_fill(struct issue *issue, struct record *ret, struct approval **ret_approval)
{
	struct cross *cross = &issue->cross;
	MICA_FREE char *entry = entry_of(cross->of->inv);
	const struct buf *tbs = approval_tbs(cross->approval);

	issue_fill_own(
	    ret, issue, inventory_issuer(issue->inventory), entry, ca_spki(cross->of->ca));
	ret->not_before = cross->not_before;
	ret->not_after = cross->not_after;
	memcpy(ret->serial, cross->serial, sizeof(ret->serial));
	buf_add(&ret->tbs, tbs->data, tbs->len);
	*ret_approval = mem_give(cross->approval);
}

int cross_signed(struct issue *issue, int64_t seq, struct err *err)
{
	MICA_FREE char *entry = entry_of(issue->cross.of->inv);

	return issue_supersede_own(issue, entry, seq, err);
}

void cross_clear(struct cross *cross)
{
	approval_free(cross->approval);
	*cross = (struct cross){ 0 };
}

const struct ca *issue_certifies(const struct issue *issue)
{
	return issue->cross.of ? issue->cross.of->ca : NULL;
}
