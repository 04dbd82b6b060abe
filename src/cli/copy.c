// SPDX-License-Identifier: Apache-2.0
#include "copy.h"

static void warn(struct run *run, const struct err *why)
{
	if (why->kind == ERR_REFUSED)
		findings_add(&run->report.findings, FINDING_WARNING, "certificate-not-stored",
		    NULL, "nothing is lost: the certificate is in the state directory",
		    "the token does not keep a copy of the CA certificate: %s", why->text);
	else
		findings_add(&run->report.findings, FINDING_WARNING, "certificate-not-stored",
		    NULL,
		    "nothing is lost: the certificate is in the state directory, and the next "
		    "mica init tries again",
		    "the token has no copy of the CA certificate yet: %s", why->text);
}

int copy_store(struct run *run, struct issue *issue, struct login *login, const struct buf *der,
    const struct token_key *key, struct err *err)
{
	struct err why = ERR_INIT;

	if (token_store_certificate(login_token(login), der, key, &why) == 0)
		return issue_init_stored(issue, login_ca(login), err);
	warn(run, &why);
	return why.kind == ERR_REFUSED ? issue_init_stored(issue, login_ca(login), err) : 0;
}

static int store_late(
    struct run *run, struct issue *issue, const struct inv_ca *of, struct err *err)
{
	const struct ca *ca = issue_ca_of(issue, of);
	const struct login_params params = { .ca = of,
		.state_dir = issue_inventory(issue)->state_dir,
		.now = run->ambient.now,
		.options = &run->options,
		.report = &run->report };
	MICA_AUTO(login_freep) struct login *login = NULL;
	const struct token_key *key = NULL;

	if (login_begin(&params, &login, err) < 0 || login_enter(login, err) < 0 ||
	    login_key(login, ca_spki(ca), &key, err) < 0)
		return -1;
	return copy_store(run, issue, login, ca_der(ca), key, err);
}

int copy_late(struct run *run, struct issue *issue, const struct inv_ca *ca, bool *ret_stored,
    struct err *err)
{
	bool before = false, after = false;

	if (issue_init_unstored(issue, ca, &before, err) < 0)
		return -1;
	if (!before)
		return 0;
	if (store_late(run, issue, ca, err) < 0)
		return err_prefix(err, "the token has no copy of the CA certificate yet");
	if (issue_init_unstored(issue, ca, &after, err) < 0)
		return -1;
	*ret_stored = !after;
	return 0;
}
