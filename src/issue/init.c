// SPDX-License-Identifier: Apache-2.0
/* The CA's own certificate passes the same gate as every other. */
#include "issue_private.h"

#include <fcntl.h>
#include <string.h>

#include <mica/certificate.h>
#include <mica/file.h>

enum { KEY_ID_LEN = 16 };

/* --- reading it back -------------------------------------------------------------------- */

static char *certificate_path(const struct issue *issue, const struct inv_ca *ca)
{
	return mem_printf("%s/%s.pem", issue->inventory->state_dir, ca->name);
}

/* The ledger is the truth; the file is for people and programs, and is written again when it is
 * gone. */
static int restore_file(
    const struct issue *issue, const struct inv_ca *inv, const struct ca *ca, struct err *err)
{
	MICA_FREE char *path = certificate_path(issue, inv);
	BUF_AUTO found = BUF_INIT;
	struct err ignored = ERR_INIT; /* whatever is wrong with it, it is replaced */

	if (file_read(AT_FDCWD, path, FILE_MAX_TEXT, &found, &ignored) == 0 &&
	    buf_same(&found, ca_pem(ca)->data, ca_pem(ca)->len))
		return 0;
	return file_replace(AT_FDCWD, path, ca_pem(ca)->data, ca_pem(ca)->len, 0644, err);
}

static int read_ca(struct issue *issue, struct issuer *issuer, struct err *err)
{
	const char *name = issuer->inv->name;
	MICA_AUTO(record_clear) struct record record = { 0 };

	if (!issue->ledger || issuer->ca)
		return 0;
	if (ledger_find_current(issue->ledger, RECORD_CA, name, &record, err) < 0)
		return -1;
	return record.seq == 0 ? 0 : ca_read(name, &record.certificate, &issuer->ca, err);
}

int issue_read_cas(struct issue *issue, struct err *err)
{
	const struct inventory *inventory = issue->inventory;

	if (!issue->cas)
		issue->cas = mem_array(inventory->n_cas, sizeof(*issue->cas));
	for (size_t i = 0; i < inventory->n_cas; i++) {
		issue->cas[i].inv = &inventory->cas[i];
		if (read_ca(issue, &issue->cas[i], err) < 0)
			return -1;
	}
	issue->ca = issue->cas[inventory->issuing].ca;
	return 0;
}

int issue_restore_cas(struct issue *issue, struct err *err)
{
	for (size_t i = 0; i < issue->inventory->n_cas; i++) {
		const struct issuer *issuer = &issue->cas[i];

		if (issuer->ca && restore_file(issue, issuer->inv, issuer->ca, err) < 0)
			return -1;
	}
	return 0;
}

struct issuer *issue_issuer_of(const struct issue *issue, const struct inv_ca *ca)
{
	return &issue->cas[ca - issue->inventory->cas];
}

struct issuer *issue_issuer(const struct issue *issue, const char *name)
{
	for (size_t i = 0; i < issue->inventory->n_cas; i++) {
		if (strcmp(issue->inventory->cas[i].name, name) == 0)
			return &issue->cas[i];
	}
	return NULL;
}

/* --- making it -------------------------------------------------------------------------- */

static char *note_name(const struct inv_ca *ca)
{
	return mem_printf("init-key:%s", ca->name);
}

/* The public key whose certificate the token has no copy of; noted before there is one, so that
 * no crash goes unnoticed. */
static char *copy_name(const struct inv_ca *ca)
{
	return mem_printf("init-copy:%s", ca->name);
}

int issue_init_unstored(
    struct issue *issue, const struct inv_ca *ca, bool *ret, struct err *err)
{
	const struct ca *own = issue_ca_of(issue, ca);
	MICA_FREE char *note = copy_name(ca);
	BUF_AUTO spki = BUF_INIT;
	bool noted = false;

	if (ledger_noted(issue->ledger, note, &spki, &noted, err) < 0)
		return -1;
	*ret = noted && buf_same(&spki, ca_spki(own)->data, ca_spki(own)->len);
	return 0;
}

int issue_init_stored(struct issue *issue, const struct inv_ca *ca, struct err *err)
{
	MICA_FREE char *note = copy_name(ca);

	return ledger_note(issue->ledger, note, NULL, err);
}

int issue_init_begin_with(struct issue *issue, const struct inv_ca *ca, struct buf *ret_id,
    enum issue_init_key *ret_key, struct err *err)
{
	MICA_FREE char *note = note_name(ca);
	uint8_t id[KEY_ID_LEN];
	bool noted = false;

	if (issue->ledger && ledger_noted(issue->ledger, note, ret_id, &noted, err) < 0)
		return -1;
	if (!noted) {
		if (issue->ambient.random(issue->ambient.context, id, sizeof(id)) < 0)
			return err_openssl(err, "no random bytes");
		buf_add(ret_id, id, sizeof(id));
	}
	*ret_key = noted ? ISSUE_INIT_RESUMED : ISSUE_INIT_NEW;
	return 0;
}

int issue_init_begin(struct issue *issue, const struct inv_ca **ret_ca, struct buf *ret_id,
    enum issue_init_key *ret_key, struct err *err)
{
	*ret_ca = NULL;
	for (size_t i = 0; i < issue->inventory->n_cas; i++) {
		const struct issuer *issuer = &issue->cas[i];

		if (issuer->ca || issuer->inv->state == CA_RETIRED)
			continue;
		*ret_ca = issuer->inv;
		return issue_init_begin_with(issue, issuer->inv, ret_id, ret_key, err);
	}
	return 0;
}

int issue_init_note(
    struct issue *issue, const struct inv_ca *ca, const struct buf *id, struct err *err)
{
	MICA_FREE char *note = note_name(ca);

	return ledger_note(issue->ledger, note, id, err);
}

int issue_init_subject(struct issue *issue, const struct inv_ca *ca, const struct buf *spki,
    struct buf *ret, struct err *err)
{
	const struct issuer *of = issue_issuer_of(issue, ca);
	MICA_AUTO(ca_freep) struct ca *issuer = NULL;
	const struct buf *subject;

	if (!of->renews && ca_of_key(ca->subject, ca->n_subject, spki, &issuer, err) < 0)
		return -1;
	subject = ca_subject(of->renews ? of->ca : issuer);
	buf_add(ret, subject->data, subject->len);
	return 0;
}

void issue_fill_own(struct record *record, const struct issue *issue, const struct inv_ca *ca,
    const char *entry, const struct buf *spki)
{
	*record = (struct record){
		.entry = mem_strdup(entry),
		.kind = RECORD_CA,
		.ca = mem_strdup(ca->name),
		.state = RECORD_INTENDED,
		.key = digest_of(spki->data, spki->len),
		.created = issue->ambient.now,
	};
}

/* As far back as any certificate of the inventory: none may begin before its CA. */
static int64_t backdate(const struct inventory *inventory)
{
	int64_t most = 0;

	for (size_t i = 0; i < inventory->n_certificates; i++) {
		if (inventory->certificates[i].backdate > most)
			most = inventory->certificates[i].backdate;
	}
	return most;
}

/* A CA that has a certificate signs another one with that; the first one has none yet. */
static int approve_own(struct issue *issue, const struct inv_ca *ca, const struct ca *issuer,
    struct draft_spec *spec, struct approval **ret, struct err *err)
{
	MICA_AUTO(lint_freep) struct lint *lint = NULL;

	*spec = (struct draft_spec){
		.profile = PROFILE_CA,
		.entry = ca->name,
		.spki = ca_spki(issuer),
		.permitted_dns = ca->permitted_dns,
		.n_permitted_dns = ca->n_permitted_dns,
		.not_before = issue->ambient.now - backdate(issue->inventory),
		.not_after = issue->ambient.now + ca->days * CLOCK_DAY,
	};
	return serial_make(issue->ambient.random, issue->ambient.context, spec->serial, err) <
	                   0 ||
	               lint_new(issuer, &lint, err) < 0 ||
	               lint_approve(lint, spec, issue->ambient.now, issue->findings, ret, err) <
	                   0
	           ? -1
	           : 0;
}

static int sign_own(struct issue *issue, const struct inv_ca *ca, const struct buf *spki,
    struct signer *signer, struct buf *ret_der, struct err *err)
{
	const struct issuer *of = issue_issuer_of(issue, ca);
	MICA_AUTO(ca_freep) struct ca *first = NULL;
	MICA_AUTO(approval_freep) struct approval *approval = NULL;
	MICA_AUTO(record_clear) struct record record = { 0 };
	const struct ca *issuer;
	struct draft_spec spec;

	if (!of->renews && ca_of_key(ca->subject, ca->n_subject, spki, &first, err) < 0)
		return -1;
	issuer = of->renews ? of->ca : first;
	if (approve_own(issue, ca, issuer, &spec, &approval, err) < 0)
		return -1;
	issue_fill_own(&record, issue, ca, ca->name, spki);
	memcpy(record.serial, spec.serial, sizeof(record.serial));
	record.not_before = spec.not_before;
	record.not_after = spec.not_after;
	buf_add(&record.tbs, approval_tbs(approval)->data, approval_tbs(approval)->len);
	if (ledger_intend(issue->ledger, &record, 1, err) < 0)
		return -1;
	if (approvals_sign(signer, issuer, &approval, 1, NULL, ret_der, err) < 0) {
		struct err second = ERR_INIT; /* the first error is the one to tell */

		(void)!ledger_move(issue->ledger, &record.seq, 1, RECORD_ABANDONED, &second);
		return -1;
	}
	return ledger_issued(issue->ledger, &record.seq, ret_der, 1, err);
}

int issue_init_check(
    const struct issue *issue, const struct inv_ca *ca, const struct buf *spki, struct err *err)
{
	const struct issuer *issuer = issue_issuer_of(issue, ca);

	if (!issuer->given || buf_same(ca_spki(issuer->given), spki->data, spki->len))
		return 0;
	err_set(err, ERR_REFUSED, "the key on the token is not that of the certificate '%s'",
	    issuer->given_file);
	return err_hint(err, "key: must name the key pair that this certificate was made for");
}

static int adopt_given(struct issue *issue, const struct inv_ca *ca, const struct buf *spki,
    struct buf *ret_der, struct err *err)
{
	const struct ca *given = issue_issuer_of(issue, ca)->given;
	MICA_AUTO(record_clear) struct record record = { 0 };

	if (issue_init_check(issue, ca, spki, err) < 0)
		return -1;
	issue_fill_own(&record, issue, ca, ca->name, spki);
	record.not_before = ca_not_before(given);
	record.not_after = ca_not_after(given);
	if (certificate_parts(ca_der(given), &record.tbs, record.serial, err) < 0 ||
	    ledger_adopted(issue->ledger, &record, ca_der(given), err) < 0)
		return -1;
	buf_add(ret_der, ca_der(given)->data, ca_der(given)->len);
	return 0;
}

int issue_end_renewed(struct issue *issue, struct err *err)
{
	for (size_t i = 0; i < issue->inventory->n_cas; i++) {
		const char *name = issue->inventory->cas[i].name;
		MICA_AUTO(record_clear) struct record newest = { 0 };

		if (!issue->cas[i].ca)
			continue;
		if (ledger_current(issue->ledger, RECORD_CA, name, &newest, err) < 0 ||
		    issue_supersede_own(issue, name, newest.seq, err) < 0)
			return -1;
	}
	return 0;
}

/* The CA has its certificate, or another one than before. */
static int take_up(struct issue *issue, struct issuer *issuer, struct err *err)
{
	struct ca *before = issuer->ca;
	int status;

	issuer->ca = NULL;
	status = issue_read_cas(issue, err);
	ca_free(before);
	lint_free(issue->lint); /* of the one before */
	issue->lint = NULL;
	issue->lint_ca = NULL;
	if (status < 0)
		return -1;
	if (issuer->renews)
		issue_read_chain_of(issue, issuer);
	return issue_end_renewed(issue, err);
}

int issue_init_finish(struct issue *issue, const struct inv_ca *ca, const struct buf *spki,
    struct signer *signer, struct buf *ret_der, struct err *err)
{
	struct issuer *issuer = issue_issuer_of(issue, ca);
	MICA_FREE char *note = note_name(ca);
	MICA_FREE char *copy = copy_name(ca);
	BUF_AUTO der = BUF_INIT;
	int status = ledger_note(issue->ledger, copy, spki, err);

	if (status == 0)
		status = issuer->given ? adopt_given(issue, ca, spki, &der, err)
		                       : sign_own(issue, ca, spki, signer, &der, err);
	if (status < 0 || take_up(issue, issuer, err) < 0 ||
	    issue_restore_cas(issue, err) < 0 || issue_end_requests(issue, err) < 0 ||
	    ledger_note(issue->ledger, note, NULL, err) < 0)
		return -1;
	buf_move(ret_der, &der);
	return 0;
}
