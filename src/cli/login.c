// SPDX-License-Identifier: Apache-2.0
#include "login.h"

#include <stdlib.h>

#include "latchview.h"
#include "pin.h"

enum { LOCK_WAIT_MS = 60000 };

struct login {
	const struct inv_ca *ca;
	const struct options *options;
	struct report *report;
	struct buf pin;
	struct token *token;
	struct token_info info;
	struct token_key key;
};

/* --- before the token ---------------------------------------------------------------- */

/* Whether somebody sits there and gives the PIN. */
static bool asks_a_person(const struct pin_spec *pin)
{
	return pin->source == PIN_PROMPT || pin->source == PIN_PAD;
}

static int refuse_unattended(const struct pin_spec *pin, struct err *err)
{
	err_set(err, ERR_REFUSED,
	    "'pin: %s' needs a person, and --unattended says there is none",
	    pin->source == PIN_PAD ? "pad" : "prompt");
	return err_hint(err, "use 'pin: file:PATH', 'pin: fd:N' or 'pin: credential:NAME'");
}

static int pin_beforehand(const struct login *login, struct buf *ret, struct err *err)
{
	const struct pin_spec *pin = &login->ca->pin;

	if (login->options->unattended && asks_a_person(pin))
		return refuse_unattended(pin, err);
	switch (pin->source) {
	case PIN_FILE:
		return pin_from_file(pin->path, ret, err);
	case PIN_FD:
		return pin_from_fd(pin->fd, ret, err);
	case PIN_CREDENTIAL:
		return pin_from_credential(
		    getenv("CREDENTIALS_DIRECTORY"), pin->credential, ret, err);
	case PIN_PROMPT:
		return pin_terminal_check(err);
	case PIN_PAD:
	case PIN_NONE:
		break;
	}
	return 0;
}

/* The module is loaded while certificates are prepared. */
static int start(struct login *login, const struct login_params *from, struct err *err)
{
	const struct token_params params = {
		.module = login->ca->module,
		.module_args = login->ca->module_args,
		.pin_care =
		    login->options->use_last_try ? TOKEN_PIN_LAST_TRY : TOKEN_PIN_CAREFUL,
		.latch_dir = from->state_dir,
		.latch_rule =
		    asks_a_person(&login->ca->pin) ? TOKEN_LATCH_PASSED : TOKEN_LATCH_HEEDED,
		.now = from->now,
		.touch = login->ca->touch,
	};

	return token_start(&params, &login->token, err);
}

int login_begin(const struct login_params *params, struct login **ret, struct err *err)
{
	MICA_AUTO(login_freep) struct login *login = mem_zalloc(sizeof(*login));

	login->ca = params->ca;
	login->options = params->options;
	login->report = params->report;
	if (pin_beforehand(login, &login->pin, err) < 0 || start(login, params, err) < 0)
		return -1;
	*ret = mem_give(login);
	return 0;
}

/* It went well, and yet somebody should look at the cable. */
static void tell_loss(struct login *login)
{
	const char *why = token_was_lost(login->token);

	if (why)
		findings_add(&login->report->findings, FINDING_WARNING, "token-lost", NULL,
		    "nothing is to be done now; when it comes again, look at the token and its "
		    "service",
		    "the token was lost for a moment and was started anew: %s", why);
}

void login_leave(struct login *login)
{
	tell_loss(login);
	token_leave(login->token);
}

void login_free(struct login *login)
{
	if (!login)
		return;
	buf_clear(&login->pin);
	token_key_clear(&login->key);
	token_info_clear(&login->info);
	token_close(login->token);
	free(login);
}

/* --- the login ----------------------------------------------------------------------- */

/* Another run may hold the token while somebody looks for the PIN: say that we wait. */
static int lock_token(struct login *login, struct err *err)
{
	struct err busy = ERR_INIT;

	if (token_lock(login->token, 0, &busy) == 0)
		return 0;
	if (busy.kind != ERR_BUSY) {
		*err = busy;
		return -1;
	}
	report_talk(login->report, "waiting: %s", busy.text);
	return token_lock(login->token, LOCK_WAIT_MS, err);
}

/* A person who gives the PIN is told of the latch, and may go on. */
static int may_login(struct login *login, struct err *err)
{
	MICA_AUTO(token_latch_clear) struct token_latch latch = { 0 };

	if (token_may_login(login->token, &login->info, &latch, err) < 0)
		return -1;
	if (latch.path)
		latchview_tell(&login->report->findings, &latch,
		    "each wrong PIN counts; a login that succeeds settles it");
	report_findings(login->report);
	return 0;
}

static int refuse_pad(const struct login *login, struct err *err)
{
	err_set(err, ERR_REFUSED, "the token '%s' has no pad to enter the PIN on",
	    login->info.label);
	return err_hint(err, "set 'pin' of CA '%s' to prompt, or file:PATH", login->ca->name);
}

static int refuse_none(const struct login *login, struct err *err)
{
	err_set(err, ERR_REFUSED, "the token '%s' wants a PIN on its pad", login->info.label);
	return err_hint(err, "set 'pin' of CA '%s' to pad", login->ca->name);
}

/* Tokens do not tell how many tries are left, but some tell that it is one. */
static const char *tries_left(const struct token_info *info)
{
	if (info->final_try)
		return ", one try left";
	return info->count_low ? ", a wrong PIN was given before" : "";
}

static int ask_pin(struct login *login, struct err *err)
{
	const struct token_info *info = &login->info;
	MICA_FREE char *prompt = NULL;
	MICA_FREE char *plain = NULL;

	prompt = mem_printf("PIN of token '%s' (serial %s%s): ", info->label,
	    info->serial[0] != '\0' ? info->serial : "unknown", tries_left(info));
	plain = report_plain(prompt);
	return pin_from_terminal(plain, &login->pin, err);
}

/* Nobody types what the token would not be given. */
static int get_pin(struct login *login, struct err *err)
{
	const struct token_info *info = &login->info;

	switch (login->ca->pin.source) {
	case PIN_PROMPT:
		return ask_pin(login, err);
	case PIN_PAD:
		if (info->pad)
			report_talk(login->report,
			    "enter the PIN on the pad of token '%s' (serial %s%s)", info->label,
			    info->serial, tries_left(info));
		else if (info->login_required)
			return refuse_pad(login, err);
		return 0;
	case PIN_NONE:
		return info->login_required && info->pad ? refuse_none(login, err) : 0;
	default:
		return 0;
	}
}

int login_enter(struct login *login, struct err *err)
{
	int done;

	if (token_select(login->token, login->ca->key, &login->info, err) < 0 ||
	    lock_token(login, err) < 0 || may_login(login, err) < 0 || get_pin(login, err) < 0)
		return -1;
	report_detail(login->report, "token '%s' (serial %s, %s), module %s", login->info.label,
	    login->info.serial, login->info.model, login->info.module);
	done = token_login(login->token, login->pin.len > 0 ? &login->pin : NULL, err);
	buf_clear(&login->pin);
	return done;
}

void login_move(struct login *login, const struct inv_ca *ca)
{
	login->ca = ca;
}

/* --- the key ------------------------------------------------------------------------- */

static int must_not_leave(struct login *login, const struct token_key *key, struct err *err)
{
	const char *name = login->ca->key;

	if (key->extractable == TOKEN_FLAG_TRUE || key->sensitive == TOKEN_FLAG_FALSE) {
		err_set(err, ERR_REFUSED, "the key '%s' can leave the token: it is %s", name,
		    key->extractable == TOKEN_FLAG_TRUE ? "extractable" : "not sensitive");
		return err_hint(
		    err, "a CA key must be made on the token, sensitive and not extractable");
	}
	if (key->extractable == TOKEN_FLAG_ABSENT || key->sensitive == TOKEN_FLAG_ABSENT)
		findings_add(&login->report->findings, FINDING_WARNING, "key-attributes",
		    &login->ca->key_mark, NULL, "the token does not say whether the key is %s",
		    key->extractable == TOKEN_FLAG_ABSENT ? "extractable" : "sensitive");
	return 0;
}

static int must_belong(
    struct login *login, const struct token_key *key, const struct buf *spki, struct err *err)
{
	if (!spki || buf_same(&key->spki, spki->data, spki->len))
		return 0;
	err_set(err, ERR_REFUSED, "the key '%s' is not that of the certificate of CA '%s'",
	    login->ca->key, login->ca->name);
	return err_hint(
	    err, "look at 'mica token': another token or another key answers to this URI");
}

static int judge(
    struct login *login, const struct buf *spki, const struct token_key **ret, struct err *err)
{
	if (must_belong(login, &login->key, spki, err) < 0 ||
	    must_not_leave(login, &login->key, err) < 0)
		return -1;
	report_findings(login->report);
	*ret = &login->key;
	return 0;
}

int login_find(
    struct login *login, const struct buf *spki, const struct token_key **ret, struct err *err)
{
	if (token_find_key(login->token, &login->key, err) < 0 ||
	    must_belong(login, &login->key, spki, err) < 0)
		return -1;
	*ret = &login->key;
	return 0;
}

int login_key(
    struct login *login, const struct buf *spki, const struct token_key **ret, struct err *err)
{
	if (token_find_key(login->token, &login->key, err) < 0)
		return -1;
	return judge(login, spki, ret, err);
}

int login_make_key(
    struct login *login, const struct buf *id, const struct token_key **ret, struct err *err)
{
	if (token_generate_key(login->token, login->ca->algorithm, id, &login->key, err) < 0)
		return -1;
	return judge(login, NULL, ret, err);
}

int login_signer(struct login *login, enum token_use use, const struct buf *issuer,
    struct signer **ret, struct err *err)
{
	return token_signer(login->token, &login->key, use, issuer, ret, err);
}

int login_signer_cross(struct login *login, const struct buf *issuer,
    const struct buf *certified, struct signer **ret, struct err *err)
{
	return token_signer_cross(login->token, &login->key, issuer, certified, ret, err);
}

const struct inv_ca *login_ca(const struct login *login)
{
	return login->ca;
}

const struct token_info *login_info(const struct login *login)
{
	return &login->info;
}

struct token *login_token(struct login *login)
{
	return login->token;
}
