// SPDX-License-Identifier: Apache-2.0
/*
 * What stands above the CAs, and whom they make others trust: the one that issues, then those
 * that are trusted, in the inventory's order, then what `trust` names.
 *
 * Milvus lets in every client under any certificate of its ca.pem, so a server's ca.pem holds
 * the CAs themselves: a root above one would let in whatever else that root certifies. A
 * client's ca.pem reaches up to the roots, because OpenSSL trusts nothing less.
 */
#include "issue_private.h"

#include <fcntl.h>
#include <string.h>

#include <mica/certificate.h>
#include <mica/file.h>

/* A fault of a file that the inventory names is a fault of the inventory: it gets the place. */
void issue_blame(
    struct issue *issue, const char *rule, const struct mark *mark, const struct err *err)
{
	findings_add(issue->findings, FINDING_ERROR, rule, mark,
	    err->hint[0] ? err->hint : NULL, "%s", err->text);
}

/* --- what stands above ------------------------------------------------------------------ */

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

void issue_read_parents(struct issue *issue, struct issuer *issuer)
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

void issue_read_chain_of(struct issue *issue, struct issuer *issuer)
{
	size_t errors = issue->findings->errors;

	if (issuer->inv->n_parents > 0)
		issue_read_parents(issue, issuer);
	if (!issuer->ca)
		return;
	if (issue->findings->errors == errors)
		place_ca(issue, issuer);
	check_permitted(issue, issuer);
}

/* What the inventory says was compared when it was read: an adopted certificate says it itself.
 */
static void check_subjects(struct issue *issue)
{
	for (size_t i = 0; i < issue->inventory->n_cas; i++) {
		const struct issuer *issuer = &issue->cas[i];

		for (size_t k = 0; k < i && issuer->ca; k++) {
			const struct issuer *other = &issue->cas[k];
			struct err err = ERR_INIT;

			if (!other->ca ||
			    !buf_same(ca_subject(other->ca), ca_subject(issuer->ca)->data,
			        ca_subject(issuer->ca)->len))
				continue;
			err_set(&err, ERR_FAILED,
			    "the certificates of CA '%s' and CA '%s' have the same subject",
			    other->inv->name, issuer->inv->name);
			err_hint(&err, "a new generation has a new subject");
			issue_blame(issue, "subject", &issuer->inv->mark, &err);
		}
	}
}

void issue_read_chain(struct issue *issue)
{
	for (size_t i = 0; i < issue->inventory->n_cas; i++)
		issue_read_chain_of(issue, &issue->cas[i]);
	check_subjects(issue);
}

/* --- what follows from it --------------------------------------------------------------- */

/* Each certificate of pem that is not there yet: two CAs may stand below one root. */
static void add_once(struct buf *bundle, const struct buf *pem)
{
	static const char last[] = "-----END CERTIFICATE-----\n";
	const uint8_t *at = pem->data, *end = at + pem->len;

	while (at < end) {
		const uint8_t *found = memmem(at, (size_t)(end - at), last, strlen(last));
		size_t len = found ? (size_t)(found - at) + strlen(last) : (size_t)(end - at);

		if (bundle->len == 0 || !memmem(bundle->data, bundle->len, at, len))
			buf_add(bundle, at, len);
		at += len;
	}
}

static void trust_ca(struct issue *issue, const struct issuer *issuer)
{
	BUF_AUTO above = BUF_INIT;

	if (!issuer->ca)
		return;
	ca_add_above(issuer->ca, &above);
	add_once(&issue->let_in, ca_pem(issuer->ca));
	add_once(&issue->trusted, ca_pem(issuer->ca));
	add_once(&issue->trusted, &above);
}

void issue_fill_trust(struct issue *issue)
{
	const struct inventory *inventory = issue->inventory;

	trust_ca(issue, &issue->cas[inventory->issuing]);
	for (size_t i = 0; i < inventory->n_cas; i++) {
		if (inventory->cas[i].state == CA_TRUSTED)
			trust_ca(issue, &issue->cas[i]);
	}
	add_once(&issue->let_in, &issue->trust);
	add_once(&issue->trusted, &issue->trust);
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
	return is_server(issue, place) && inventory_has_trust_file(issue->inventory)
	           ? &issue->trusted
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
