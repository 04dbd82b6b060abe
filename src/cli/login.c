// SPDX-License-Identifier: Apache-2.0
#include "login.h"

#include <stdlib.h>

#include "pin.h"

enum { LOCK_WAIT_MS = 60000 };

struct login {
	const struct inv_ca *ca;
	struct report *report;
	struct buf pin;
	struct token *token;
	struct token_info info;
	struct token_key key;
};

/* --- before the token ---------------------------------------------------------------- */

static int pin_beforehand(
    const struct pin_spec *pin, enum login_manner manner, struct buf *ret, struct err *err)
{
	switch (pin->source) {
	case PIN_FILE:
		return pin_from_file(pin->path, ret, err);
	case PIN_FD:
		return pin_from_fd(pin->fd, ret, err);
	case PIN_NONE:
		return 0;
	case PIN_PROMPT:
		break;
	}
	if (manner == LOGIN_ATTENDED)
		return pin_terminal_check(err);
	err_set(err, ERR_REFUSED,
	    "'pin: prompt' needs a person, and --unattended says there is none");
	return err_hint(err, "use 'pin: file:PATH' or 'pin: fd:N'");
}

/* A timer comes again with the same stale PIN, and the third one would lock the token. */
static enum token_pin_care pin_care(const struct login *login, enum login_manner manner)
{
	if (login->ca->pin.source == PIN_PROMPT)
		return TOKEN_PIN_FORCED;
	return manner == LOGIN_UNATTENDED ? TOKEN_PIN_UNATTENDED : TOKEN_PIN_CAREFUL;
}

/* The module is loaded while certificates are prepared. */
static int start(struct login *login, enum login_manner manner, struct err *err)
{
	const struct token_params params = {
		.module = login->ca->module,
		.module_args = login->ca->module_args,
		.pin_care = pin_care(login, manner),
	};

	return token_start(&params, &login->token, err);
}

enum login_manner login_manner(const struct options *options)
{
	return options->unattended ? LOGIN_UNATTENDED : LOGIN_ATTENDED;
}

int login_begin(const struct inv_ca *ca, enum login_manner manner, struct report *report,
    struct login **ret, struct err *err)
{
	MICA_AUTO(login_freep) struct login *login = mem_zalloc(sizeof(*login));

	login->ca = ca;
	login->report = report;
	if (pin_beforehand(&ca->pin, manner, &login->pin, err) < 0 ||
	    start(login, manner, err) < 0)
		return -1;
	*ret = mem_give(login);
	return 0;
}

void login_leave(struct login *login)
{
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

/* With few tries left the token's door refuses, unless a person is asked. */
static void warn_of_counter(struct login *login)
{
	const struct token_info *info = &login->info;

	if (!info->final_try && !info->count_low)
		return;
	findings_add(&login->report->findings, FINDING_WARNING, "pin-count", NULL, NULL,
	    "token '%s' says that %s", info->label,
	    info->final_try ? "one wrong PIN more locks it"
	                    : "a wrong PIN was given to it before");
	report_findings(login->report);
}

static int ask_pin(struct login *login, struct err *err)
{
	const struct token_info *info = &login->info;
	MICA_FREE char *prompt = NULL;
	MICA_FREE char *plain = NULL;

	if (login->ca->pin.source != PIN_PROMPT)
		return 0;
	warn_of_counter(login);
	prompt = mem_printf("PIN of token '%s' (serial %s): ", info->label,
	    info->serial && info->serial[0] != '\0' ? info->serial : "unknown");
	plain = report_plain(prompt);
	return pin_from_terminal(plain, &login->pin, err);
}

int login_enter(struct login *login, struct err *err)
{
	int done;

	if (token_select(login->token, login->ca->key, &login->info, err) < 0 ||
	    lock_token(login, err) < 0 || ask_pin(login, err) < 0)
		return -1;
	report_detail(login->report, "token '%s' (serial %s, %s), module %s", login->info.label,
	    login->info.serial, login->info.model, login->info.module);
	done = token_login(
	    login->token, login->ca->pin.source == PIN_NONE ? NULL : &login->pin, err);
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

const struct token_info *login_info(const struct login *login)
{
	return &login->info;
}

struct token *login_token(struct login *login)
{
	return login->token;
}
