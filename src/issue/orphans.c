// SPDX-License-Identifier: Apache-2.0
/*
 * CRLs of a CA that the ledger has no certificate of. An older copy of the ledger may not know
 * the CA yet: then it cannot tell by its own certificates who signed what lies outside. So the
 * certificate that lies beside each CRL is asked, where it has the subject that the inventory
 * gives the CA.
 */
#include "anchor.h"

#include <fcntl.h>

#include <mica/chain.h>
#include <mica/file.h>

#include "crl.h"

/* One CRL file, and the certificates beside it. */
struct pair {
	const struct inv_ca *inv;
	const char *path;
	struct crl **crls;
	size_t n_crls;
};

static int refuse(const struct pair *pair, struct err *err)
{
	err_prefix(err, "'%s', of CA '%s', which the ledger does not know", pair->path,
	    pair->inv->name);
	return err_hint(err,
	    "find the newest state directory and go on with that one; if it is lost: name its "
	    "certificate in 'certificate:', then mica init --adopt %s, then mica audit "
	    "--accept-restore",
	    pair->inv->name);
}

static int judge_ca(
    struct issue *issue, const struct pair *pair, const struct ca *ca, struct err *err)
{
	struct err why = ERR_INIT;

	if (ca_check_subject(ca, pair->inv->subject, pair->inv->n_subject, &why) < 0)
		return 0;
	for (size_t i = 0; i < pair->n_crls; i++) {
		struct anchor anchor;

		if (!crl_anchor(pair->crls[i], &anchor) || !crl_is_from(pair->crls[i], ca))
			continue;
		if (ledger_check_anchor(issue->ledger, &anchor, err) < 0)
			return err->kind == ERR_REFUSED ? refuse(pair, err) : -1;
	}
	return 0;
}

/* What cannot be read says nothing. */
static int judge_pair(struct issue *issue, struct pair *pair, const char *ca_path,
    const struct buf *bundle, struct err *err)
{
	BUF_AUTO lists = BUF_INIT;
	struct err ignored = ERR_INIT;
	struct buf *ders = NULL;
	size_t n = 0;
	int status = 0;

	if (file_read(AT_FDCWD, pair->path, ANCHOR_MOST_BYTES, &lists, &ignored) < 0 ||
	    chain_read_ders(ca_path, bundle, &ders, &n, &ignored) < 0)
		return 0;
	if (crl_read(pair->path, &lists, &pair->crls, &pair->n_crls, &ignored) == 0) {
		for (size_t i = 0; status == 0 && i < n; i++) {
			MICA_AUTO(ca_freep) struct ca *ca = NULL;

			if (ca_read(ca_path, &ders[i], &ca, &ignored) == 0)
				status = judge_ca(issue, pair, ca, err);
		}
		crls_free(pair->crls, pair->n_crls);
	}
	chain_free_ders(ders, n);
	return status;
}

static int judge_state(struct issue *issue, size_t ca, struct err *err)
{
	const struct inv_ca *inv = &issue->inventory->cas[ca];
	MICA_FREE char *crl = crl_path(issue, ca);
	MICA_FREE char *path = mem_printf("%s/%s.pem", issue->inventory->state_dir, inv->name);
	struct pair pair = { .inv = inv, .path = crl };
	struct err ignored = ERR_INIT;
	BUF_AUTO bundle = BUF_INIT;

	if (file_read(AT_FDCWD, path, FILE_MAX_TEXT, &bundle, &ignored) < 0)
		return 0;
	return judge_pair(issue, &pair, path, &bundle, err);
}

/* judged: the pairs that were, for this CA */
static int judge_place(struct issue *issue, const struct inv_ca *inv, struct place *place,
    struct digests *judged, struct err *err)
{
	MICA_FREE char *crl = mem_printf("%s/crl.pem", place->dir);
	MICA_FREE char *path = mem_printf("%s/ca.pem", place->dir);
	struct pair pair = { .inv = inv, .path = crl };
	struct err ignored = ERR_INIT;
	BUF_AUTO bundle = BUF_INIT;
	struct digest both[2], of_both;

	if (!anchor_crl_file(place, &both[0]) ||
	    file_read(AT_FDCWD, path, FILE_MAX_TEXT, &bundle, &ignored) < 0)
		return 0;
	both[1] = digest_of(bundle.data, bundle.len);
	of_both = digest_of(both, sizeof(both));
	return digests_add(judged, &of_both) ? judge_pair(issue, &pair, path, &bundle, err) : 0;
}

static int judge_all(struct issue *issue, size_t ca, struct err *err)
{
	MICA_AUTO(digests_clear) struct digests judged = { NULL, 0, 0 };
	const struct inv_ca *inv = &issue->inventory->cas[ca];

	if (judge_state(issue, ca, err) < 0)
		return -1;
	for (size_t i = 0; i < issue->n_places; i++) {
		if (judge_place(issue, inv, &issue->places[i], &judged, err) < 0)
			return -1;
	}
	return 0;
}

int orphans_check(struct issue *issue, struct err *err)
{
	for (size_t i = 0; issue->ledger && i < issue->inventory->n_cas; i++) {
		const struct issuer *issuer = &issue->cas[i];

		/* a certificate that init is to adopt brings the CA back, and signs nothing */
		if (!issuer->ca && !issuer->inv->certificate && judge_all(issue, i, err) < 0)
			return -1;
	}
	return 0;
}
