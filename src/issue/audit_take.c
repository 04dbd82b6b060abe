// SPDX-License-Identifier: Apache-2.0
/* One certificate that lies outside and that the ledger does not know: whose it is, and where.
 */
#include "audit_accept.h"

#include <stdlib.h>
#include <string.h>

#include <mica/inspect.h>
#include <mica/key.h>

static const struct place *place_of(
    const struct accepting *accepting, const struct audit_unknown *unknown)
{
	const size_t at = accepting->subject->files[unknown->file].place;

	return at == AUDIT_NO_PLACE ? NULL : &accepting->issue->places[at];
}

static bool algorithm_fits(enum algorithm algorithm, const char *name)
{
	const struct algorithm_info *info = algorithm_info(algorithm);
	char wanted[32];

	if (!info->rsa)
		return strcmp(info->group, name) == 0;
	snprintf(wanted, sizeof(wanted), "RSA %d", info->bits);
	return strcmp(wanted, name) == 0;
}

/* Whether it is what the inventory asks for, as far as that can be told. If not, it is due. */
static bool is_wanted(const struct inv_certificate *entry, const struct inspected *certificate)
{
	if (entry->profile == PROFILE_SERVER ? !certificate->for_server
	                                     : !certificate->for_client)
		return false;
	if (!certificate->common_name ||
	    strcmp(certificate->common_name, entry->common_name) != 0 ||
	    (!entry->csr && !algorithm_fits(entry->algorithm, certificate->key_name)))
		return false;
	for (size_t i = 0; i < entry->n_names; i++) {
		if (!inspected_holds(certificate, entry->names[i].text))
			return false;
	}
	return true;
}

static const struct inv_ca *ca_with_key(const struct issue *issue, const struct digest *key)
{
	for (size_t i = 0; i < issue->inventory->n_cas; i++) {
		const struct ca *ca = issue->cas[i].ca;
		struct digest digest;

		if (!ca)
			continue;
		digest = digest_of(ca_spki(ca)->data, ca_spki(ca)->len);
		if (memcmp(&digest, key, sizeof(digest)) == 0)
			return issue->cas[i].inv;
	}
	return NULL;
}

/* A CA's own, with the same key; or one across, for the key of another. */
static void name_ca(const struct issue *issue, const struct audit_unknown *unknown,
    const struct inspected *certificate, struct record *record)
{
	const struct inv_ca *ca = ca_with_key(issue, &certificate->spki);
	const char *name = ca ? ca->name : unknown->ca;

	record->kind = RECORD_CA;
	record->entry = strcmp(name, unknown->ca) == 0 && certificate->self_signed
	                    ? mem_strdup(name)
	                    : mem_printf("%s:cross", ca ? name : "unknown");
}

static void name_leaf(const struct accepting *accepting, const struct audit_unknown *unknown,
    const struct inspected *certificate, struct record *record)
{
	const struct place *place = place_of(accepting, unknown);
	const struct inv_certificate *entry =
	    place ? &accepting->issue->inventory->certificates[place->certificate] : NULL;

	record->kind =
	    certificate->for_server && certificate->purposes ? RECORD_SERVER : RECORD_CLIENT;
	/* no entry of an inventory can be called that */
	record->entry = mem_strdup(entry ? entry->name : "unknown:leaf");
	if (entry && is_wanted(entry, certificate))
		record->definition = inventory_definition(entry);
}

static int describe(const struct accepting *accepting, const struct audit_unknown *unknown,
    struct record *ret, struct err *err)
{
	MICA_AUTO(issued_clear) struct issued issued = { .inside = NULL };
	struct inspected *certificate = NULL;

	if (issued_read(&unknown->der, &issued, err) < 0 ||
	    inspect_der(&unknown->der, &certificate, err) < 0)
		return -1;
	*ret = (struct record){
		.ca = mem_strdup(unknown->ca),
		.key = issued.key,
		.created = accepting->issue->ambient.now,
		.not_before = issued.not_before,
		.not_after = issued.not_after,
	};
	memcpy(ret->serial, issued.serial, sizeof(ret->serial));
	buf_add(&ret->tbs, issued.tbs, issued.tbs_len);
	if (certificate->ca)
		name_ca(accepting->issue, unknown, certificate, ret);
	else
		name_leaf(accepting, unknown, certificate, ret);
	inspected_free(certificate, 1);
	return 0;
}

/* Some place has it now, by whatever name its file goes. */
static bool lies_somewhere(
    const struct accepting *accepting, const struct audit_unknown *unknown)
{
	for (size_t i = 0; i < accepting->result->n_unknown; i++) {
		const struct audit_unknown *other = &accepting->result->unknown[i];

		if (accepting->subject->files[other->file].current &&
		    buf_same(&other->der, unknown->der.data, unknown->der.len))
			return true;
	}
	return false;
}

/* --- where it was delivered ------------------------------------------------------------ */

static struct digest file_digest(const struct place *place, const char *name, bool *ret_there)
{
	BUF_AUTO bytes = BUF_INIT;
	struct err ignored = ERR_INIT;

	*ret_there = outdir_read(place->dir, name, &bytes, &ignored) == 0;
	return *ret_there ? digest_of(bytes.data, bytes.len) : (struct digest){ { 0 } };
}

/* All zero when the key is not that of the certificate: it is lost then, and made anew. */
static struct digest key_digest(const struct place *place, const struct record *record)
{
	MICA_AUTO(key_freep) struct key *key = NULL;
	BUF_AUTO pem = BUF_INIT;
	struct digest digest;
	struct err ignored = ERR_INIT;

	if (outdir_read(place->dir, place->key_name, &pem, &ignored) < 0 ||
	    key_read_pem(place->key_name, &pem, &key, &ignored) < 0)
		return (struct digest){ { 0 } };
	digest = digest_of(key_spki(key)->data, key_spki(key)->len);
	if (memcmp(&digest, &record->key, sizeof(digest)) != 0)
		return (struct digest){ { 0 } };
	return digest_of(pem.data, pem.len);
}

static struct digest trust_digest(const struct accepting *accepting, const struct place *place)
{
	BUF_AUTO ca = BUF_INIT;
	BUF_AUTO trust = BUF_INIT;
	struct err ignored = ERR_INIT; /* what is not there is delivered by apply */
	const bool both = issue_trust_file(accepting->issue, place) != NULL;

	(void)!outdir_read(place->dir, "ca.pem", &ca, &ignored);
	if (both)
		(void)!outdir_read(place->dir, "trust.pem", &trust, &ignored);
	return issue_trust_digest(&ca, both ? &trust : NULL);
}

static int deliver(const struct accepting *accepting, const struct place *place,
    const struct record *record, struct err *err)
{
	struct issue *issue = accepting->issue;
	MICA_FREE char *generation = NULL;
	bool there;
	struct delivery delivery = {
		/* everything borrowed */
		.deployment = issue->inventory->deployments[place->deployment].name,
		.entry = record->entry,
		.seq = record->seq,
		.key_file = key_digest(place, record),
		.ca_file = trust_digest(accepting, place),
	};

	if (outdir_current(place->dir, &generation, err) < 0)
		return -1;
	delivery.generation = generation;
	delivery.crl_file = file_digest(place, "crl.pem", &there);
	return ledger_delivered(issue->ledger, &delivery, 1, err);
}

/* In every place where it is the certificate of its entry. */
static int deliver_all(const struct accepting *accepting, const struct audit_unknown *unknown,
    const struct record *record, struct err *err)
{
	const struct audit_result *result = accepting->result;

	for (size_t i = 0; i < result->n_unknown; i++) {
		const struct audit_unknown *other = &result->unknown[i];
		const struct audit_file *file = &accepting->subject->files[other->file];
		const struct place *place = place_of(accepting, other);
		const char *slash = strrchr(file->path, '/');

		if (!place || !file->current || strcmp(slash + 1, place->cert_name) != 0 ||
		    !buf_same(&other->der, unknown->der.data, unknown->der.len) ||
		    strcmp(accepting->issue->inventory->certificates[place->certificate].name,
		        record->entry) != 0)
			continue;
		if (deliver(accepting, place, record, err) < 0)
			return -1;
	}
	return 0;
}

int accept_certificate(
    struct accepting *accepting, const struct audit_unknown *unknown, struct err *err)
{
	struct issue *issue = accepting->issue;
	MICA_AUTO(record_clear) struct record record = { 0 };
	MICA_AUTO(record_clear) struct record there = { 0 };
	bool found = false;

	if (describe(accepting, unknown, &record, err) < 0 ||
	    ledger_by_serial(issue->ledger, record.ca, record.serial, &there, &found, err) < 0)
		return -1;
	if (found && (there.state != RECORD_ISSUED ||
	                 !buf_same(&there.certificate, unknown->der.data, unknown->der.len)))
		return 0; /* taken a moment ago; another with its serial stays a finding */
	if (found)
		record.seq = there.seq;
	else if (ledger_adopted(issue->ledger, &record, &unknown->der, err) < 0)
		return -1;
	accepting->done->certificates += !found;
	if (record.kind == RECORD_CA)
		return 0;
	if (!lies_somewhere(accepting, unknown))
		return ledger_move(issue->ledger, &record.seq, 1, RECORD_SUPERSEDED, err);
	return deliver_all(accepting, unknown, &record, err);
}
