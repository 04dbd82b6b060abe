// SPDX-License-Identifier: Apache-2.0
/* The CRLs that are records, against the revocations that are events. */
#include "audit_private.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

const struct audit_issuer *audit_crl_signer(const struct audit *audit, const struct crl *crl)
{
	for (size_t i = audit->n_issuers; i > 0; i--) {
		if (crl_is_from(crl, audit->issuers[i - 1].ca))
			return &audit->issuers[i - 1];
	}
	return NULL;
}

/* As the serial of its record, 20 bytes, the most significant first. */
static void number_bytes(int64_t number, uint8_t ret[static SERIAL_LEN])
{
	memset(ret, 0, SERIAL_LEN);
	for (int i = 0; i < 8; i++)
		ret[SERIAL_LEN - 1 - i] = (uint8_t)((uint64_t)number >> (8 * i));
}

static bool is_adopted(const struct record *record)
{
	static const struct digest none;

	return memcmp(&record->definition, &none, sizeof(none)) == 0;
}

int audit_crl_known(
    struct audit *audit, const struct crl *crl, enum audit_knowledge *ret, struct err *err)
{
	MICA_AUTO(record_clear) struct record record = { 0 };
	uint8_t serial[SERIAL_LEN];
	bool found = false;

	number_bytes(crl_number(crl), serial);
	if (ledger_find_crl(
	        audit->subject->ledger, serial, crl_der(crl), &record, &found, err) < 0)
		return -1;
	if (!found)
		*ret = AUDIT_IS_NONE;
	else
		*ret = is_adopted(&record) ? AUDIT_IS_ADOPTED : AUDIT_IS_OWN;
	return 0;
}

/* --- what it says of itself -------------------------------------------------------- */

static void judge_fields(struct audit *audit, const struct record *record,
    const struct crl *crl, const struct audit_issuer *issuer)
{
	const struct buf *spki = ca_spki(issuer->ca);
	const struct digest key = digest_of(spki->data, spki->len);
	uint8_t serial[SERIAL_LEN];
	BUF_AUTO tbs = BUF_INIT;
	struct err err = ERR_INIT;

	number_bytes(crl_number(crl), serial);
	if (crl_number(crl) < 0 || memcmp(serial, record->serial, sizeof(serial)) != 0)
		audit_say(audit->findings, audit, "record-serial", record,
		    "the list has another number");
	if (crl_this_update(crl) != record->not_before ||
	    crl_next_update(crl) != record->not_after)
		audit_say(
		    audit->findings, audit, "record-dates", record, "the list has other dates");
	if (memcmp(&key, &record->key, sizeof(key)) != 0)
		audit_say(audit->findings, audit, "record-key", record,
		    "another key signed the list");
	if (crl_tbs(&record->certificate, &tbs, &err) < 0 ||
	    !buf_same(&tbs, record->tbs.data, record->tbs.len))
		audit_say(audit->findings, audit, "record-bytes", record,
		    "the list does not hold the bytes that were to be signed");
}

/* How many events of this ledger it says that it covers; 0: it is anchored in another history.
 */
static int64_t covered(struct audit *audit, const struct record *record, const struct crl *crl)
{
	struct anchor anchor;
	struct err why = ERR_INIT;

	if (!crl_anchor(crl, &anchor)) {
		audit_say(audit->findings, audit, "crl-anchor", record,
		    "the list has no anchor that can be read");
		return 0;
	}
	if (ledger_check_anchor(audit->subject->ledger, &anchor, &why) == 0)
		return anchor.events;
	if (!is_adopted(record)) {
		audit_say(audit->findings, audit, "anchor", record, "%s", why.text);
		return anchor.events;
	}
	audit_tell(audit, FINDING_WARNING, "restored", audit->subject->where, NULL,
	    "CRL %" PRId64 " of CA '%s' was taken over after a restore: the CA key had signed "
	    "in a history of %" PRId64 " events and %" PRId64 " records that is lost",
	    crl_number(crl), record->ca, anchor.events, anchor.records);
	return 0;
}

/* --- what it revokes --------------------------------------------------------------- */

static void judge_entry(struct audit *audit, const struct record *record,
    const struct audit_revoked *revoked, const struct revocation *said)
{
	if (said->at == revoked->said.at && said->reason == revoked->said.reason)
		return;
	audit_say(audit->findings, audit, "crl-content", record,
	    "the list tells another date or reason for record %" PRId64
	    " than it was revoked with",
	    revoked->record);
}

/* A certificate that has expired may be left out. */
static void judge_content(
    struct audit *audit, const struct record *record, const struct crl *crl, int64_t events)
{
	size_t there = 0;

	for (size_t i = 0; i < audit->n_revoked; i++) {
		const struct audit_revoked *revoked = &audit->revoked[i];
		struct revocation said;

		if (!revoked->known || revoked->event > events ||
		    strcmp(revoked->ca, record->ca) != 0)
			continue;
		if (crl_has(crl, revoked->said.serial, &said)) {
			there++;
			judge_entry(audit, record, revoked, &said);
		} else if (revoked->not_after > crl_this_update(crl)) {
			audit_say(audit->findings, audit, "crl-content", record,
			    "the list leaves out record %" PRId64
			    ", which was revoked before it",
			    revoked->record);
		}
	}
	if (crl_count(crl) != there)
		audit_say(audit->findings, audit, "crl-content", record,
		    "the list revokes %zu certificates, the ledger says %zu of these",
		    crl_count(crl), there);
}

/* --- one record -------------------------------------------------------------------- */

static void note_newest(
    struct audit *audit, const struct record *record, const struct crl *crl, int64_t events)
{
	struct audit_result *result = audit->result;
	struct audit_list *list = NULL;
	size_t cap = result->n_lists;

	for (size_t i = 0; i < result->n_lists; i++) {
		if (strcmp(result->lists[i].ca, record->ca) == 0)
			list = &result->lists[i];
	}
	if (list && crl_number(crl) < list->number)
		return;
	if (!list) {
		result->lists =
		    mem_grow(result->lists, &cap, result->n_lists + 1, sizeof(*list));
		list = &result->lists[result->n_lists++];
		*list = (struct audit_list){ .ca = mem_strdup(record->ca) };
	}
	list->number = crl_number(crl);
	list->this_update = crl_this_update(crl);
	list->next_update = crl_next_update(crl);
	list->events = events;
	list->revoked = crl_count(crl);
}

int audit_crl(struct audit *audit, const struct record *record, struct err *err)
{
	const bool newest = record->state != RECORD_SUPERSEDED;
	const struct audit_issuer *issuer;
	struct crl **lists = NULL;
	struct err why = ERR_INIT;
	int64_t events;
	size_t n = 0;

	(void)err;
	if (crl_read(record->entry, &record->certificate, &lists, &n, &why) < 0 || n != 1) {
		audit_say(audit->findings, audit, "record-unreadable", record, "%s",
		    why.kind ? why.text : "it holds more than one list");
		crls_free(lists, n);
		return 0;
	}
	issuer = audit_crl_signer(audit, lists[0]);
	audit->result->signatures++;
	if (!issuer || strcmp(issuer->name, record->ca) != 0)
		audit_say(audit->findings, audit, "record-signature", record,
		    "the key of CA '%s' did not sign the list", record->ca);
	else
		judge_fields(audit, record, lists[0], issuer);
	events = covered(audit, record, lists[0]);
	if (events > 0 && (newest || audit->subject->depth != AUDIT_QUICK))
		judge_content(audit, record, lists[0], events);
	note_newest(audit, record, lists[0], events);
	crls_free(lists, n);
	return 0;
}

/* --- what stands on no list yet ---------------------------------------------------- */

static bool listed(const struct audit *audit, const struct audit_revoked *revoked)
{
	for (size_t i = 0; i < audit->result->n_lists; i++) {
		const struct audit_list *list = &audit->result->lists[i];

		if (strcmp(list->ca, revoked->ca) == 0)
			return revoked->event <= list->events;
	}
	return false;
}

void audit_unlisted(struct audit *audit)
{
	for (size_t i = 0; i < audit->n_revoked; i++) {
		const struct audit_revoked *revoked = &audit->revoked[i];

		if (!revoked->known || listed(audit, revoked) ||
		    revoked->not_after <= audit->subject->now)
			continue;
		audit_tell(audit, FINDING_WARNING, "not-listed", audit->subject->where,
		    "mica apply signs the CRL, or mica revoke --crl",
		    "record %" PRId64 " of CA '%s' is revoked, and no CRL says so yet",
		    revoked->record, revoked->ca);
	}
}
