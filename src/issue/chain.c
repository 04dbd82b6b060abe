// SPDX-License-Identifier: Apache-2.0
/*
 * What stands above the issuing CA, and whom it makes others trust.
 *
 * Milvus lets in every client under any certificate of its ca.pem, so a server's ca.pem holds
 * the issuing CA alone: a root above it would let in whatever else that root certifies. A
 * client's ca.pem reaches up to the root, because OpenSSL trusts nothing less.
 */
#include "issue_private.h"

#include <fcntl.h>

#include <mica/certificate.h>
#include <mica/file.h>

/* A fault of a file that the inventory names is a fault of the inventory: it gets the place. */
void issue_blame(
    struct issue *issue, const char *rule, const struct mark *mark, const struct err *err)
{
	findings_add(issue->findings, FINDING_ERROR, rule, mark,
	    err->hint[0] ? err->hint : NULL, "%s", err->text);
}

/* --- what stands above
 * ------------------------------------------------------------------------
 */

static int read_parents(struct issue *issue, const struct inv_ca *inv, struct chain *chain)
{
	int status = 0;

	for (size_t i = 0; i < inv->n_parents; i++) {
		const char *file = inv->parents[i];
		BUF_AUTO bytes = BUF_INIT;
		struct err err = ERR_INIT;

		if (file_read(AT_FDCWD, file, FILE_MAX_TEXT, &bytes, &err) == 0 &&
		    chain_add(chain, file, &bytes, &err) == 0)
			continue;
		issue_blame(issue, "parent", &inv->parent_marks[i], &err);
		status = -1;
	}
	return status;
}

static void read_chain(struct issue *issue, struct issuer *issuer)
{
	const struct inv_ca *inv = issuer->inv;
	MICA_AUTO(chain_freep) struct chain *chain = chain_new();
	struct err err = ERR_INIT;
	size_t at = 0;

	if (read_parents(issue, inv, chain) < 0)
		return;
	if (chain_check(chain, &at, &err) < 0) {
		issue_blame(issue, "parent", &inv->parent_marks[chain_file(chain, at)], &err);
		return;
	}
	issuer->chain = mem_give(chain);
}

/* The certificate that the CA has, under what the inventory says now. */
static void place_ca(struct issue *issue, struct issuer *issuer)
{
	const struct inv_ca *inv = issuer->inv;
	struct err err = ERR_INIT;

	if (!issuer->chain && !ca_is_root(issuer->ca)) {
		err_set(&err, ERR_FAILED,
		    "the certificate of CA '%s' is no root's, and the inventory does not say "
		    "who stands above it",
		    inv->name);
		err_hint(&err, "name the certificates above it with 'parent', nearest first");
		issue_blame(issue, "parent", &inv->mark, &err);
	} else if (issuer->chain && ca_put_under(issuer->ca, issuer->chain, &err) < 0) {
		issue_blame(issue, "parent", &inv->parent_marks[0], &err);
	} else {
		issuer->chain = NULL; /* the CA's now */
	}
}

static void check_permitted(struct issue *issue, const struct issuer *issuer)
{
	const struct inv_ca *inv = issuer->inv;
	struct err err = ERR_INIT;

	if (ca_check_permitted(issuer->ca, inv->permitted_dns, inv->n_permitted_dns, &err) == 0)
		return;
	err_hint(&err, "what a CA may issue for is settled when its certificate is made");
	issue_blame(issue, "permitted-dns", &inv->permitted_dns_marks[0], &err);
}

static void read_one(struct issue *issue, struct issuer *issuer)
{
	size_t errors = issue->findings->errors;

	if (issuer->inv->n_parents > 0)
		read_chain(issue, issuer);
	if (!issuer->ca)
		return;
	if (issue->findings->errors == errors)
		place_ca(issue, issuer);
	check_permitted(issue, issuer);
}

void issue_read_chain(struct issue *issue)
{
	for (size_t i = 0; i < issue->inventory->n_cas; i++)
		read_one(issue, &issue->cas[i]);
}

/* --- what follows from it
 * ---------------------------------------------------------------------
 */

void issue_fill_trust(struct issue *issue)
{
	const struct buf *own = issue->ca ? ca_pem(issue->ca) : NULL;

	if (own) {
		buf_add(&issue->let_in, own->data, own->len);
		buf_add(&issue->trusted, own->data, own->len);
		ca_add_above(issue->ca, &issue->trusted);
	}
	buf_add(&issue->let_in, issue->trust.data, issue->trust.len);
	buf_add(&issue->trusted, issue->trust.data, issue->trust.len);
}

void issue_certificate_text(
    const struct issue *issue, const char *ca, const struct buf *der, struct buf *ret)
{
	const struct issuer *issuer = issue_issuer(issue, ca);

	certificate_pem(der, ret);
	if (issuer && issuer->ca)
		ca_add_sent(issuer->ca, ret);
}

static bool is_server(const struct issue *issue, const struct place *place)
{
	return issue->inventory->certificates[place->certificate].profile == PROFILE_SERVER;
}

const struct buf *issue_ca_file(const struct issue *issue, const struct place *place)
{
	return is_server(issue, place) ? &issue->let_in : &issue->trusted;
}

const struct buf *issue_trust_file(const struct issue *issue, const struct place *place)
{
	return is_server(issue, place) && issue->ca && ca_chain(issue->ca) ? &issue->trusted
	                                                                   : NULL;
}

struct digest issue_trust_digest(const struct buf *ca_file, const struct buf *trust_file)
{
	BUF_AUTO both = BUF_INIT;

	buf_add(&both, ca_file->data, ca_file->len);
	if (trust_file)
		buf_add(&both, trust_file->data, trust_file->len);
	return digest_of(both.data, both.len);
}

int issue_put_trust(const struct issue *issue, const struct place *place,
    struct outdir_tree *tree, struct err *err)
{
	const struct buf *ca_file = issue_ca_file(issue, place);
	const struct buf *trust_file = issue_trust_file(issue, place);

	if (outdir_put(tree, "ca.pem", OUTDIR_PUBLIC, ca_file, err) < 0)
		return -1;
	return trust_file ? outdir_put(tree, "trust.pem", OUTDIR_PUBLIC, trust_file, err) : 0;
}
