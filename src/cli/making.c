// SPDX-License-Identifier: Apache-2.0
#include "making.h"

#include <stdio.h>

#include <mica/certificate.h>

#include "copy.h"
#include "effort.h"
#include "json.h"
#include "login.h"
#include "madeview.h"

/* One CA on its way to a certificate. */
struct making {
	struct run *run;
	struct issue *issue;
	const char *name; /* of the CA */
	const struct inv_ca *ca;
	struct buf id;
	enum issue_init_key how;
	struct issue_init_options options;
	struct login *login;
	const struct token_key *key; /* NULL: to be made */
	struct effort effort;
	struct buf der;
};

static void making_clear(struct making *making)
{
	buf_clear(&making->id);
	buf_clear(&making->der);
	login_free(making->login);
	issue_close(making->issue);
}

static bool renews(const struct making *making)
{
	return making->options.turn == ISSUE_INIT_NEXT;
}

/* What the CA must have, or must not have yet, as far as another run did not change it
 * meanwhile. */
static int expect(const struct making *making, struct err *err)
{
	const bool has = issue_ca_of(making->issue, making->ca) != NULL;

	if (has == renews(making))
		return 0;
	if (!has)
		return err_set(
		    err, ERR_REFUSED, "CA '%s' has no certificate to renew", making->name);
	return err_set(
	    err, ERR_FAILED, "CA '%s' was given its certificate meanwhile", making->name);
}

static int begin(struct making *making, enum ledger_mode mode, struct err *err)
{
	issue_close(making->issue);
	making->issue = NULL;
	buf_clear(&making->id);
	if (run_open(making->run, mode, ISSUE_STATE_MADE, &making->issue, err) < 0)
		return -1;
	making->ca = inventory_ca(issue_inventory(making->issue), making->name);
	if (!making->ca)
		return err_set(
		    err, ERR_FAILED, "CA '%s' has left the inventory meanwhile", making->name);
	if (expect(making, err) < 0)
		return -1;
	if (!renews(making) && issue_init_begin_with(making->issue, making->ca, &making->id,
	                           &making->how, err) < 0)
		return -1;
	return issue_init_settle(making->issue, making->ca, &making->options, err);
}

/* --- the key ------------------------------------------------------------------------- */

static bool adopts(const struct making *making)
{
	return making->run->options.adopt || making->ca->certificate ||
	       making->options.way == ISSUE_INIT_CERTIFICATE;
}

static bool is_ours(const struct making *making)
{
	return making->how == ISSUE_INIT_RESUMED &&
	       buf_same(&making->key->id, making->id.data, making->id.len);
}

static int judge_key(struct making *making, struct err *err)
{
	const struct inv_ca *ca = making->ca;
	const char *is = algorithm_info(making->key->algorithm)->name;
	bool requested = false;

	if (issue_init_requested(making->issue, ca, &making->key->spki, &requested, err) < 0)
		return -1;
	if (requested) {
		report_detail(&making->run->report,
		    "a certificate was requested for the key '%s' before", ca->key);
	} else if (is_ours(making)) {
		report_talk(&making->run->report,
		    "an interrupted init made the key '%s': taken up again", ca->key);
	} else if (!adopts(making)) {
		err_set(err, ERR_REFUSED, "a key '%s' exists already on token '%s'", ca->key,
		    login_info(making->login)->label);
		return err_hint(err, "to use it: mica init --adopt");
	}
	if (making->key->algorithm != ca->algorithm) {
		err_set(err, ERR_REFUSED, "the key '%s' is %s, the inventory says %s", ca->key,
		    is, algorithm_info(ca->algorithm)->name);
		return err_hint(err, "set 'algorithm: %s' for CA '%s'", is, ca->name);
	}
	return issue_init_check(making->issue, ca, &making->key->spki, err);
}

static int find_key(struct making *making, struct err *err)
{
	struct err absent = ERR_INIT;

	if (renews(making))
		return login_key(making->login, ca_spki(issue_ca_of(making->issue, making->ca)),
		    &making->key, err);
	if (login_key(making->login, NULL, &making->key, &absent) == 0)
		return judge_key(making, err);
	if (absent.kind == ERR_NOT_FOUND && !adopts(making))
		return 0;
	*err = absent;
	return -1;
}

static bool signs_itself(const struct making *making)
{
	return (renews(making) || !making->ca->certificate) &&
	       making->options.way == ISSUE_INIT_ITSELF;
}

/* A certificate and its CRL, or a request; nothing where the certificate is there. */
static int expect_effort(struct making *making, struct err *err)
{
	bool requests = making->options.way == ISSUE_INIT_REQUEST;
	size_t signatures = signs_itself(making) ? 2 : requests ? 1 : 0;

	if (effort_expect(making->issue, making->ca, signatures, &making->effort, err) < 0)
		return -1;
	return effort_check(&making->effort, &making->run->options, err);
}

/* The runs to come must know before they log in. */
static int note_effort(struct making *making, struct err *err)
{
	making->effort.ca = making->ca; /* of the inventory read again */
	(void)effort_learn(&making->effort, making->key);
	effort_tell(&making->effort, &making->run->report);
	return issue_key_pin_note(making->issue, making->ca,
	    making->effort.pin_each ? ISSUE_KEY_PIN_EACH : ISSUE_KEY_PIN_ONCE, err);
}

/* All that can be refused is refused before the state directory or a key is made. */
static int rehearse(struct making *making, struct err *err)
{
	struct login_params params = { .now = making->run->ambient.now,
		.options = &making->run->options,
		.report = &making->run->report };

	if (begin(making, LEDGER_READ, err) < 0)
		return -1;
	report_clear(&making->run->report); /* opening for writing finds the same again */
	params.ca = making->ca;
	params.state_dir = issue_inventory(making->issue)->state_dir;
	if (expect_effort(making, err) < 0 || login_begin(&params, &making->login, err) < 0 ||
	    login_enter(making->login, err) < 0 || find_key(making, err) < 0)
		return -1;
	if (making->key)
		(void)effort_learn(&making->effort, making->key);
	return effort_check(&making->effort, &making->run->options, err);
}

static int make_key(struct making *making, struct err *err)
{
	if (making->key)
		return 0;
	if (issue_init_note(making->issue, making->ca, &making->id, err) < 0)
		return -1;
	report_detail(&making->run->report, "making an %s key on token '%s'",
	    algorithm_info(making->ca->algorithm)->name, login_info(making->login)->label);
	return login_make_key(making->login, &making->id, &making->key, err);
}

/* --- the certificate ----------------------------------------------------------------- */

/* What tells the state directory from an older copy of it lies outside. Of a CA that is new
 * nothing lies there before the next apply brings its certificate. */
static int deliver_crl(struct making *making, struct err *err)
{
	size_t directories;

	if (!renews(making) || issue_deliver_crl(making->issue, &directories, err) == 0)
		return 0;
	err_prefix(err, "the CA has its certificate; its CRL is not delivered everywhere");
	return err->hint[0] ? -1 : err_hint(err, "the next apply delivers it");
}

/* The run signed: it ends with a CRL. */
static int sign_crl(struct making *making, struct signer *signer, struct err *err)
{
	effort_ask(&making->effort, 2, &making->run->report);
	if (issue_sign_crl(making->issue, making->ca, signer, err) == 0)
		return deliver_crl(making, err);
	err_prefix(err, "the CA has its certificate; its CRL could not be made");
	return err->hint[0] ? -1 : err_hint(err, "the next apply signs it");
}

static int make_certificate(struct making *making, struct err *err)
{
	MICA_AUTO(signer_freep) struct signer *signer = NULL;
	const struct buf *spki = &making->key->spki;
	BUF_AUTO subject = BUF_INIT;

	if (signs_itself(making) &&
	    (issue_init_subject(making->issue, making->ca, spki, &subject, err) < 0 ||
	        login_signer(making->login, TOKEN_USE_INIT, &subject, &signer, err) < 0))
		return -1;
	if (signer)
		effort_ask(&making->effort, 1, &making->run->report);
	if (issue_init_finish(making->issue, making->ca, spki, signer, &making->der, err) < 0)
		return -1;
	return signer ? sign_crl(making, signer, err) : 0;
}

/* --- or the request for one ---------------------------------------------------------- */

static int make_request(struct making *making, struct issue_request *ret, struct err *err)
{
	MICA_AUTO(signer_freep) struct signer *signer = NULL;
	const struct buf *spki = &making->key->spki;
	BUF_AUTO subject = BUF_INIT;

	if (issue_init_subject(making->issue, making->ca, spki, &subject, err) < 0 ||
	    login_signer(making->login, TOKEN_USE_INIT, &subject, &signer, err) < 0)
		return -1;
	effort_ask(&making->effort, 1, &making->run->report);
	return issue_init_request(making->issue, making->ca, spki, signer, ret, err);
}

/* --- the result ---------------------------------------------------------------------- */

static int serial_text(const struct buf *der, char ret[static 2 * 20 + 1], struct err *err)
{
	uint8_t serial[20];
	BUF_AUTO tbs = BUF_INIT;

	if (certificate_parts(der, &tbs, serial, err) < 0)
		return -1;
	for (size_t k = 0; k < sizeof(serial); k++)
		snprintf(ret + 2 * k, 3, "%02x", serial[k]);
	return 0;
}

static struct madeview view_of(const struct making *making)
{
	return (struct madeview){
		.name = making->ca->name, .token = login_info(making->login), .key = making->key
	};
}

static void show(const struct making *making, const struct madeview *made, json_t *list)
{
	json_add(list, madeview_json(made));
	if (run_prints(making->run))
		madeview_print(made);
}

static int tell(struct making *making, json_t *list, struct err *err)
{
	MICA_AUTO(ca_freep) struct ca *ca = NULL;
	MICA_FREE char *path = NULL;
	struct madeview made = view_of(making);
	char serial[2 * 20 + 1] = "";

	if (ca_read(making->ca->name, &making->der, &ca, err) < 0 ||
	    serial_text(&making->der, serial, err) < 0)
		return -1;
	path = mem_printf(
	    "%s/%s.pem", issue_inventory(making->issue)->state_dir, making->ca->name);
	made.ca = ca;
	made.path = path;
	made.serial = serial;
	show(making, &made, list);
	return 0;
}

static int request_ca(struct making *making, json_t *list, struct err *err)
{
	struct issue_request request = { 0 };
	struct madeview made = view_of(making);
	int status = make_request(making, &request, err);

	buf_clear(&request.der);
	if (status < 0)
		return -1;
	report_findings(&making->run->report);
	made.path = making->options.file;
	made.requested_again = request.again;
	show(making, &made, list);
	return 0;
}

static int init_ca(struct making *making, json_t *list, struct err *err)
{
	login_move(making->login, making->ca);
	if (make_key(making, err) < 0 || note_effort(making, err) < 0)
		return -1;
	if (making->options.way == ISSUE_INIT_REQUEST)
		return request_ca(making, list, err);
	if (make_certificate(making, err) < 0 ||
	    copy_store(
	        making->run, making->issue, making->login, &making->der, making->key, err) < 0)
		return -1;
	report_findings(&making->run->report);
	return tell(making, list, err);
}

/* --- the doors ----------------------------------------------------------------------- */

int making_settle(struct run *run, const struct issue_init_options *options, const char *name,
    struct err *err)
{
	MICA_AUTO(making_clear)
	struct making making = { .run = run, .name = name, .options = *options };

	return begin(&making, LEDGER_READ, err);
}

int making_do(struct run *run, const struct issue_init_options *options, const char *name,
    json_t *list, struct err *err)
{
	MICA_AUTO(making_clear)
	struct making making = { .run = run, .name = name, .options = *options };

	return rehearse(&making, err) < 0 || begin(&making, LEDGER_WRITE, err) < 0 ||
	               init_ca(&making, list, err) < 0
	           ? -1
	           : 0;
}
