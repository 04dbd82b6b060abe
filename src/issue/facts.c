// SPDX-License-Identifier: Apache-2.0
/* What is: the ledger's active record of each entry, and what lies in each place of delivery.
 */
#include "issue_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mica/certificate.h>

#include "crl.h"
#include "generations.h"

bool issue_takes_request(const struct inv_certificate *certificate)
{
	return certificate->csr != NULL;
}

enum record_kind issue_kind(const struct inv_certificate *certificate)
{
	return certificate->profile == PROFILE_SERVER ? RECORD_SERVER : RECORD_CLIENT;
}

static int entry_fact(struct issue *issue, size_t i, struct err *err)
{
	const struct inv_certificate *entry = &issue->inventory->certificates[i];
	struct record *current = &issue->current[i];
	struct entry_fact *fact = &issue->entries[i];
	MICA_AUTO(record_clear) struct record latest = { 0 };
	enum record_kind kind = issue_kind(entry);
	bool found = false;

	if (ledger_find_current(issue->ledger, kind, entry->name, current, err) < 0)
		return -1;
	if (current->seq == 0) {
		if (ledger_latest(issue->ledger, entry->name, &latest, &found, err) < 0)
			return -1;
		fact->revoked = found && latest.state == RECORD_REVOKED;
		return 0;
	}
	*fact = (struct entry_fact){
		.exists = true,
		.seq = current->seq,
		.not_before = current->not_before,
		.not_after = current->not_after,
		.definition = current->definition,
	};
	if (strcmp(current->ca, inventory_issuer(issue->inventory)->name) != 0)
		fact->other_ca = current->ca;
	if (issue_takes_request(entry)) {
		struct digest key = digest_of(issue->requests[i].data, issue->requests[i].len);

		fact->request_changed = memcmp(&key, &current->key, sizeof(key)) != 0;
	}
	return 0;
}

enum content { SAME, DIFFERS, MISSING, UNREADABLE };

/* ret_digest: of what is there and differs */
static enum content compare(const struct place *place, const char *name,
    const struct buf *wanted, struct digest *ret_digest)
{
	BUF_AUTO bytes = BUF_INIT;
	struct err why = ERR_INIT;

	if (outdir_read(place->dir, name, &bytes, &why) < 0)
		return why.kind == ERR_NOT_FOUND ? MISSING : UNREADABLE;
	if (wanted && buf_same(&bytes, wanted->data, wanted->len))
		return SAME;
	if (ret_digest)
		*ret_digest = digest_of(bytes.data, bytes.len);
	return DIFFERS;
}

static enum tree_state state(
    struct tree_fact *fact, enum tree_state found, const char *name, enum content content)
{
	static const char *const texts[] = {
		[DIFFERS] = "was changed",
		[MISSING] = "is missing",
		[UNREADABLE] = "cannot be read",
	};

	snprintf(fact->detail, sizeof(fact->detail), "%s %s", name, texts[content]);
	return found;
}

static bool digests_equal(const struct digest *a, const struct digest *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

static enum tree_state judge_key(struct issue *issue, struct place *place)
{
	const struct record *current = &issue->current[place->certificate];
	struct digest found = { { 0 } };
	enum content content;

	if (issue_takes_request(&issue->inventory->certificates[place->certificate])) {
		place->fact.key_good = true;
		return TREE_GOOD;
	}
	content = compare(place, place->key_name, NULL, &found);
	if (content != DIFFERS || !digests_equal(&found, &place->delivery.key_file))
		return state(&place->fact, TREE_KEY_LOST, place->key_name, content);
	place->fact.key_good = place->delivery.seq == current->seq;
	return TREE_GOOD;
}

/* All files of a place are put with the same rights: its key tells of all, or its certificate.
 */
static enum tree_state judge_rights(struct issue *issue, struct place *place)
{
	const bool no_key =
	    issue_takes_request(&issue->inventory->certificates[place->certificate]);
	const struct outdir_rights rights = issue_rights(issue, place);
	const char *name = no_key ? place->cert_name : place->key_name;
	BUF_AUTO wrong = BUF_INIT;

	if (outdir_has_rights(
	        place->dir, name, no_key ? OUTDIR_PUBLIC : OUTDIR_KEY, &rights, &wrong))
		return TREE_GOOD;
	snprintf(
	    place->fact.detail, sizeof(place->fact.detail), "%s %s", name, buf_text(&wrong));
	return TREE_OLD;
}

/* The leaf is right and what follows it is not: the chain changed above the CA. */
static bool begins_with_leaf(const struct place *place, const struct record *current)
{
	BUF_AUTO leaf = BUF_INIT;
	BUF_AUTO found = BUF_INIT;
	struct err ignored = ERR_INIT; /* then it does not */

	certificate_pem(&current->certificate, &leaf);
	return outdir_read(place->dir, place->cert_name, &found, &ignored) == 0 &&
	       found.len >= leaf.len && memcmp(found.data, leaf.data, leaf.len) == 0;
}

static enum tree_state judge_certificate(struct issue *issue, struct place *place)
{
	const struct record *current = &issue->current[place->certificate];
	BUF_AUTO wanted = BUF_INIT;
	enum content content;

	issue_certificate_text(issue, current->ca, &current->certificate, &wanted);
	content = compare(place, place->cert_name, &wanted, NULL);
	if (content == SAME)
		return TREE_GOOD;
	if (content != DIFFERS || !begins_with_leaf(place, current))
		return state(&place->fact, TREE_OLD, place->cert_name, content);
	snprintf(place->fact.detail, sizeof(place->fact.detail),
	    "the chain in %s is not the CA's", place->cert_name);
	return TREE_OLD;
}

/* What lies there, as it was delivered, is no edit; there may have been no trust.pem then. */
static bool was_delivered(const struct place *place)
{
	BUF_AUTO ca_file = BUF_INIT;
	BUF_AUTO trust_file = BUF_INIT;
	struct err ignored = ERR_INIT; /* what cannot be read is not what was delivered */
	struct digest found;

	if (outdir_read(place->dir, "ca.pem", &ca_file, &ignored) < 0)
		return false;
	found = issue_trust_digest(&ca_file, NULL);
	if (digests_equal(&found, &place->delivery.ca_file))
		return true;
	if (outdir_read(place->dir, "trust.pem", &trust_file, &ignored) < 0)
		return false;
	found = issue_trust_digest(&ca_file, &trust_file);
	return digests_equal(&found, &place->delivery.ca_file);
}

static enum tree_state judge_trust(struct issue *issue, struct place *place)
{
	const struct buf *trust_file = issue_trust_file(issue, place);
	enum content ca = compare(place, "ca.pem", issue_ca_file(issue, place), NULL);
	enum content trust = trust_file ? compare(place, "trust.pem", trust_file, NULL) : SAME;

	if (ca == SAME && trust == SAME)
		return TREE_GOOD;
	if (was_delivered(place))
		return TREE_CA_CHANGED;
	return ca != SAME ? state(&place->fact, TREE_OLD, "ca.pem", ca)
	                  : state(&place->fact, TREE_OLD, "trust.pem", trust);
}

/* A file in the place of a link is told when it is put there, not when the next certificate is
 * due and the swap refuses it. */
static enum tree_state judge_links(const struct issue *issue, struct place *place)
{
	const bool no_key =
	    issue_takes_request(&issue->inventory->certificates[place->certificate]);
	const char *const names[] = { place->cert_name, "ca.pem", "crl.pem",
		issue_trust_file(issue, place) ? "trust.pem" : "ca.pem",
		no_key ? "ca.pem" : place->key_name };

	for (size_t i = 0; i < mem_count(names); i++) {
		if (!outdir_is_replaced(place->dir, names[i]))
			continue;
		snprintf(place->fact.detail, sizeof(place->fact.detail),
		    "%s is not the link that mica made", names[i]);
		return TREE_OLD;
	}
	return TREE_GOOD;
}

static enum tree_state judge_place(struct issue *issue, struct place *place)
{
	enum tree_state found = judge_key(issue, place);

	if (found == TREE_GOOD)
		found = judge_certificate(issue, place);
	if (found == TREE_GOOD)
		found = judge_trust(issue, place);
	if (found == TREE_GOOD)
		found = judge_rights(issue, place);
	if (found == TREE_GOOD)
		found = judge_links(issue, place);
	return found == TREE_GOOD && crlset_judge(issue, place) ? TREE_CRL_CHANGED : found;
}

static int place_fact(struct issue *issue, struct place *place, struct err *err)
{
	const struct inventory *inventory = issue->inventory;

	place->fact = (struct tree_fact){
		.deployment = place->deployment,
		.certificate = place->certificate,
		.state = TREE_NEVER,
	};
	delivery_clear(&place->delivery);
	place->delivered = false;
	if (!issue->ledger)
		return 0;
	if (ledger_delivery(issue->ledger, inventory->deployments[place->deployment].name,
	        inventory->certificates[place->certificate].name, &place->delivery,
	        &place->delivered, err) < 0)
		return -1;
	if (place->delivered && issue->entries[place->certificate].exists)
		place->fact.state = judge_place(issue, place);
	return 0;
}

static void add_older(
    struct issue *issue, const struct inv_certificate *entry, const struct record *record)
{
	size_t certificate = (size_t)(entry - issue->inventory->certificates);

	issue->older = mem_grow(
	    issue->older, &issue->cap_older, issue->n_older + 1, sizeof(*issue->older));
	issue->older[issue->n_older++] = (struct older){ certificate, record->seq };
}

static void add_gone(struct issue *issue, const struct record *record)
{
	size_t cap = issue->cap_gone;

	issue->gone = mem_grow(issue->gone, &cap, issue->n_gone + 1, sizeof(*issue->gone));
	issue->gone_seqs = mem_grow(
	    issue->gone_seqs, &issue->cap_gone, issue->n_gone + 1, sizeof(*issue->gone_seqs));
	issue->gone[issue->n_gone] = mem_strdup(record->entry);
	issue->gone_seqs[issue->n_gone++] = record->seq;
}

/* Its own certificate, not its request and not a cross-certificate. */
static void note_ca(struct issue *issue, const struct record *record)
{
	if (strchr(record->entry, ':') || issue_issuer(issue, record->entry))
		return;
	issue->dropped =
	    mem_grow(issue->dropped, &issue->cap_dropped, issue->n_dropped + 1, sizeof(char *));
	issue->dropped[issue->n_dropped++] = mem_strdup(record->entry);
}

static void sort_out(struct issue *issue, const struct record *record)
{
	const struct inv_certificate *entry =
	    inventory_certificate(issue->inventory, record->entry);

	if (record->kind == RECORD_CA)
		note_ca(issue, record);
	if (record->kind != RECORD_SERVER && record->kind != RECORD_CLIENT)
		return;
	if (entry)
		add_older(issue, entry, record);
	else
		add_gone(issue, record);
}

/* What is active in the ledger, whether the inventory still has it or not. */
static int find_active(struct issue *issue, struct err *err)
{
	static const enum record_state active[] = { RECORD_ISSUED, RECORD_DELIVERED,
		RECORD_SERVED };

	for (size_t i = 0; i < mem_count(active); i++) {
		struct record *records = NULL;
		size_t n = 0;

		if (ledger_in_state(issue->ledger, active[i], &records, &n, err) < 0)
			return -1;
		for (size_t k = 0; k < n; k++)
			sort_out(issue, &records[k]);
		records_free(records, n);
	}
	return 0;
}

int issue_gather_facts(struct issue *issue, struct err *err)
{
	size_t n = issue->inventory->n_certificates;

	if (issue->facts_known)
		return 0;
	if (crlset_read(issue, err) < 0)
		return -1;
	issue->current = mem_array(n, sizeof(*issue->current));
	issue->entries = mem_array(n, sizeof(*issue->entries));
	for (size_t i = 0; issue->ledger && i < n; i++) {
		if (entry_fact(issue, i, err) < 0)
			return -1;
	}
	for (size_t i = 0; i < issue->n_places; i++) {
		if (place_fact(issue, &issue->places[i], err) < 0)
			return -1;
	}
	crlset_keep_outside(issue);
	if (issue->ledger && (find_active(issue, err) < 0 || generations_hold(issue, err) < 0))
		return -1;
	issue->facts_known = true;
	return 0;
}

static void free_texts(char ***texts, size_t *n, size_t *cap)
{
	for (size_t i = 0; i < *n; i++)
		free((*texts)[i]);
	free(*texts);
	*texts = NULL;
	*n = *cap = 0;
}

void issue_forget_facts(struct issue *issue)
{
	size_t n = issue->inventory ? issue->inventory->n_certificates : 0;

	for (size_t i = 0; issue->current && i < n; i++)
		record_clear(&issue->current[i]);
	for (size_t i = 0; i < issue->n_places; i++)
		delivery_clear(&issue->places[i].delivery);
	free(issue->current);
	free(issue->entries);
	free(issue->goes_on);
	free(issue->older);
	free(issue->gone_seqs);
	free_texts(&issue->gone, &issue->n_gone, &issue->cap_gone);
	free_texts(&issue->held, &issue->n_held, &issue->cap_held);
	free_texts(&issue->dropped, &issue->n_dropped, &issue->cap_dropped);
	issue->current = NULL;
	issue->entries = NULL;
	issue->goes_on = NULL;
	issue->older = NULL;
	issue->n_older = issue->cap_older = 0;
	issue->gone_seqs = NULL;
	issue->facts_known = false;
}
