// SPDX-License-Identifier: Apache-2.0
/*
 * hsm_world: a SoftHSM2 token in a scratch directory, mica-token on it, and things to sign.
 */
#ifndef TEST_HSM_WORLD_H
#define TEST_HSM_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <mica/file.h>
#include <mica/mem.h>
#include <mica/token.h>

/* the inside of a signer: nobody but approvals_sign() and these tests sign */
#include "../../src/pki/signer_private.h"

#define WORLD __attribute__((unused)) static

MICA_DEFINE_FREEP(EVP_PKEY, EVP_PKEY_free)
MICA_DEFINE_FREEP(X509, X509_free)

#define URI "pkcs11:token=milvus-ca;object=ca"

struct world {
	char dir[64];
	char *pin;
	char *module; /* the real one */
	char *proxy;
};

MICA_PRINTF(1, 2) WORLD int world_run(const char *fmt, ...)
{
	va_list args;
	char *command;
	int status;

	va_start(args, fmt);
	command = mem_vprintf(fmt, args);
	va_end(args);
	status = system(command);
	free(command);
	return status;
}

/* A program of the tests' packages: where it is missing the test fails in CI and is skipped
 * elsewhere. */
WORLD void world_need(const char *program)
{
	const char *ci = getenv("CI");

	if (world_run("command -v %s >/dev/null", program) == 0)
		return;
	if (ci && strcmp(ci, "true") == 0)
		fail_msg("%s is not there, and CI=true", program);
	skip();
}

WORLD void world_unset_faults(void)
{
	unsetenv("MICA_FAULT");
	unsetenv("MICA_FAULT_COUNTS");
	unsetenv("MICA_FAULT_LOG");
}

WORLD int world_up(void **state)
{
	struct world *world = mem_zalloc(sizeof(*world));
	struct err err = ERR_INIT;
	BUF_AUTO pin = BUF_INIT;
	char self[512] = "";
	MICA_FREE char *conf = NULL;
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);

	assert_true(len > 0);
	*strrchr(self, '/') = '\0';
	strcpy(world->dir, "/tmp/mica-hsm-XXXXXX");
	assert_non_null(mkdtemp(world->dir));
	assert_int_equal(world_run("%s/../../hsm/softhsm2/token.sh %s/softhsm milvus-ca",
	                     TEST_SOURCE_DIR, world->dir),
	    0);
	conf = mem_printf("%s/softhsm/softhsm2.conf", world->dir);
	setenv("SOFTHSM2_CONF", conf, 1);
	setenv("XDG_RUNTIME_DIR", world->dir, 1);
	mem_freep(&conf);
	conf = mem_printf("%s/softhsm/pin", world->dir);
	assert_int_equal(file_read(-1, conf, 256, &pin, &err), 0);
	world->pin = mem_strdup(buf_text(&pin));
	assert_int_equal(token_module_path("softhsm2", &world->module, &err), 0);
	world->proxy = mem_printf("%s/../fault/libmica-fault.so", self);
	setenv("MICA_FAULT_MODULE", world->module, 1);
	world_unset_faults();
	*state = world;
	return 0;
}

WORLD int world_down(void **state)
{
	struct world *world = *state;
	int status = world_run("rm -rf %s", world->dir);

	free(world->pin);
	free(world->module);
	free(world->proxy);
	free(world);
	return status;
}

/* --- the door, step by step ---------------------------------------------------- */

WORLD struct token *world_open(const struct world *world, const char *module)
{
	struct token_params params = {
		.module = module ? module : world->module, .deadline_ms = 3000, .login_ms = 3000
	};
	struct token *token = NULL;
	struct err err = ERR_INIT;

	if (token_open(&params, &token, &err) < 0)
		fail_msg("%s", err.text);
	return token;
}

WORLD int world_login(const struct world *world, struct token *token, struct err *err)
{
	BUF_AUTO pin = BUF_INIT;

	buf_addstr(&pin, world->pin);
	return token_login(token, &pin, err);
}

WORLD void must(int result, const struct err *err)
{
	if (result < 0)
		fail_msg("%s (hint: %s)", err->text, err->hint);
}

/* Opened, selected, logged in. */
WORLD struct token *world_begin(const struct world *world, const char *module, const char *uri)
{
	struct token *token = world_open(world, module);
	struct err err = ERR_INIT;

	must(token_select(token, uri, NULL, &err), &err);
	must(world_login(world, token, &err), &err);
	return token;
}

WORLD void world_generate(
    struct token *token, enum algorithm algorithm, const char *id, struct token_key *ret)
{
	struct err err = ERR_INIT;
	BUF_AUTO bytes = BUF_INIT;

	buf_addstr(&bytes, id);
	must(token_generate_key(token, algorithm, &bytes, ret, &err), &err);
}

/* --- things to sign ------------------------------------------------------------ */

WORLD X509_NAME *world_name(const char *common_name)
{
	X509_NAME *name = X509_NAME_new();

	assert_int_equal(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
	                     (const unsigned char *)common_name, -1, -1, 0),
	    1);
	return name;
}

WORLD void world_issuer(const char *common_name, struct buf *ret)
{
	X509_NAME *name = world_name(common_name);
	unsigned char *der = NULL;
	int len = i2d_X509_NAME(name, &der);

	assert_true(len > 0);
	buf_clear(ret);
	buf_add(ret, der, (size_t)len);
	OPENSSL_free(der);
	X509_NAME_free(name);
}

WORLD EVP_PKEY *world_throw_away(enum algorithm algorithm)
{
	const struct algorithm_info *info = algorithm_info(algorithm);

	return info->rsa ? EVP_RSA_gen(2048) : EVP_EC_gen(info->group);
}

WORLD void world_spki(EVP_PKEY *pkey, struct buf *ret)
{
	unsigned char *der = NULL;
	int len = i2d_PUBKEY(pkey, &der);

	assert_true(len > 0);
	buf_clear(ret);
	buf_add(ret, der, (size_t)len);
	OPENSSL_free(der);
}

/* A certificate of this issuer */
struct world_certificate {
	long serial;
	const char *subject;    /* a common name */
	const char *basic;      /* basicConstraints */
	const struct buf *spki; /* NULL: of a throw-away key */
};

static const struct world_certificate world_leaf = { 1000, "leaf", "critical,CA:FALSE", NULL };
static const struct world_certificate world_ca = { 1000, "other CA", "critical,CA:TRUE", NULL };

WORLD void world_set_key(X509 *certificate, const struct buf *spki, EVP_PKEY *otherwise)
{
	const unsigned char *at = spki ? spki->data : NULL;
	EVP_PKEY *key = spki ? d2i_PUBKEY(NULL, &at, (long)spki->len) : NULL;

	assert_int_equal(X509_set_pubkey(certificate, key ? key : otherwise), 1);
	EVP_PKEY_free(key);
}

/* Its TBS bytes, for a CA key of this algorithm */
WORLD void world_tbs(
    enum algorithm algorithm, const struct world_certificate *what, struct buf *ret)
{
	MICA_AUTO(EVP_PKEY_freep) EVP_PKEY *pkey = world_throw_away(algorithm);
	MICA_AUTO(X509_freep) X509 *certificate = X509_new();
	X509_NAME *issuer = world_name("mica test"), *subject = world_name(what->subject);
	X509_EXTENSION *extension;
	unsigned char *der = NULL;
	int len;

	X509_set_version(certificate, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(certificate), what->serial);
	X509_set_issuer_name(certificate, issuer);
	X509_set_subject_name(certificate, subject);
	X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
	X509_gmtime_adj(X509_getm_notAfter(certificate), 86400);
	world_set_key(certificate, what->spki, pkey);
	extension = X509V3_EXT_conf_nid(NULL, NULL, NID_basic_constraints, what->basic);
	X509_add_ext(certificate, extension, -1);
	X509_EXTENSION_free(extension);
	assert_true(X509_sign(certificate, pkey,
	                algorithm == ALG_EC_P384 ? EVP_sha384() : EVP_sha256()) > 0);
	len = i2d_re_X509_tbs(certificate, &der);
	assert_true(len > 0);
	buf_clear(ret);
	buf_add(ret, der, (size_t)len);
	OPENSSL_free(der);
	X509_NAME_free(issuer);
	X509_NAME_free(subject);
}

/* TBS bytes of a CRL with n entries */
WORLD void world_crl(enum algorithm algorithm, long n, struct buf *ret)
{
	MICA_AUTO(EVP_PKEY_freep) EVP_PKEY *pkey = world_throw_away(algorithm);
	X509_CRL *crl = X509_CRL_new();
	X509_NAME *issuer = world_name("mica test");
	ASN1_TIME *now = X509_gmtime_adj(NULL, 0);
	unsigned char *der = NULL;
	int len;

	X509_CRL_set_version(crl, X509_CRL_VERSION_2);
	X509_CRL_set_issuer_name(crl, issuer);
	X509_CRL_set1_lastUpdate(crl, now);
	X509_CRL_set1_nextUpdate(crl, now);
	for (long i = 1; i <= n; i++) {
		X509_REVOKED *one = X509_REVOKED_new();
		ASN1_INTEGER *serial = ASN1_INTEGER_new();

		ASN1_INTEGER_set(serial, i);
		X509_REVOKED_set_serialNumber(one, serial);
		X509_REVOKED_set_revocationDate(one, now);
		X509_CRL_add0_revoked(crl, one);
		ASN1_INTEGER_free(serial);
	}
	assert_true(X509_CRL_sign(
	                crl, pkey, algorithm == ALG_EC_P384 ? EVP_sha384() : EVP_sha256()) > 0);
	len = i2d_re_X509_CRL_tbs(crl, &der);
	assert_true(len > 0);
	buf_clear(ret);
	buf_add(ret, der, (size_t)len);
	OPENSSL_free(der);
	ASN1_TIME_free(now);
	X509_NAME_free(issuer);
	X509_CRL_free(crl);
}

struct world_jobs {
	struct sign_job *jobs;
	struct buf *tbs;
	size_t n;
};

/* The same bytes but for the serial, which is the job's number + 1, in all of them */
WORLD struct world_jobs world_jobs(enum algorithm algorithm, size_t n)
{
	struct world_jobs jobs = { mem_array(n, sizeof(struct sign_job)),
		mem_array(n, sizeof(struct buf)), n };
	BUF_AUTO first = BUF_INIT;
	static const unsigned char mark[] = { 0x02, 0x04, 0x77, 0x11, 0x22, 0x33 };
	unsigned char *at;

	world_tbs(algorithm,
	    &(struct world_certificate){ 0x77112233, "leaf", "critical,CA:FALSE", NULL },
	    &first);
	at = memmem(first.data, first.len, mark, sizeof(mark));
	assert_non_null(at);
	for (size_t i = 0; i < n; i++) {
		at[3] = (unsigned char)(i >> 16);
		at[4] = (unsigned char)(i >> 8);
		at[5] = (unsigned char)i;
		buf_add(&jobs.tbs[i], first.data, first.len);
		jobs.jobs[i].tbs = jobs.tbs[i].data;
		jobs.jobs[i].tbs_len = jobs.tbs[i].len;
	}
	return jobs;
}

WORLD void world_jobs_clear(struct world_jobs *jobs)
{
	for (size_t i = 0; i < jobs->n; i++) {
		buf_clear(&jobs->tbs[i]);
		buf_clear(&jobs->jobs[i].signature);
	}
	free(jobs->jobs);
	free(jobs->tbs);
}

WORLD struct signer *world_signer(
    struct token *token, const struct token_key *key, enum token_use use)
{
	struct signer *signer = NULL;
	struct err err = ERR_INIT;
	BUF_AUTO issuer = BUF_INIT;

	world_issuer("mica test", &issuer);
	must(token_signer(token, key, use, &issuer, &signer, &err), &err);
	return signer;
}

WORLD int world_sign(struct signer *signer, struct sign_job *jobs, size_t n, struct err *err)
{
	return signer->ops->sign(signer->context, jobs, n, NULL, NULL, err);
}

WORLD bool world_verifies(const struct token_key *key, const struct sign_job *job)
{
	const unsigned char *at = key->spki.data;
	EVP_PKEY *pkey = d2i_PUBKEY(NULL, &at, (long)key->spki.len);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	int good;

	assert_non_null(pkey);
	assert_int_equal(EVP_DigestVerifyInit_ex(ctx, NULL,
	                     algorithm_info(key->algorithm)->digest, NULL, NULL, pkey, NULL),
	    1);
	good = EVP_DigestVerify(
	    ctx, job->signature.data, job->signature.len, job->tbs, job->tbs_len);
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(pkey);
	return good == 1;
}

WORLD double world_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

#endif
