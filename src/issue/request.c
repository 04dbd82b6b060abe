// SPDX-License-Identifier: Apache-2.0
/*
 * The CA's own certification request passes the gate like a certificate: lint, intent,
 * signature, record. In the ledger it is a record of kind "ca" whose entry is "NAME:request",
 * which no entry of an inventory can be called; a request has no serial and no life, so its
 * serial number is a random one and its times are when it was made. Once the CA has its
 * certificate it is superseded.
 */
#include "issue_private.h"

#include <fcntl.h>
#include <string.h>

#include <mica/csr.h>
#include <mica/file.h>

static char *entry_of(const struct inv_ca *ca)
{
	return mem_printf("%s:request", ca->name);
}

/* The newest request; seq 0: none */
static int read_request(
    struct issue *issue, const struct inv_ca *ca, struct record *ret, struct err *err)
{
	MICA_FREE char *entry = entry_of(ca);

	if (!issue->ledger)
		return 0;
	return ledger_find_current(issue->ledger, RECORD_CA, entry, ret, err);
}

/* A CA, and what signs its request. */
struct asking {
	const struct inv_ca *inv;
	const struct ca *issuer;
};

static int approve(
    struct issue *issue, const struct asking *asking, struct approval **ret, struct err *err)
{
	const struct inv_ca *ca = asking->inv;
	const struct request_spec spec = { ca->name, ca->permitted_dns, ca->n_permitted_dns };
	MICA_AUTO(lint_freep) struct lint *lint = NULL;

	if (lint_new(asking->issuer, &lint, err) < 0)
		return -1;
	return lint_approve_request(lint, &spec, issue->findings, ret, err);
}

/* intended: its serial and bytes are filled in */
static int intend(struct issue *issue, const struct asking *asking,
    const struct approval *approval, struct record *intended, struct err *err)
{
	MICA_FREE char *entry = entry_of(asking->inv);
	const struct buf *info = approval_tbs(approval);

	issue_fill_own(intended, issue, asking->inv, entry, ca_spki(asking->issuer));
	intended->not_before = intended->not_after = issue->ambient.now;
	buf_add(&intended->tbs, info->data, info->len);
	if (serial_make(issue->ambient.random, issue->ambient.context, intended->serial, err) <
	    0)
		return -1;
	return ledger_intend(issue->ledger, intended, 1, err);
}

static int sign(struct issue *issue, const struct asking *asking, struct approval **approval,
    struct signer *signer, struct buf *ret_der, struct err *err)
{
	MICA_AUTO(record_clear) struct record record = { 0 };

	if (intend(issue, asking, *approval, &record, err) < 0)
		return -1;
	if (approvals_sign(signer, asking->issuer, approval, 1, NULL, ret_der, err) < 0) {
		struct err second = ERR_INIT; /* the first error is the one to tell */

		(void)!ledger_move(issue->ledger, &record.seq, 1, RECORD_ABANDONED, &second);
		return -1;
	}
	return ledger_issued(issue->ledger, &record.seq, ret_der, 1, err);
}

int issue_supersede_own(struct issue *issue, const char *entry, int64_t keep, struct err *err)
{
	MICA_FREE int64_t *seqs = NULL;
	struct record *records = NULL;
	size_t n = 0, n_seqs = 0;

	if (ledger_in_state(issue->ledger, RECORD_ISSUED, &records, &n, err) < 0)
		return -1;
	seqs = mem_array(n, sizeof(*seqs));
	for (size_t i = 0; i < n; i++) {
		if (records[i].kind == RECORD_CA && strcmp(records[i].entry, entry) == 0 &&
		    records[i].seq != keep)
			seqs[n_seqs++] = records[i].seq;
	}
	records_free(records, n);
	return n_seqs == 0 ? 0
	                   : ledger_move(issue->ledger, seqs, n_seqs, RECORD_SUPERSEDED, err);
}

/* Every request but the newest, or that one as well: a run that died may have left several. */
static int supersede(
    struct issue *issue, const struct inv_ca *ca, const struct record *newest, struct err *err)
{
	MICA_FREE char *entry = entry_of(ca);

	return issue_supersede_own(issue, entry, newest ? newest->seq : 0, err);
}

static int supersede_older(struct issue *issue, const struct inv_ca *ca, struct err *err)
{
	MICA_AUTO(record_clear) struct record newest = { 0 };

	return read_request(issue, ca, &newest, err) < 0 ? -1
	                                                 : supersede(issue, ca, &newest, err);
}

/* --- its file --------------------------------------------------------------------------- */

int issue_judge_request_file(const struct issue *issue, const struct buf *spki, struct err *err)
{
	const char *file = issue->request_file;
	BUF_AUTO bytes = BUF_INIT;
	BUF_AUTO theirs = BUF_INIT;
	enum algorithm algorithm;
	struct err why = ERR_INIT;
	int status = file_read(AT_FDCWD, file, FILE_MAX_TEXT, &bytes, &why);

	if (status < 0 && why.kind == ERR_NOT_FOUND)
		return 0;
	if (status == 0)
		status = csr_read(file, &bytes, &theirs, &algorithm, &why);
	if (status == 0 && (!spki || buf_same(&theirs, spki->data, spki->len)))
		return 0;
	err_set(err, ERR_REFUSED, "'%s' is there already, and is %s", file,
	    status < 0 ? "no certification request" : "a request for another key");
	return err_hint(err, "name another file, or move this one away");
}

static int write_request(const struct issue *issue, const struct buf *der, struct err *err)
{
	BUF_AUTO pem = BUF_INIT;

	csr_pem(der, &pem);
	return file_replace(AT_FDCWD, issue->request_file, pem.data, pem.len, 0644, err);
}

static int request(struct issue *issue, const struct inv_ca *ca, const struct buf *spki,
    struct signer *signer, struct issue_request *ret, struct err *err)
{
	MICA_AUTO(ca_freep) struct ca *issuer = NULL;
	MICA_AUTO(approval_freep) struct approval *approval = NULL;
	MICA_AUTO(record_clear) struct record before = { 0 };
	struct asking asking = { ca, NULL };
	const struct buf *info;

	if (issue_issuer_of(issue, ca)->renews)
		asking.issuer = issue_ca_of(issue, ca);
	else if (ca_of_key(ca->subject, ca->n_subject, spki, &issuer, err) < 0)
		return -1;
	else
		asking.issuer = issuer;
	if (approve(issue, &asking, &approval, err) < 0 ||
	    read_request(issue, ca, &before, err) < 0)
		return -1;
	info = approval_tbs(approval);
	ret->again = before.seq != 0 && buf_same(&before.tbs, info->data, info->len);
	if (ret->again)
		buf_move(&ret->der, &before.certificate);
	else if (sign(issue, &asking, &approval, signer, &ret->der, err) < 0)
		return -1;
	return supersede_older(issue, ca, err);
}

int issue_init_request(struct issue *issue, const struct inv_ca *ca, const struct buf *spki,
    struct signer *signer, struct issue_request *ret, struct err *err)
{
	if (issue_judge_request_file(issue, spki, err) < 0 ||
	    request(issue, ca, spki, signer, ret, err) < 0)
		return -1;
	return write_request(issue, &ret->der, err);
}

int issue_init_requested(struct issue *issue, const struct inv_ca *ca, const struct buf *spki,
    bool *ret_requested, struct err *err)
{
	MICA_AUTO(record_clear) struct record before = { 0 };
	const struct digest key = digest_of(spki->data, spki->len);

	if (read_request(issue, ca, &before, err) < 0)
		return -1;
	*ret_requested = before.seq != 0 && memcmp(&before.key, &key, sizeof(key)) == 0;
	return 0;
}

int issue_end_requests(struct issue *issue, struct err *err)
{
	for (size_t i = 0; i < issue->inventory->n_cas; i++) {
		if (issue->cas[i].ca && supersede(issue, issue->cas[i].inv, NULL, err) < 0)
			return -1;
	}
	return 0;
}
