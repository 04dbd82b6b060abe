// SPDX-License-Identifier: Apache-2.0
/* The door of the token, on a real SoftHSM2. */
#include "hsm_world.h"

#include <mica/harden.h>

static void make_and_sign(const struct world *world, enum algorithm algorithm)
{
	MICA_FREE char *uri =
	    mem_printf("pkcs11:token=milvus-ca;object=ca-%s", algorithm_info(algorithm)->name);
	struct token *token = world_begin(world, NULL, uri);
	struct token_key made = { 0 }, found = { 0 };
	struct world_jobs jobs = world_jobs(algorithm, 3);
	struct signer *signer;
	struct err err = ERR_INIT;

	world_generate(token, algorithm, algorithm_info(algorithm)->name, &made);
	assert_int_equal(made.algorithm, algorithm);
	assert_string_equal(made.label, uri + strlen("pkcs11:token=milvus-ca;object="));
	assert_int_equal(made.sensitive, TOKEN_FLAG_TRUE);
	assert_int_equal(made.extractable, TOKEN_FLAG_FALSE);
	assert_int_equal(made.always_sensitive, TOKEN_FLAG_TRUE);
	assert_int_equal(made.never_extractable, TOKEN_FLAG_TRUE);
	assert_int_equal(made.local, TOKEN_FLAG_TRUE);
	assert_int_equal(made.sign, TOKEN_FLAG_TRUE);
	assert_int_equal(made.decrypt, TOKEN_FLAG_FALSE);
	assert_int_equal(made.unwrap, TOKEN_FLAG_FALSE);
	assert_int_equal(made.derive, TOKEN_FLAG_FALSE);
	assert_int_equal(made.always_authenticate, TOKEN_FLAG_FALSE);
	/* the key that was just made signs, and so does the one that another process finds */
	signer = world_signer(token, &made, TOKEN_USE_ISSUE);
	must(world_sign(signer, jobs.jobs, 2, &err), &err);
	assert_true(world_verifies(&made, &jobs.jobs[0]));
	assert_true(world_verifies(&made, &jobs.jobs[1]));
	signer_free(signer);
	token_close(token);

	token = world_begin(world, NULL, uri);
	must(token_find_key(token, &found, &err), &err);
	assert_true(buf_same(&found.spki, made.spki.data, made.spki.len));
	assert_true(buf_same(&found.id, made.id.data, made.id.len));
	signer = world_signer(token, &found, TOKEN_USE_ISSUE);
	must(world_sign(signer, jobs.jobs, 3, &err), &err);
	for (size_t i = 0; i < 3; i++)
		assert_true(world_verifies(&made, &jobs.jobs[i]));
	signer_free(signer);
	token_close(token);
	token_key_clear(&made);
	token_key_clear(&found);
	world_jobs_clear(&jobs);
}

static void test_p256(void **state)
{
	make_and_sign(*state, ALG_EC_P256);
}

static void test_p384(void **state)
{
	make_and_sign(*state, ALG_EC_P384);
}

static void test_rsa_2048(void **state)
{
	make_and_sign(*state, ALG_RSA_2048);
}

static void test_rsa_3072(void **state)
{
	make_and_sign(*state, ALG_RSA_3072);
}

static void test_rsa_4096(void **state)
{
	make_and_sign(*state, ALG_RSA_4096);
}

static void test_list(void **state)
{
	const struct world *world = *state;
	struct token *token = world_open(world, NULL);
	struct token_info *infos = NULL;
	struct err err = ERR_INIT;
	size_t n = 0, found = 0;

	must(token_list(token, &infos, &n, &err), &err);
	for (size_t i = 0; i < n; i++) {
		if (strcmp(infos[i].label, "milvus-ca") == 0) {
			found++;
			assert_true(infos[i].initialized && infos[i].login_required);
			assert_false(infos[i].locked || infos[i].final_try ||
			             infos[i].count_low || infos[i].pad);
			assert_string_equal(infos[i].module, world->module);
			assert_int_equal(strlen(infos[i].serial), 16);
		}
		token_info_clear(&infos[i]);
	}
	free(infos);
	assert_int_equal(found, 1);
	token_close(token);
}

/* --- selecting and finding ----------------------------------------------------- */

static void test_select_wrong(void **state)
{
	struct token *token = world_open(*state, NULL);
	struct err err = ERR_INIT;

	assert_int_equal(token_select(token, "pkcs11:token=other;object=ca", NULL, &err), -1);
	assert_int_equal(err.kind, ERR_NOT_FOUND);
	assert_non_null(strstr(err.text, "matches pkcs11:token=other;object=ca"));
	assert_non_null(strstr(err.hint, "'milvus-ca' (serial "));
	/* and it can still be used */
	must(token_select(token, URI, NULL, &err), &err);
	token_close(token);
}

static void test_select_ambiguous(void **state)
{
	const struct world *world = *state;
	struct token_info info = { 0 };
	MICA_FREE char *uri = NULL;
	struct token *token;
	struct err err = ERR_INIT;

	assert_int_equal(world_run("%s/../../hsm/softhsm2/token.sh %s/softhsm twin",
	                     TEST_SOURCE_DIR, world->dir),
	    0);
	token = world_open(world, NULL);
	must(token_select(token, "pkcs11:token=twin;object=ca", &info, &err), &err);
	uri = mem_printf("pkcs11:serial=%s;object=ca", info.serial);
	assert_int_equal(
	    token_select(token, "pkcs11:model=SoftHSM%20v2;object=ca", NULL, &err), -1);
	assert_int_equal(err.kind, ERR_AMBIGUOUS);
	must(token_select(token, uri, NULL, &err), &err);
	token_info_clear(&info);
	token_close(token);
}

static void test_find_nothing(void **state)
{
	struct token *token = world_begin(*state, NULL, "pkcs11:token=milvus-ca;object=nobody");
	struct token_key key = { 0 };
	struct err err = ERR_INIT;

	assert_int_equal(token_find_key(token, &key, &err), -1);
	assert_int_equal(err.kind, ERR_NOT_FOUND);
	assert_non_null(strstr(
	    err.text, "no private key with the label 'nobody' on token 'milvus-ca' (serial "));
	assert_null(key.spki.data);
	token_close(token);
}

static void test_exists(void **state)
{
	struct token *token =
	    world_begin(*state, NULL, "pkcs11:token=milvus-ca;object=exists;id=%e1");
	struct token_key key = { 0 };
	struct err err = ERR_INIT;

	must(token_generate_key(token, ALG_EC_P256, NULL, &key, &err), &err);
	assert_true(buf_same(&key.id, "\xe1", 1));
	assert_int_equal(token_generate_key(token, ALG_EC_P256, NULL, &key, &err), -1);
	assert_int_equal(err.kind, ERR_EXISTS);
	assert_non_null(
	    strstr(err.text, "holds an object with this label already: 'exists' (id e1)"));
	must(token_select(token, "pkcs11:token=milvus-ca;object=exists-not;id=%e1", NULL, &err),
	    &err);
	assert_int_equal(token_generate_key(token, ALG_EC_P256, NULL, &key, &err), -1);
	assert_int_equal(err.kind, ERR_EXISTS);
	assert_non_null(strstr(err.text, "holds an object with this id already"));
	/* and without any id nothing is made */
	must(token_select(token, "pkcs11:token=milvus-ca;object=exists-not", NULL, &err), &err);
	assert_int_equal(token_generate_key(token, ALG_EC_P256, NULL, &key, &err), -1);
	assert_int_equal(err.kind, ERR_REFUSED);
	token_key_clear(&key);
	token_close(token);
}

static int pkcs11_tool(const struct world *world, const char *args)
{
	return world_run("pkcs11-tool --module %s --token-label milvus-ca --login --pin %s %s "
	                 ">/dev/null 2>&1",
	    world->module, world->pin, args);
}

static void test_ambiguous(void **state)
{
	const struct world *world = *state;
	struct token_key key = { 0 };
	struct err err = ERR_INIT;
	struct token *token;

	world_need("pkcs11-tool");
	assert_int_equal(
	    pkcs11_tool(world, "--keypairgen --key-type EC:prime256v1 --label twins --id 71"),
	    0);
	assert_int_equal(
	    pkcs11_tool(world, "--keypairgen --key-type EC:prime256v1 --label twins --id 72"),
	    0);
	token = world_begin(world, NULL, "pkcs11:token=milvus-ca;object=twins");
	assert_int_equal(token_find_key(token, &key, &err), -1);
	assert_int_equal(err.kind, ERR_AMBIGUOUS);
	assert_non_null(strstr(err.text, "2 private keys with the label 'twins'"));
	assert_non_null(strstr(err.text, "(id 71)"));
	assert_non_null(strstr(err.text, "(id 72)"));
	token_close(token);
	token = world_begin(world, NULL, "pkcs11:token=milvus-ca;object=twins;id=%72");
	must(token_find_key(token, &key, &err), &err);
	assert_true(buf_same(&key.id, "\x72", 1));
	token_key_clear(&key);
	token_close(token);
}

static void sign_and_check(const struct world *world, const char *uri)
{
	struct token *token = world_begin(world, NULL, uri);
	struct world_jobs jobs = world_jobs(ALG_EC_P256, 100);
	struct token_key key = { 0 };
	struct err err = ERR_INIT;
	struct signer *signer;

	must(token_find_key(token, &key, &err), &err);
	signer = world_signer(token, &key, TOKEN_USE_ISSUE);
	must(world_sign(signer, jobs.jobs, jobs.n, &err), &err);
	for (size_t i = 0; i < jobs.n; i++)
		assert_true(world_verifies(&key, &jobs.jobs[i]));
	signer_free(signer);
	token_key_clear(&key);
	world_jobs_clear(&jobs);
	token_close(token);
}

/* Two keys under one id: libp11 would take either's public half for both. */
static void test_shared_id(void **state)
{
	const struct world *world = *state;

	world_need("pkcs11-tool");
	assert_int_equal(
	    pkcs11_tool(world, "--keypairgen --key-type EC:prime256v1 --label first --id 5a"),
	    0);
	assert_int_equal(
	    pkcs11_tool(world, "--keypairgen --key-type EC:prime256v1 --label second --id 5a"),
	    0);
	sign_and_check(world, "pkcs11:token=milvus-ca;object=first");
	sign_and_check(world, "pkcs11:token=milvus-ca;object=second");
}

/* libp11 0.4.12 cannot list keys at all when one of them is an Ed25519 key. */
static void test_ed25519_beside(void **state)
{
	const struct world *world = *state;
	struct token_key key = { 0 };
	struct err err = ERR_INIT;
	struct token *token;

	world_need("pkcs11-tool");
	assert_int_equal(
	    pkcs11_tool(world, "--keypairgen --key-type EC:edwards25519 --label ed --id ed"),
	    0);
	token = world_begin(world, NULL, "pkcs11:token=milvus-ca;object=beside-ed");
	world_generate(token, ALG_EC_P256, "\xbe", &key);
	token_key_clear(&key);
	token_close(token);
	sign_and_check(world, "pkcs11:token=milvus-ca;object=beside-ed");
	make_and_sign(world, ALG_RSA_2048);
	token = world_begin(world, NULL, "pkcs11:token=milvus-ca;object=ed");
	assert_int_equal(token_find_key(token, &key, &err), -1);
	assert_int_equal(err.kind, ERR_REFUSED);
	assert_non_null(strstr(err.text, "the key is neither an RSA nor a NIST elliptic key"));
	token_close(token);
}

static void test_extractable_shown(void **state)
{
	const struct world *world = *state;
	struct token_key key = { 0 };
	struct err err = ERR_INIT;
	struct token *token;

	world_need("pkcs11-tool");
	assert_int_equal(
	    pkcs11_tool(world,
	        "--keypairgen --key-type EC:prime256v1 --label open --id 0e --extractable"),
	    0);
	token = world_begin(world, NULL, "pkcs11:token=milvus-ca;object=open");
	must(token_find_key(token, &key, &err), &err);
	assert_int_equal(key.extractable, TOKEN_FLAG_TRUE);
	token_key_clear(&key);
	token_close(token);
}

static void test_always_authenticate(void **state)
{
	const struct world *world = *state;
	struct token_key key = { 0 };
	struct err err = ERR_INIT;
	struct token *token;

	world_need("pkcs11-tool");
	assert_int_equal(
	    pkcs11_tool(world,
	        "--keypairgen --key-type EC:prime256v1 --label touchy --id 9c --always-auth"),
	    0);
	token = world_begin(world, NULL, "pkcs11:token=milvus-ca;object=touchy");
	must(token_find_key(token, &key, &err), &err);
	assert_int_equal(key.always_authenticate, TOKEN_FLAG_TRUE);
	token_key_clear(&key);
	token_close(token);
	sign_and_check(world, "pkcs11:token=milvus-ca;object=touchy");
}

static void test_foreign_curve(void **state)
{
	const struct world *world = *state;
	struct token_key key = { 0 };
	struct err err = ERR_INIT;
	struct token *token;

	world_need("pkcs11-tool");
	assert_int_equal(
	    pkcs11_tool(world, "--keypairgen --key-type EC:secp521r1 --label wide --id 0521"),
	    0);
	token = world_begin(world, NULL, "pkcs11:token=milvus-ca;object=wide");
	assert_int_equal(token_find_key(token, &key, &err), -1);
	assert_int_equal(err.kind, ERR_REFUSED);
	assert_non_null(strstr(err.text, "on another curve than P-256 and P-384"));
	token_close(token);
}

/* --- PIN ----------------------------------------------------------------------- */

static void test_wrong_pin(void **state)
{
	const struct world *world = *state;
	struct token_params params = { .module = world->module,
		.pin_care = TOKEN_PIN_LAST_TRY };
	struct token *token = NULL;
	struct err err = ERR_INIT;
	BUF_AUTO pin = BUF_INIT;

	must(token_open(&params, &token, &err), &err);
	must(token_select(token, URI, NULL, &err), &err);
	buf_addstr(&pin, "not-the-pin");
	assert_int_equal(token_login(token, &pin, &err), -1);
	assert_int_equal(err.kind, ERR_PIN);
	assert_non_null(strstr(err.text, "cannot log in to token 'milvus-ca' (serial "));
	assert_non_null(
	    strstr(err.text, "): C_Login said CKR_PIN_INCORRECT: the PIN is wrong"));
	assert_null(strstr(err.text, "not-the-pin"));
	/* the same bytes are not sent twice; the right ones still are */
	assert_int_equal(token_login(token, &pin, &err), -1);
	assert_int_equal(err.kind, ERR_PIN);
	assert_string_equal(err.text, "this PIN was refused before and is not tried again");
	must(world_login(*state, token, &err), &err);
	token_close(token);
}

/* SoftHSM2 knows no count, but tells that a PIN was wrong since the last login. */
static void test_careful(void **state)
{
	const struct world *world = *state;
	struct token_params params = { .module = world->module,
		.pin_care = TOKEN_PIN_LAST_TRY };
	struct token *token = world_open(world, NULL);
	struct err err = ERR_INIT;
	BUF_AUTO pin = BUF_INIT;

	must(token_select(token, URI, NULL, &err), &err);
	buf_addstr(&pin, "not-the-pin");
	assert_int_equal(token_login(token, &pin, &err), -1);
	assert_non_null(strstr(err.text, "CKR_PIN_INCORRECT"));
	assert_int_equal(world_login(world, token, &err), -1);
	assert_int_equal(err.kind, ERR_REFUSED);
	assert_non_null(strstr(err.text, "a wrong PIN was given since the last login"));
	token_close(token);
	must(token_open(&params, &token, &err), &err);
	must(token_select(token, URI, NULL, &err), &err);
	must(world_login(world, token, &err), &err);
	token_close(token);
	token = world_begin(world, NULL, URI);
	token_close(token);
}

static void test_strange_pins(void **state)
{
	struct token *token = world_open(*state, NULL);
	struct err err = ERR_INIT;
	BUF_AUTO pin = BUF_INIT;

	must(token_select(token, URI, NULL, &err), &err);
	assert_int_equal(token_login(token, &pin, &err), -1);
	assert_int_equal(err.kind, ERR_PIN);
	assert_non_null(strstr(err.text, "the PIN is empty"));
	buf_addstr(&pin, "abc");
	assert_int_equal(token_login(token, &pin, &err), -1);
	assert_int_equal(err.kind, ERR_PIN);
	assert_non_null(
	    strstr(err.text, "its PINs have 4 to 255 characters, this one has not"));
	buf_add(&pin, "\0def", 4);
	assert_int_equal(token_login(token, &pin, &err), -1);
	assert_int_equal(err.kind, ERR_PIN);
	assert_int_equal(token_login(token, NULL, &err), -1);
	assert_int_equal(err.kind, ERR_REFUSED);
	assert_non_null(strstr(err.text, "it wants a PIN, and there is none"));
	token_close(token);
}

/* --- what may be signed -------------------------------------------------------- */

static void refuse(struct signer *signer, const struct buf *tbs, const char *why)
{
	struct sign_job job = { tbs->data, tbs->len, BUF_INIT };
	struct err err = ERR_INIT;

	assert_int_equal(world_sign(signer, &job, 1, &err), -1);
	assert_int_equal(err.kind, ERR_REFUSED);
	assert_non_null(strstr(err.text, why));
	buf_clear(&job.signature);
}

static void test_use(void **state)
{
	struct token *token = world_begin(*state, NULL, "pkcs11:token=milvus-ca;object=use");
	struct token_key key = { 0 };
	struct world_certificate own = { 7, "mica test", "critical,CA:TRUE", NULL };
	struct signer *issue, *init, *other = NULL;
	struct sign_job job = { 0 };
	struct err err = ERR_INIT;
	BUF_AUTO tbs = BUF_INIT;
	BUF_AUTO issuer = BUF_INIT;

	world_generate(token, ALG_EC_P256, "use", &key);
	issue = world_signer(token, &key, TOKEN_USE_ISSUE);
	init = world_signer(token, &key, TOKEN_USE_INIT);
	world_issuer("somebody else", &issuer);
	must(token_signer(token, &key, TOKEN_USE_INIT, &issuer, &other, &err), &err);
	own.spki = &key.spki;
	world_tbs(ALG_EC_P256, &own, &tbs);
	refuse(issue, &tbs, "a CA certificate, which only init may make");
	refuse(other, &tbs, "names another issuer than this CA");
	job = (struct sign_job){ tbs.data, tbs.len, BUF_INIT };
	must(world_sign(init, &job, 1, &err), &err);
	assert_true(world_verifies(&key, &job));
	refuse(issue, &tbs, "a CA certificate, which only init may make");
	world_tbs(ALG_EC_P256, &world_ca, &tbs);
	refuse(init, &tbs, "a CA certificate for another subject than this CA");
	world_tbs(ALG_EC_P384, &world_leaf, &tbs);
	refuse(issue, &tbs, "another signature algorithm than the CA key's (ec-p256)");
	buf_clear(&tbs);
	buf_addstr(&tbs, "any other bytes");
	refuse(init, &tbs, "no DER SEQUENCE");
	buf_clear(&job.signature);
	signer_free(issue);
	signer_free(init);
	signer_free(other);
	token_key_clear(&key);
	token_close(token);
}

/* The one other key that was named, and no other; another one takes another signer. */
static void test_cross(void **state)
{
	struct token *token = world_begin(*state, NULL, "pkcs11:token=milvus-ca;object=cross");
	MICA_AUTO(EVP_PKEY_freep) EVP_PKEY *other = world_throw_away(ALG_EC_P384);
	MICA_AUTO(EVP_PKEY_freep) EVP_PKEY *third = world_throw_away(ALG_EC_P256);
	BUF_AUTO certified = BUF_INIT, another = BUF_INIT, issuer = BUF_INIT, tbs = BUF_INIT;
	struct world_certificate cross = { 8, "new CA", "critical,CA:TRUE,pathlen:0", NULL };
	struct signer *signer = NULL, *second = NULL;
	struct token_key key = { 0 };
	struct sign_job job = { 0 };
	struct err err = ERR_INIT;

	world_spki(other, &certified);
	world_spki(third, &another);
	world_issuer("mica test", &issuer);
	world_generate(token, ALG_EC_P256, "cross", &key);
	assert_int_equal(
	    token_signer(token, &key, TOKEN_USE_CROSS, &issuer, &signer, &err), -1);
	assert_int_equal(
	    token_signer_cross(token, &key, &issuer, &key.spki, &signer, &err), -1);
	must(token_signer_cross(token, &key, &issuer, &certified, &signer, &err), &err);
	must(token_signer_cross(token, &key, &issuer, &another, &second, &err), &err);
	cross.spki = &another;
	world_tbs(ALG_EC_P256, &cross, &tbs);
	refuse(signer, &tbs, "for another key than the one that was named");
	cross.spki = &certified;
	world_tbs(ALG_EC_P256, &cross, &tbs);
	refuse(second, &tbs, "for another key than the one that was named");
	job = (struct sign_job){ tbs.data, tbs.len, BUF_INIT };
	must(world_sign(signer, &job, 1, &err), &err);
	assert_true(world_verifies(&key, &job));
	buf_clear(&job.signature);
	world_tbs(ALG_EC_P256, &world_leaf, &tbs);
	job = (struct sign_job){ tbs.data, tbs.len, BUF_INIT };
	must(world_sign(signer, &job, 1, &err), &err);
	buf_clear(&job.signature);
	signer_free(signer);
	signer_free(second);
	token_key_clear(&key);
	token_close(token);
}

/* A CRL of more bytes than any datagram has, amid certificates */
static void test_long_job(void **state)
{
	struct token *token = world_begin(*state, NULL, "pkcs11:token=milvus-ca;object=long");
	struct world_jobs jobs = world_jobs(ALG_EC_P256, 40);
	struct token_key key = { 0 };
	struct signer *signer;
	struct err err = ERR_INIT;
	BUF_AUTO crl = BUF_INIT;

	world_crl(ALG_EC_P256, 20000, &crl);
	assert_true(crl.len > 400000);
	jobs.jobs[20].tbs = crl.data;
	jobs.jobs[20].tbs_len = crl.len;
	world_generate(token, ALG_EC_P256, "long", &key);
	signer = world_signer(token, &key, TOKEN_USE_ISSUE);
	must(world_sign(signer, jobs.jobs, jobs.n, &err), &err);
	for (size_t i = 0; i < jobs.n; i++)
		assert_true(world_verifies(&key, &jobs.jobs[i]));
	/* a long one is judged like a short one */
	crl.data[crl.len - 1] ^= 1;
	crl.data[5] ^= 1;
	refuse(signer, &crl, "neither a TBSCertificate nor a TBSCertList");
	signer_free(signer);
	token_key_clear(&key);
	world_jobs_clear(&jobs);
	token_close(token);
}

struct steps {
	size_t last, calls, total;
};

static void count_steps(void *context, size_t done, size_t total)
{
	struct steps *steps = context;

	assert_true(done > steps->last && done <= total);
	steps->last = done;
	steps->total = total;
	steps->calls++;
}

static void test_many(void **state)
{
	struct token *token = world_begin(*state, NULL, "pkcs11:token=milvus-ca;object=many");
	struct world_jobs jobs = world_jobs(ALG_EC_P256, 2000);
	struct token_key key = { 0 };
	struct steps steps = { 0 };
	struct signer *signer;
	struct err err = ERR_INIT;

	world_generate(token, ALG_EC_P256, "many", &key);
	signer = world_signer(token, &key, TOKEN_USE_ISSUE);
	must(signer->ops->sign(signer->context, jobs.jobs, jobs.n, count_steps, &steps, &err),
	    &err);
	assert_int_equal(steps.last, jobs.n);
	assert_int_equal(steps.total, jobs.n);
	assert_true(steps.calls > 10);
	for (size_t i = 0; i < jobs.n; i += 97)
		assert_true(world_verifies(&key, &jobs.jobs[i]));
	must(signer->ops->sign(signer->context, jobs.jobs, 0, NULL, NULL, &err), &err);
	signer_free(signer);
	token_key_clear(&key);
	world_jobs_clear(&jobs);
	token_close(token);
}

/* --- certificates on the token ------------------------------------------------- */

static void test_store(void **state)
{
	const struct world *world = *state;
	struct token *token = world_begin(world, NULL, "pkcs11:token=milvus-ca;object=stored");
	MICA_AUTO(EVP_PKEY_freep) EVP_PKEY *pkey = EVP_EC_gen("P-256");
	MICA_AUTO(X509_freep) X509 *certificate = X509_new();
	X509_NAME *name = world_name("stored CA");
	struct token_key key = { 0 };
	struct err err = ERR_INIT;
	BUF_AUTO der = BUF_INIT;
	unsigned char *bytes = NULL;
	int len;

	X509_set_subject_name(certificate, name);
	X509_set_issuer_name(certificate, name);
	X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
	X509_gmtime_adj(X509_getm_notAfter(certificate), 86400);
	X509_set_pubkey(certificate, pkey);
	ASN1_INTEGER_set(X509_get_serialNumber(certificate), 5);
	assert_true(X509_sign(certificate, pkey, EVP_sha256()) > 0);
	len = i2d_X509(certificate, &bytes);
	buf_add(&der, bytes, (size_t)len);
	OPENSSL_free(bytes);
	X509_NAME_free(name);
	world_generate(token, ALG_EC_P256, "stored", &key);
	must(token_store_certificate(token, &der, &key, &err), &err);
	must(token_store_certificate(token, &der, &key, &err), &err);
	der.data[0] ^= 1;
	assert_int_equal(token_store_certificate(token, &der, &key, &err), -1);
	token_close(token);
	token_key_clear(&key);
	world_need("pkcs11-tool");
	/* once, and whole */
	assert_int_equal(world_run("test $(pkcs11-tool --module %s --token-label milvus-ca -O "
	                           "--type cert 2>/dev/null | grep -c 'label: *stored') = 1",
	                     world->module),
	    0);
	assert_int_equal(
	    world_run("pkcs11-tool --module %s --token-label milvus-ca -r --type cert --label "
	              "stored 2>/dev/null | "
	              "openssl x509 -inform DER -noout -subject | grep -q 'stored CA'",
	        world->module),
	    0);
}

/* --- the lock ------------------------------------------------------------------ */

static void test_lock(void **state)
{
	const struct world *world = *state;
	struct token *first = world_begin(world, NULL, URI),
	             *second = world_begin(world, NULL, URI);
	MICA_FREE char *pid =
	    mem_printf("another mica (process %ld) uses the token 'milvus-ca'", (long)getpid());
	struct err err = ERR_INIT;
	double begun;

	must(token_lock(first, 0, &err), &err);
	must(token_lock(first, 0, &err), &err);
	begun = world_now();
	assert_int_equal(token_lock(second, 200, &err), -1);
	assert_true(world_now() - begun >= 0.2);
	assert_int_equal(err.kind, ERR_BUSY);
	assert_non_null(strstr(err.text, pid));
	token_close(first);
	must(token_lock(second, 0, &err), &err);
	token_close(second);
}

static void test_lock_directory(void **state)
{
	const struct world *world = *state;
	MICA_FREE char *path = mem_printf("%s/open", world->dir);
	struct token *token = world_begin(world, NULL, URI);
	struct err err = ERR_INIT;

	assert_int_equal(world_run("mkdir -p %s && mkdir -m 0755 %s/mica", path, path), 0);
	setenv("XDG_RUNTIME_DIR", path, 1);
	assert_int_equal(token_lock(token, 0, &err), -1);
	assert_int_equal(err.kind, ERR_REFUSED);
	assert_int_equal(
	    world_run("rmdir %s/mica && mkdir -m 0700 %s/real && ln -s real %s/mica", path,
	        path, path),
	    0);
	assert_int_equal(token_lock(token, 0, &err), -1);
	assert_int_equal(world_run("rm %s/mica", path), 0);
	must(token_lock(token, 0, &err), &err);
	setenv("XDG_RUNTIME_DIR", world->dir, 1);
	token_close(token);
}

/* As su and sudo leave it: the directory of the user who was before. */
static void test_lock_directory_of_another(void **state)
{
	const struct world *world = *state;
	MICA_FREE char *path = mem_printf("%s/another", world->dir);
	struct token *token = world_begin(world, NULL, URI);
	struct err err = ERR_INIT;

	if (geteuid() == 0) {
		assert_int_equal(world_run("mkdir %s && chown 1234 %s", path, path), 0);
		setenv("XDG_RUNTIME_DIR", path, 1);
		must(token_lock(token, 0, &err), &err);
		assert_int_equal(world_run("rmdir %s", path), 0); /* nothing was left there */
		setenv("XDG_RUNTIME_DIR", world->dir, 1);
	}
	token_close(token);
}

/* --- the helper ---------------------------------------------------------------- */

static void test_open_wrong(void **state)
{
	const struct world *world = *state;
	MICA_FREE char *text = mem_printf("%s/text.so", world->dir);
	struct token_params params = { .module = text };
	struct token *token = NULL;
	struct err err = ERR_INIT;

	assert_int_equal(token_open(&params, &token, &err), -1);
	assert_int_equal(err.kind, ERR_NOT_FOUND);
	assert_int_equal(world_run("echo no module >%s", text), 0);
	assert_int_equal(token_open(&params, &token, &err), -1);
	assert_int_equal(err.kind, ERR_FAILED);
	assert_non_null(strstr(err.text, "cannot load the module"));
	params.module = "/lib/x86_64-linux-gnu/libm.so.6";
	if (access(params.module, R_OK) == 0) {
		assert_int_equal(token_open(&params, &token, &err), -1);
		assert_non_null(
		    strstr(err.text, "is no PKCS#11 module: it has no C_GetFunctionList"));
	}
	params.module = world->module;
	params.helper = "/nonexistent/mica-token";
	assert_int_equal(token_open(&params, &token, &err), -1);
	assert_non_null(strstr(err.text, "cannot start '/nonexistent/mica-token'"));
	params.helper = "/bin/true";
	assert_int_equal(token_open(&params, &token, &err), -1);
	assert_int_equal(err.kind, ERR_LOST);
	assert_non_null(strstr(err.text, "mica-token ended by itself (status 0)"));
	assert_null(token);
}

/* A start is not waited for, and what went wrong with it is told by the first call. */
static void test_start(void **state)
{
	const struct world *world = *state;
	MICA_FREE char *text = mem_printf("%s/started.so", world->dir);
	struct token_params params = { .module = world->module };
	struct token_info *infos = NULL;
	struct token *token = NULL;
	struct err err = ERR_INIT;
	size_t n = 0;

	must(token_start(&params, &token, &err), &err);
	must(token_select(token, URI, NULL, &err), &err);
	must(world_login(world, token, &err), &err);
	token_close(token);
	token = NULL;
	must(token_start(&params, &token, &err), &err);
	token_close(token);
	token = NULL;
	assert_int_equal(world_run("echo no module >%s", text), 0);
	params.module = text;
	must(token_start(&params, &token, &err), &err);
	assert_int_equal(token_list(token, &infos, &n, &err), -1);
	assert_int_equal(err.kind, ERR_FAILED);
	assert_non_null(strstr(err.text, "cannot load the module"));
	token_close(token);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_p256),
		cmocka_unit_test(test_p384),
		cmocka_unit_test(test_rsa_2048),
		cmocka_unit_test(test_rsa_3072),
		cmocka_unit_test(test_rsa_4096),
		cmocka_unit_test(test_select_wrong),
		cmocka_unit_test(test_find_nothing),
		cmocka_unit_test(test_exists),
		cmocka_unit_test(test_ambiguous),
		cmocka_unit_test(test_shared_id),
		cmocka_unit_test(test_extractable_shown),
		cmocka_unit_test(test_always_authenticate),
		cmocka_unit_test(test_foreign_curve),
		cmocka_unit_test(test_wrong_pin),
		cmocka_unit_test(test_careful),
		cmocka_unit_test(test_strange_pins),
		cmocka_unit_test(test_use),
		cmocka_unit_test(test_cross),
		cmocka_unit_test(test_long_job),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_store),
		cmocka_unit_test(test_lock),
		cmocka_unit_test(test_lock_directory),
		cmocka_unit_test(test_lock_directory_of_another),
		cmocka_unit_test(test_open_wrong),
		cmocka_unit_test(test_start),
		cmocka_unit_test(test_select_ambiguous),
	};
	const struct CMUnitTest beside_ed25519[] = { cmocka_unit_test(test_ed25519_beside) };

	harden_process();
	return cmocka_run_group_tests(tests, world_up, world_down) +
	       cmocka_run_group_tests_name(
	           "beside Ed25519", beside_ed25519, world_up, world_down);
}
