// SPDX-License-Identifier: Apache-2.0
#include "soft_token.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <mica/mem.h>
#include <mica/proof.h>
#include <mica/token.h>

#include "latch.h"
#include "uri.h"

struct token {
	struct uri uri;
	struct soft_device *device; /* NULL: none was selected */
	struct latch latch;
	bool logged_in;
};

/* A door has no room for a context: one world for a process. */
static struct soft_tokens *world;

struct soft_tokens *soft_tokens_make(void)
{
	world = mmap(
	    NULL, sizeof(*world), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (world == MAP_FAILED)
		abort();
	for (size_t i = 0; i < SOFT_DEVICES; i++) {
		snprintf(world->devices[i].label, SOFT_NAME, "token-%zu", i + 1);
		snprintf(world->devices[i].pin, SOFT_NAME, "first pin");
	}
	return world;
}

/* --- open, select ---------------------------------------------------------------- */

int token_start(const struct token_params *params, struct token **ret, struct err *err)
{
	struct token *token = mem_zalloc(sizeof(*token));

	(void)err;
	token->latch = (struct latch){ .dir = mem_strdup(params->latch_dir),
		.rule = params->latch_rule,
		.now = params->now };
	*ret = token;
	return 0;
}

int token_open(const struct token_params *params, struct token **ret, struct err *err)
{
	return token_start(params, ret, err);
}

void token_leave(struct token *token)
{
	token->logged_in = false;
}

void token_close(struct token *token)
{
	if (!token)
		return;
	uri_clear(&token->uri);
	latch_clear(&token->latch);
	free(token);
}

const char *token_was_lost(const struct token *token)
{
	(void)token;
	return NULL;
}

static void fill_info(const struct soft_device *device, struct token_info *ret)
{
	*ret = (struct token_info){
		.label = mem_strdup(device->label),
		.serial = mem_strdup(device->label + strlen("token-")),
		.manufacturer = mem_strdup("tests/years"),
		.model = mem_strdup("in memory"),
		.module = mem_strdup("none"),
		.min_pin = 4,
		.max_pin = SOFT_NAME - 1,
		.initialized = true,
		.login_required = true,
	};
}

int token_list(struct token *token, struct token_info **ret, size_t *ret_n, struct err *err)
{
	struct token_info *infos = mem_array(SOFT_DEVICES, sizeof(*infos));
	size_t n = 0;

	(void)token;
	(void)err;
	for (size_t i = 0; i < SOFT_DEVICES; i++)
		if (!world->devices[i].away)
			fill_info(&world->devices[i], &infos[n++]);
	*ret = infos;
	*ret_n = n;
	return 0;
}

int token_select(
    struct token *token, const char *uri, struct token_info *ret_info, struct err *err)
{
	uri_clear(&token->uri);
	token->device = NULL;
	if (uri_parse(uri, &token->uri, err) < 0)
		return -1;
	for (size_t i = 0; !token->device && i < SOFT_DEVICES; i++) {
		struct soft_device *device = &world->devices[i];
		struct token_info info;

		if (device->away)
			continue;
		fill_info(device, &info);
		if (uri_means_token(&token->uri, &info)) {
			token->device = device;
			latch_name(&token->latch, &info);
		}
		token_info_clear(&info);
	}
	if (!token->device)
		return err_set(err, ERR_NOT_FOUND, "no token fits '%s'", uri);
	if (ret_info)
		fill_info(token->device, ret_info);
	return 0;
}

/* Histories have a device each. */
int token_lock(struct token *token, int wait_ms, struct err *err)
{
	(void)token;
	(void)wait_ms;
	(void)err;
	return 0;
}

/* --- login: the latch is mica's own ------------------------------------------------ */

int token_may_login(const struct token *token, const struct token_info *info,
    struct token_latch *ret_latch, struct err *err)
{
	(void)info;
	return latch_check(&token->latch, ret_latch, err);
}

static int try_pin(struct soft_device *device, const struct buf *pin, struct err *err)
{
	if (device->away)
		return err_set(err, ERR_LOST, "the token is gone");
	if (pin && buf_same(pin, device->pin, strlen(device->pin))) {
		device->logins++;
		return 0;
	}
	device->refused++;
	err_set(err, ERR_PIN, "C_Login said CKR_PIN_INCORRECT: the PIN is wrong");
	return err_hint(err, "put the PIN right");
}

int token_login(struct token *token, const struct buf *pin, struct err *err)
{
	if (latch_check(&token->latch, NULL, err) < 0 || latch_arm(&token->latch, err) < 0)
		return -1;
	if (try_pin(token->device, pin, err) < 0) {
		latch_keep(&token->latch, err);
		return -1;
	}
	if (latch_disarm(&token->latch, err) < 0)
		return -1;
	token->logged_in = true;
	return 0;
}

/* --- the key ----------------------------------------------------------------------- */

static EVP_PKEY *key_of(const struct soft_device *device)
{
	const unsigned char *at = device->key;

	return device->key_len > 0 ? d2i_AutoPrivateKey(NULL, &at, (long)device->key_len)
	                           : NULL;
}

static int fill_key(const struct soft_device *device, struct token_key *ret, struct err *err)
{
	EVP_PKEY *pkey = key_of(device);
	unsigned char *spki = NULL;
	int len = pkey ? i2d_PUBKEY(pkey, &spki) : 0;

	EVP_PKEY_free(pkey);
	if (len <= 0)
		return err_set(
		    err, ERR_NOT_FOUND, "the token '%s' has no such key", device->label);
	*ret = (struct token_key){
		.algorithm = ALG_EC_P256,
		.label = mem_strdup(device->key_label),
		.sensitive = TOKEN_FLAG_TRUE,
		.always_sensitive = TOKEN_FLAG_TRUE,
		.extractable = TOKEN_FLAG_FALSE,
		.never_extractable = TOKEN_FLAG_TRUE,
		.local = TOKEN_FLAG_TRUE,
		.sign = TOKEN_FLAG_TRUE,
	};
	buf_add(&ret->spki, spki, (size_t)len);
	buf_add(&ret->id, device->id, device->id_len);
	OPENSSL_free(spki);
	return 0;
}

static int must_be_in(const struct token *token, struct err *err)
{
	if (!token->logged_in)
		return err_set(err, ERR_FAILED, "nobody is logged in");
	return token->device->away ? err_set(err, ERR_LOST, "the token is gone") : 0;
}

int token_find_key(struct token *token, struct token_key *ret, struct err *err)
{
	return must_be_in(token, err) < 0 ? -1 : fill_key(token->device, ret, err);
}

int token_generate_key(struct token *token, enum algorithm algorithm, const struct buf *id,
    struct token_key *ret, struct err *err)
{
	struct soft_device *device = token->device;
	unsigned char *at = device->key;
	EVP_PKEY *pkey;
	int len;

	if (must_be_in(token, err) < 0)
		return -1;
	if (device->key_len > 0)
		return err_set(err, ERR_EXISTS, "the token '%s' has a key", device->label);
	pkey = EVP_PKEY_Q_keygen(NULL, NULL, "EC", algorithm_info(algorithm)->group);
	len = pkey ? i2d_PrivateKey(pkey, NULL) : 0;
	if (len > 0 && len <= SOFT_KEY)
		len = i2d_PrivateKey(pkey, &at);
	EVP_PKEY_free(pkey);
	if (len <= 0 || len > SOFT_KEY)
		return err_openssl(err, "no key");
	snprintf(device->key_label, SOFT_NAME, "%s", token->uri.label);
	memcpy(device->id, id->data, id->len < SOFT_NAME ? id->len : SOFT_NAME);
	device->id_len = id->len < SOFT_NAME ? id->len : SOFT_NAME;
	device->key_len = (size_t)len;
	return fill_key(device, ret, err);
}

int token_store_certificate(
    struct token *token, const struct buf *der, const struct token_key *key, struct err *err)
{
	(void)der;
	(void)key;
	return must_be_in(token, err);
}

int token_prove(
    struct token *token, const struct token_key *key, struct token_proof *ret, struct err *err)
{
	(void)token;
	(void)key;
	(void)ret;
	return err_set(err, ERR_REFUSED, "a key in memory proves nothing");
}

/* --- signing ----------------------------------------------------------------------- */

struct soft_signing {
	struct token *token;
	EVP_PKEY *pkey;
	unsigned made; /* in this run */
};

static int sign_one(struct soft_signing *signing, struct sign_job *job, struct err *err)
{
	struct soft_device *device = signing->token->device;
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	unsigned char signature[SOFT_KEY];
	size_t len = sizeof(signature);
	int ok;

	if (world->n_signed == SOFT_MOST_SIGNED)
		abort();
	ok = EVP_DigestSignInit_ex(context, NULL, "SHA256", NULL, NULL, signing->pkey, NULL) ==
	         1 &&
	     EVP_DigestSign(context, signature, &len, job->tbs, job->tbs_len) == 1;
	EVP_MD_CTX_free(context);
	if (!ok)
		return err_openssl(err, "no signature");
	world->signed_tbs[world->n_signed++] = digest_of(job->tbs, job->tbs_len);
	signing->made++;
	if (device->breaks_after > 0 && signing->made >= device->breaks_after)
		return err_set(err, ERR_LOST, "the token is gone");
	buf_add(&job->signature, signature, len);
	return 0;
}

static int sign(void *context, struct sign_job *jobs, size_t n, signer_progress *progress,
    void *progress_context, struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		if (sign_one(context, &jobs[i], err) < 0)
			return -1;
		if (progress)
			progress(progress_context, i + 1, n);
	}
	return 0;
}

static void close_signing(void *context)
{
	struct soft_signing *signing = context;

	EVP_PKEY_free(signing->pkey);
	free(signing);
}

int token_signer(struct token *token, const struct token_key *key, enum token_use use,
    const struct buf *issuer, struct signer **ret, struct err *err)
{
	static const struct signer_ops ops = { .sign = sign, .close = close_signing };
	struct soft_signing *signing;

	(void)key;
	(void)use;
	(void)issuer;
	if (must_be_in(token, err) < 0)
		return -1;
	signing = mem_zalloc(sizeof(*signing));
	signing->token = token;
	signing->pkey = key_of(token->device);
	*ret = signer_new(&ops, signing);
	return 0;
}

int token_signer_cross(struct token *token, const struct token_key *key,
    const struct buf *issuer, const struct buf *certified, struct signer **ret, struct err *err)
{
	(void)certified;
	return token_signer(token, key, TOKEN_USE_CROSS, issuer, ret, err);
}
