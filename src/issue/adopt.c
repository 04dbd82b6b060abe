// SPDX-License-Identifier: Apache-2.0
/* A CA certificate that somebody else signed: the one that the inventory names, or the one that
 * `init --certificate` brings. All but the key is judged before there is a token. */
#include "issue_private.h"

#include <fcntl.h>
#include <stdlib.h>

#include <mica/file.h>

static void take(struct issuer *issuer, struct ca **given, const char *file)
{
	ca_free(issuer->given);
	free(issuer->given_file);
	issuer->given = mem_give(*given);
	issuer->given_file = mem_strdup(file);
}

static void read_adopted(struct issue *issue, struct issuer *issuer)
{
	const struct inv_ca *ca = issuer->inv;
	MICA_AUTO(ca_freep) struct ca *given = NULL;
	BUF_AUTO bytes = BUF_INIT;
	struct err err = ERR_INIT;

	if (issuer->ca || !ca->certificate)
		return;
	if (file_read(AT_FDCWD, ca->certificate, FILE_MAX_TEXT, &bytes, &err) < 0 ||
	    ca_read(ca->certificate, &bytes, &given, &err) < 0)
		issue_blame(issue, "certificate", &ca->certificate_mark, &err);
	else
		take(issuer, &given, ca->certificate);
}

/* Before anybody is asked for a PIN; once the CA has its certificate the file is not needed. */
void issue_read_adopted(struct issue *issue)
{
	for (size_t i = 0; i < issue->inventory->n_cas; i++)
		read_adopted(issue, &issue->cas[i]);
}

/* --- judging it ------------------------------------------------------------------------- */

static int judge_root(const struct issue *issue, const struct issuer *issuer, struct err *err)
{
	if (!ca_is_root(issuer->given)) {
		err_set(err, ERR_REFUSED,
		    "the certificate '%s' is no root: its own key did not sign it",
		    issuer->given_file);
		return err_hint(
		    err, "name the certificates above it with 'parent', nearest first");
	}
	if (ca_not_after(issuer->given) > issue->ambient.now)
		return 0;
	return err_set(
	    err, ERR_REFUSED, "the certificate '%s' has expired", issuer->given_file);
}

/* An expired parent is no fault of the inventory once its CA works; it is a reason not to
 * begin. */
static int judge_times(struct issue *issue, const struct issuer *issuer, struct err *err)
{
	const struct chain *chain = issuer->chain;
	struct err why = ERR_INIT;
	size_t at = 0;

	if (!chain || chain_check_times(chain, issue->ambient.now, &at, &why) == 0)
		return 0;
	issue_blame(issue, "parent", &issuer->inv->parent_marks[chain_file(chain, at)], &why);
	return err_set(
	    err, ERR_REFUSED, "nothing below '%s' would be valid", chain_subject(chain, at));
}

static int judge_intermediate(struct issue *issue, struct issuer *issuer, struct err *err)
{
	if (judge_times(issue, issuer, err) < 0 ||
	    ca_check_ready(issuer->given, issue->ambient.now, err) < 0 ||
	    ca_put_under(issuer->given, issuer->chain, err) < 0)
		return -1;
	issuer->chain = NULL; /* the given CA's now */
	return 0;
}

/* Same key, same subject: what was issued must be good under the new one. */
static int judge_next(const struct issuer *issuer, struct err *err)
{
	const struct ca *given = issuer->given, *own = issuer->ca;

	if (!buf_same(ca_spki(given), ca_spki(own)->data, ca_spki(own)->len) ||
	    !buf_same(ca_subject(given), ca_subject(own)->data, ca_subject(own)->len) ||
	    !buf_same(ca_key_id(given), ca_key_id(own)->data, ca_key_id(own)->len)) {
		err_set(err, ERR_REFUSED,
		    "'%s' has another key, subject or key identifier than the certificate of "
		    "CA "
		    "'%s'",
		    issuer->given_file, issuer->inv->name);
		return err_hint(
		    err, "a new key is a new generation: a CA of its own in the list");
	}
	if (ca_not_after(given) > ca_not_after(own))
		return 0;
	return err_set(err, ERR_REFUSED,
	    "'%s' ends no later than the certificate that CA '%s' has", issuer->given_file,
	    issuer->inv->name);
}

static int judge_given(struct issue *issue, struct issuer *issuer, struct err *err)
{
	const struct inv_ca *ca = issuer->inv;
	const struct ca *given = issuer->given;

	if (issuer->chain ? judge_intermediate(issue, issuer, err) < 0
	                  : judge_root(issue, issuer, err) < 0)
		return -1;
	if (issuer->renews && judge_next(issuer, err) < 0)
		return -1;
	if (ca->n_subject > 0 && ca_check_subject(given, ca->subject, ca->n_subject, err) < 0)
		return -1;
	return ca_check_permitted(given, ca->permitted_dns, ca->n_permitted_dns, err);
}

/* --- init's ways ------------------------------------------------------------------------ */

/* What follows the certificate in its file must be what the inventory says stands above it. */
static int same_chain(const struct chain *chain, const char *file, const struct buf *ders,
    size_t n, struct err *err)
{

	for (size_t i = 1; i < n; i++) {
		const struct buf *wanted =
		    i - 1 < chain_count(chain) ? chain_der(chain, i - 1) : NULL;

		if (wanted && buf_same(&ders[i], wanted->data, wanted->len))
			continue;
		err_set(err, ERR_REFUSED,
		    "certificate %zu of '%s' is not the one that 'parent' names at its place",
		    i + 1, file);
		return err_hint(err,
		    "the CA's certificate first, then those of 'parent' in the "
		    "same order, or none of them");
	}
	return 0;
}

static int read_brought(struct issuer *issuer, const char *file, struct err *err)
{
	MICA_AUTO(ca_freep) struct ca *given = NULL;
	BUF_AUTO bytes = BUF_INIT;
	struct buf *ders = NULL;
	size_t n = 0;
	int status;

	if (file_read(AT_FDCWD, file, FILE_MAX_TEXT, &bytes, err) < 0 ||
	    chain_read_ders(file, &bytes, &ders, &n, err) < 0)
		return -1;
	status = ca_read(file, &ders[0], &given, err);
	if (status < 0 && err->hint[0] == '\0')
		err_hint(err, "the CA above must put into it what the request asks for");
	if (status == 0)
		status = same_chain(issuer->chain, file, ders, n, err);
	chain_free_ders(ders, n);
	if (status == 0)
		take(issuer, &given, file);
	return status;
}

static int need_parent(const struct issuer *issuer, const char *option, struct err *err)
{
	const struct inv_ca *ca = issuer->inv;

	if (ca->certificate && !issuer->renews) {
		err_set(err, ERR_REFUSED, "%s: the inventory names the certificate of CA '%s'",
		    option, ca->name);
		return err_hint(err, "without this option: mica init");
	}
	if (ca->n_parents > 0)
		return 0;
	err_set(err, ERR_REFUSED, "%s: CA '%s' is a root, which signs its own certificate",
	    option, ca->name);
	return err_hint(err, "to put it under another CA, name that one's certificate with "
	                     "'parent'");
}

static int settle_itself(struct issue *issue, struct issuer *issuer, struct err *err)
{
	if (issuer->given)
		return judge_given(issue, issuer, err);
	if (issuer->inv->n_parents == 0)
		return 0;
	err_set(err, ERR_REFUSED, "CA '%s' is no root: '%s' is to sign its certificate",
	    issuer->inv->name, chain_subject(issuer->chain, 0));
	return err_hint(err, issuer->renews ? "mica init --renew --csr FILE, and with what was "
	                                      "signed: --renew --certificate "
	                                      "FILE"
	                                    : "mica init --csr FILE, and with what was signed: "
	                                      "mica init --certificate FILE");
}

static int settle_request(
    struct issue *issue, const struct issuer *issuer, const char *file, struct err *err)
{
	if (need_parent(issuer, "--csr", err) < 0 || judge_times(issue, issuer, err) < 0)
		return -1;
	free(issue->request_file);
	issue->request_file = mem_strdup(file);
	return issue_judge_request_file(issue, NULL, err);
}

static int settle_brought(
    struct issue *issue, struct issuer *issuer, const char *file, struct err *err)
{
	if (need_parent(issuer, "--certificate", err) < 0 ||
	    read_brought(issuer, file, err) < 0)
		return -1;
	return judge_given(issue, issuer, err);
}

/* The certificate that there is keeps its chain: the next one has one of its own. */
static int begin_next(struct issue *issue, struct issuer *issuer, struct err *err)
{
	size_t errors = issue->findings->errors;

	issuer->renews = true;
	if (issuer->inv->n_parents > 0)
		issue_read_parents(issue, issuer);
	return issue->findings->errors == errors
	           ? 0
	           : err_set(err, ERR_FAILED, "'%s' names files that cannot be used",
	                 issue->inventory->file);
}

int issue_init_settle(struct issue *issue, const struct inv_ca *ca,
    const struct issue_init_options *options, struct err *err)
{
	struct issuer *issuer = issue_issuer_of(issue, ca);

	if (options->turn == ISSUE_INIT_NEXT && begin_next(issue, issuer, err) < 0)
		return -1;
	switch (options->way) {
	case ISSUE_INIT_ITSELF:
		return settle_itself(issue, issuer, err);
	case ISSUE_INIT_REQUEST:
		return settle_request(issue, issuer, options->file, err);
	case ISSUE_INIT_CERTIFICATE:
		return settle_brought(issue, issuer, options->file, err);
	}
	return -1;
}

int issue_init_nothing(struct issue *issue, const struct inv_ca *ca,
    const struct issue_init_options *options, struct err *err)
{
	const struct buf *own = ca_der(issue_ca_of(issue, ca));
	MICA_AUTO(ca_freep) struct ca *brought = NULL;
	BUF_AUTO bytes = BUF_INIT;
	struct buf *ders = NULL;
	size_t n = 0;
	int status;

	if (options->way != ISSUE_INIT_CERTIFICATE)
		return 0;
	if (file_read(AT_FDCWD, options->file, FILE_MAX_TEXT, &bytes, err) < 0 ||
	    chain_read_ders(options->file, &bytes, &ders, &n, err) < 0)
		return -1;
	status = ca_read(options->file, &ders[0], &brought, err);
	chain_free_ders(ders, n);
	if (status < 0 || buf_same(ca_der(brought), own->data, own->len))
		return status;
	err_set(err, ERR_REFUSED, "CA '%s' has another certificate than '%s' already", ca->name,
	    options->file);
	return err_hint(err, "a certificate that replaces it needs a CA of another name");
}
