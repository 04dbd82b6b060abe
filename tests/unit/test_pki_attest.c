// SPDX-License-Identifier: Apache-2.0
/*
 * A TPM's certification of a key: what a TPM would write is written here field by field, so
 * that each field can be wrong in turn. That real ones are taken is seen in
 * tests/token/test_tpm2.py.
 */
#include "pki_world.h"

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <mica/attest.h>

#include "../../src/pki/pem.h"
#include "../../src/pki/tpm.h"

#define AK_PURPOSE "2.23.133.8.3"

static EVP_PKEY *p256(void)
{
	return EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
}

static EVP_PKEY *p384(void)
{
	return EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-384");
}

static EVP_PKEY *rsa(void)
{
	return EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
}

/* Where among those that vouch for the CA's key it stands itself */
enum own { NOWHERE, OWN_SIGNER, OWN_MIDDLE, OWN_ROOT };

/* Everything that a certification says, as the next test wants it */
struct story {
	EVP_PKEY *(*ca_kind)(void), *(*ak_kind)(void);
	const char *purpose, *usage,
	    *basic; /* of the attestation key's certificate; NULL: none */
	const char *san;
	int64_t ak_end; /* its notAfter */
	uint32_t magic;
	uint16_t type;
	uint16_t name_alg;
	uint32_t attributes;
	uint16_t sig_alg, sig_hash;
	const char *digest; /* that sig_hash stands for */
	uint16_t curve;     /* 0: the key's own */
	uint32_t exponent;
	int cut_attest, cut_public, cut_signature; /* bytes less; negative: more */
	bool other_name, other_key, other_signer, other_root, other_bytes, no_intermediate;
	enum own own;
	const char *leave_out, *twice; /* labels */
};

static const struct story good = {
	.ca_kind = p256,
	.ak_kind = p256,
	.purpose = AK_PURPOSE,
	.usage = "critical,digitalSignature",
	.basic = "critical,CA:FALSE",
	.ak_end = WORLD_NOW + CLOCK_DAY,
	.magic = TPM_GENERATED,
	.type = TPM_ST_ATTEST_CERTIFY,
	.name_alg = TPM_ALG_SHA256,
	.attributes = 0x00040072,
	.sig_alg = TPM_ALG_ECDSA,
	.sig_hash = TPM_ALG_SHA256,
	.digest = "SHA256",
};

/* --- what a TPM writes ---------------------------------------------------------- */

static void put(struct buf *to, uint64_t value, int bytes)
{
	for (int i = bytes - 1; i >= 0; i--) {
		unsigned char byte = (unsigned char)(value >> (8 * i));

		buf_add(to, &byte, 1);
	}
}

static void put_sized(struct buf *to, const void *bytes, size_t len)
{
	put(to, len, 2);
	buf_add(to, bytes, len);
}

/* As few bytes as it takes: a TPM may leave zeros out. */
static void put_number(struct buf *to, const EVP_PKEY *pkey, const char *param)
{
	BIGNUM *number = NULL;
	unsigned char bytes[512];
	int len;

	assert_int_equal(EVP_PKEY_get_bn_param(pkey, param, &number), 1);
	len = BN_bn2bin(number, bytes);
	put_sized(to, bytes, (size_t)len);
	BN_free(number);
}

static void make_public(const struct story *story, const EVP_PKEY *key, struct buf *ret)
{
	bool is_rsa = EVP_PKEY_is_a(key, "RSA");

	put(ret, is_rsa ? TPM_ALG_RSA : TPM_ALG_ECC, 2);
	put(ret, story->name_alg, 2);
	put(ret, story->attributes, 4);
	put_sized(ret, "policy", 6);
	put(ret, TPM_ALG_NULL, 2); /* symmetric */
	if (is_rsa) {
		put(ret, TPM_ALG_RSASSA, 2);
		put(ret, TPM_ALG_SHA256, 2);
		put(ret, 2048, 2);
		put(ret, story->exponent, 4);
		put_number(ret, key, OSSL_PKEY_PARAM_RSA_N);
		return;
	}
	put(ret, TPM_ALG_NULL, 2); /* scheme */
	put(ret, story->curve ? story->curve : EVP_PKEY_get_bits(key) == 256 ? 3 : 4, 2);
	put(ret, TPM_ALG_NULL, 2); /* kdf */
	put_number(ret, key, OSSL_PKEY_PARAM_EC_PUB_X);
	put_number(ret, key, OSSL_PKEY_PARAM_EC_PUB_Y);
}

static void make_attest(const struct story *story, const struct buf *public, struct buf *ret)
{
	BUF_AUTO name = BUF_INIT;
	unsigned char hash[EVP_MAX_MD_SIZE];
	size_t len = 0;

	put(&name, story->name_alg, 2);
	assert_int_equal(EVP_Q_digest(NULL,
	                     story->name_alg == TPM_ALG_SHA1     ? "SHA1"
	                     : story->name_alg == TPM_ALG_SHA384 ? "SHA384"
	                                                         : "SHA256",
	                     NULL, public->data, public->len, hash, &len),
	    1);
	buf_add(&name, hash, len);
	name.data[name.len - 1] ^= story->other_name;
	put(ret, story->magic, 4);
	put(ret, story->type, 2);
	put_sized(ret, "\0\x0bsigner", 8);
	put_sized(ret, "nonce", 5);
	put(ret, 1234567, 8); /* clock */
	put(ret, 1, 4);
	put(ret, 2, 4);
	put(ret, 1, 1);
	put(ret, 0x2019012300000000, 8); /* firmware */
	put_sized(ret, name.data, name.len);
	put_sized(ret, "\0\x0bqualified", 11);
}

static void put_ecdsa(struct buf *to, const unsigned char *der, size_t len)
{
	ECDSA_SIG *signature = d2i_ECDSA_SIG(NULL, &der, (long)len);
	unsigned char bytes[66];

	assert_non_null(signature);
	put_sized(to, bytes, (size_t)BN_bn2bin(ECDSA_SIG_get0_r(signature), bytes));
	put_sized(to, bytes, (size_t)BN_bn2bin(ECDSA_SIG_get0_s(signature), bytes));
	ECDSA_SIG_free(signature);
}

static void make_signature(
    const struct story *story, EVP_PKEY *ak, const struct buf *attest, struct buf *ret)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *detail = NULL;
	unsigned char bytes[512];
	size_t len = sizeof(bytes);

	assert_int_equal(
	    EVP_DigestSignInit_ex(ctx, &detail, story->digest, NULL, NULL, ak, NULL), 1);
	if (story->sig_alg == TPM_ALG_RSAPSS)
		assert_int_equal(
		    EVP_PKEY_CTX_set_rsa_padding(detail, RSA_PKCS1_PSS_PADDING), 1);
	assert_int_equal(EVP_DigestSign(ctx, bytes, &len, attest->data, attest->len), 1);
	put(ret, story->sig_alg, 2);
	put(ret, story->sig_hash, 2);
	if (EVP_PKEY_is_a(ak, "EC"))
		put_ecdsa(ret, bytes, len);
	else
		put_sized(ret, bytes, len);
	EVP_MD_CTX_free(ctx);
}

/* --- certificates --------------------------------------------------------------- */

struct issuer {
	X509 *x509;
	EVP_PKEY *key;
};

static void extend(X509 *x509, int nid, const char *value)
{
	X509_EXTENSION *extension = value ? X509V3_EXT_conf_nid(NULL, NULL, nid, value) : NULL;

	assert_true(!value || extension);
	if (extension)
		assert_int_equal(X509_add_ext(x509, extension, -1), 1);
	X509_EXTENSION_free(extension);
}

/* What a vendor writes into the subject alternative name: TCG EK Credential Profile */
static void name_device(X509 *x509)
{
	static const struct {
		const char *oid, *value;
	} parts[] = { { "2.23.133.2.1", "id:49424D00" }, { "2.23.133.2.2", "SW TPM" },
		{ "2.23.133.2.3", "id:20190123" } };
	GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
	GENERAL_NAME *name = GENERAL_NAME_new();
	X509_NAME *directory = X509_NAME_new();

	for (size_t i = 0; i < mem_count(parts); i++) {
		ASN1_OBJECT *oid = OBJ_txt2obj(parts[i].oid, 1);

		assert_int_equal(X509_NAME_add_entry_by_OBJ(directory, oid, MBSTRING_UTF8,
		                     (const unsigned char *)parts[i].value, -1, -1, 0),
		    1);
		ASN1_OBJECT_free(oid);
	}
	GENERAL_NAME_set0_value(name, GEN_DIRNAME, directory);
	sk_GENERAL_NAME_push(names, name);
	assert_int_equal(X509_add1_ext_i2d(x509, NID_subject_alt_name, names, 1, 0), 1);
	GENERAL_NAMES_free(names);
}

static X509 *certificate(
    const char *cn, EVP_PKEY *key, const struct issuer *issuer, const struct story *story)
{
	static long serial;
	X509 *x509 = X509_new();
	X509_NAME *name = X509_get_subject_name(x509);
	time_t begin = WORLD_NOW - CLOCK_DAY;
	time_t end = story ? (time_t)story->ak_end : WORLD_NOW + 100 * CLOCK_DAY;

	X509_set_version(x509, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(x509), ++serial);
	X509_NAME_add_entry_by_txt(
	    name, "CN", MBSTRING_UTF8, (const unsigned char *)cn, -1, -1, 0);
	X509_set_issuer_name(x509, issuer ? X509_get_subject_name(issuer->x509) : name);
	ASN1_TIME_set(X509_getm_notBefore(x509), begin);
	ASN1_TIME_set(X509_getm_notAfter(x509), end);
	X509_set_pubkey(x509, key);
	extend(x509, NID_basic_constraints, story ? story->basic : "critical,CA:TRUE");
	extend(x509, NID_key_usage, story ? story->usage : "critical,keyCertSign");
	extend(x509, NID_ext_key_usage, story ? story->purpose : NULL);
	if (story && story->san)
		name_device(x509);
	assert_true(X509_sign(x509, issuer ? issuer->key : key, EVP_sha256()) > 0);
	return x509;
}

static void add_pem(struct buf *to, X509 *x509)
{
	BUF_AUTO der = BUF_INIT;
	unsigned char *bytes = NULL;
	int len = i2d_X509(x509, &bytes);

	buf_add(&der, bytes, (size_t)len);
	OPENSSL_free(bytes);
	pem_write("CERTIFICATE", &der, to);
}

/* --- a whole file --------------------------------------------------------------- */

struct file {
	struct buf pem, roots, spki;
};

static void file_clear(struct file *file)
{
	buf_clear(&file->pem);
	buf_clear(&file->roots);
	buf_clear(&file->spki);
}

static void add_block(
    const struct story *story, struct file *file, const char *label, struct buf *bytes, int cut)
{
	for (int i = 0; i > cut; i--)
		buf_add(bytes, "x", 1);
	if (cut > 0)
		buf_cut(bytes, bytes->len - (size_t)cut);
	if (story->leave_out && strcmp(story->leave_out, label) == 0)
		return;
	pem_write(label, bytes, &file->pem);
	if (story->twice && strcmp(story->twice, label) == 0)
		pem_write(label, bytes, &file->pem);
}

static void add_statement(
    const struct story *story, EVP_PKEY *ca, EVP_PKEY *ak, struct file *file)
{
	BUF_AUTO public = BUF_INIT;
	BUF_AUTO attest = BUF_INIT;
	BUF_AUTO signature = BUF_INIT;

	make_public(story, ca, &public);
	make_attest(story, &public, &attest);
	make_signature(story, ak, &attest, &signature);
	attest.data[attest.len - 1] ^= story->other_bytes;
	add_block(story, file, "TPM2 ATTEST", &attest, story->cut_attest);
	add_block(story, file, "TPM2 SIGNATURE", &signature, story->cut_signature);
	add_block(story, file, "TPM2 PUBLIC", &public, story->cut_public);
}

/* A root, an intermediate below it, the attestation key's certificate below that */
static void tell(const struct story *story, struct file *ret)
{
	EVP_PKEY *ca = story->ca_kind(), *ak = story->ak_kind(), *other = story->ak_kind();
	struct issuer root = { NULL, p256() }, middle = { NULL, p384() };
	struct issuer stranger = { NULL, p256() };
	EVP_PKEY *stranger_ca = story->ca_kind();
	EVP_PKEY **const places[] = {
		[OWN_SIGNER] = &ak, [OWN_MIDDLE] = &middle.key, [OWN_ROOT] = &root.key
	};
	X509 *signer;

	if (story->own != NOWHERE) {
		EVP_PKEY_free(*places[story->own]);
		EVP_PKEY_up_ref(ca);
		*places[story->own] = ca;
	}
	root.x509 = certificate("root", root.key, NULL, NULL);
	middle.x509 = certificate("middle", middle.key, &root, NULL);
	stranger.x509 = certificate("root", stranger.key, NULL, NULL);
	signer = certificate("attestation key", ak, &middle, story);
	*ret = (struct file){ .pem = BUF_INIT };
	buf_addstr(&ret->pem, "a text before it\n");
	add_statement(story, ca, story->other_signer ? other : ak, ret);
	add_pem(&ret->pem, signer);
	if (!story->no_intermediate)
		add_pem(&ret->pem, middle.x509);
	add_pem(&ret->roots, story->other_root ? stranger.x509 : root.x509);
	ret->spki = soft_spki(story->other_key ? stranger_ca : ca);
	X509_free(root.x509);
	X509_free(middle.x509);
	X509_free(stranger.x509);
	X509_free(signer);
	EVP_PKEY_free(root.key);
	EVP_PKEY_free(middle.key);
	EVP_PKEY_free(stranger.key);
	EVP_PKEY_free(stranger_ca);
	EVP_PKEY_free(ca);
	EVP_PKEY_free(ak);
	EVP_PKEY_free(other);
}

/* --- taken ---------------------------------------------------------------------- */

static void is_taken(const struct story *story, const char *device)
{
	MICA_AUTO(attest_result_clear) struct attest_result result = { 0 };
	MICA_AUTO(file_clear) struct file file;
	struct err err = ERR_INIT;

	tell(story, &file);
	if (attest_tpm(&file.pem, &file.roots, &file.spki, WORLD_NOW, &result, &err) < 0)
		fail_msg("%s", err.text);
	assert_string_equal(result.kind, "tpm2-certify");
	assert_string_equal(result.device, device);
	assert_string_equal(result.issuer, "CN=root");
	assert_int_equal(strlen(result.root_sha256), 64);
	assert_int_equal(strlen(result.certificate_sha256), 64);
}

static void every_kind_of_key_is_taken(void **state)
{
	static EVP_PKEY *(*const kinds[])(void) = { p256, p384, rsa };

	(void)state;
	for (size_t i = 0; i < mem_count(kinds); i++) {
		struct story story = good;

		story.ca_kind = kinds[i];
		is_taken(&story, "CN=attestation key");
	}
}

static void every_kind_of_attestation_key_is_taken(void **state)
{
	struct story story = good;

	(void)state;
	story.san = "device";
	is_taken(&story, "manufacturer id:49424D00, model SW TPM, version id:20190123");
	story.ak_kind = rsa;
	story.sig_alg = TPM_ALG_RSASSA;
	is_taken(&story, "manufacturer id:49424D00, model SW TPM, version id:20190123");
	story.san = NULL;
	story.sig_alg = TPM_ALG_RSAPSS;
	is_taken(&story, "CN=attestation key");
	story.sig_hash = TPM_ALG_SHA512;
	story.digest = "SHA512";
	story.name_alg = TPM_ALG_SHA384;
	is_taken(&story, "CN=attestation key");
	story = good;
	story.ak_kind = p384;
	story.sig_hash = TPM_ALG_SHA384;
	story.digest = "SHA384";
	is_taken(&story, "CN=attestation key");
}

/* A TPM may leave the zeros out with which a coordinate begins: one key in 256 has some. */
static EVP_PKEY *p256_short(void)
{
	for (;;) {
		EVP_PKEY *pkey = p256();
		BIGNUM *x = NULL;
		int len;

		assert_int_equal(EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_EC_PUB_X, &x), 1);
		len = BN_num_bytes(x);
		BN_free(x);
		if (len < 32)
			return pkey;
		EVP_PKEY_free(pkey);
	}
}

static void a_short_coordinate_is_taken(void **state)
{
	struct story story = good;

	(void)state;
	story.ca_kind = p256_short;
	is_taken(&story, "CN=attestation key");
}

/* --- refused -------------------------------------------------------------------- */

static void is_refused(const struct story *story, const char *words)
{
	MICA_AUTO(attest_result_clear) struct attest_result result = { 0 };
	MICA_AUTO(file_clear) struct file file;
	struct err err = ERR_INIT;

	tell(story, &file);
	assert_int_equal(
	    attest_tpm(&file.pem, &file.roots, &file.spki, WORLD_NOW, &result, &err), -1);
	assert_null(result.kind);
	assert_null(result.issuer);
	if (!strstr(err.text, words))
		fail_msg("'%s' does not say '%s'", err.text, words);
}

#define REFUSED(words, ...)                                                                    \
	do {                                                                                   \
		struct story story = good;                                                     \
		__VA_ARGS__;                                                                   \
		is_refused(&story, words);                                                     \
	} while (0)

static void what_the_statement_says_wrong(void **state)
{
	(void)state;
	REFUSED("lacks TPM_GENERATED", story.magic = 0xff544346);
	REFUSED("no certification of a key: its type is 0x8018", story.type = 0x8018);
	REFUSED("of another key than that of the TPM2 PUBLIC block", story.other_name = true);
	REFUSED("too weak", story.name_alg = TPM_ALG_SHA1);
	REFUSED("of another key than the CA's", story.other_key = true);
	REFUSED("of another key than the CA's", story.curve = 4);
	REFUSED("of another key than the CA's", story.ca_kind = rsa, story.exponent = 3);
	REFUSED("sensitiveDataOrigin", story.attributes &= ~TPM_OBJECT_SENSITIVE_DATA_ORIGIN);
	REFUSED("fixedTPM", story.attributes &= ~TPM_OBJECT_FIXED_TPM);
	REFUSED("fixedParent", story.attributes &= ~TPM_OBJECT_FIXED_PARENT);
	REFUSED("cannot sign", story.attributes &= ~TPM_OBJECT_SIGN);
}

static void whose_signature_it_is_not(void **state)
{
	(void)state;
	REFUSED("its signature does not verify", story.other_signer = true);
	REFUSED("its signature does not verify", story.other_bytes = true);
	REFUSED("its signature does not verify", story.ak_kind = rsa,
	    story.sig_alg = TPM_ALG_RSASSA, story.digest = "SHA384");
	REFUSED("its signature does not verify", story.ak_kind = rsa,
	    story.sig_alg = TPM_ALG_RSASSA, story.other_signer = true);
	REFUSED("too weak", story.sig_hash = TPM_ALG_SHA1, story.digest = "SHA1");
	REFUSED("the scheme 0x001a", story.sig_alg = TPM_ALG_ECDAA);
}

/* a signature by padding that was not announced */
static void a_scheme_that_does_not_fit(void **state)
{
	(void)state;
	REFUSED("TPM2 SIGNATURE block", story.sig_alg = TPM_ALG_RSASSA);
	REFUSED("TPM2 SIGNATURE block", story.ak_kind = rsa, story.sig_alg = TPM_ALG_ECDSA);
}

static void whose_certificate_does_not_count(void **state)
{
	(void)state;
	REFUSED("do not lead to the root", story.other_root = true);
	REFUSED("do not lead to the root", story.no_intermediate = true);
	REFUSED("certificate has expired", story.ak_end = WORLD_NOW - 1);
	REFUSED("lacks the extended key usage 2.23.133.8.3", story.purpose = NULL);
	REFUSED("lacks the extended key usage 2.23.133.8.3", story.purpose = "serverAuth");
	REFUSED("not for signatures", story.usage = "critical,keyAgreement");
	REFUSED("is a CA's", story.basic = "critical,CA:TRUE",
	    story.usage = "critical,keyCertSign,digitalSignature");
}

/* A CA whose key is a file could say all of this of itself. */
static void a_ca_that_vouches_for_itself(void **state)
{
	static const enum own places[] = { OWN_SIGNER, OWN_MIDDLE, OWN_ROOT };

	(void)state;
	for (size_t i = 0; i < mem_count(places); i++)
		REFUSED(
		    "the CA's own key is among those that vouch for it", story.own = places[i]);
}

static void what_is_not_whole(void **state)
{
	static const char *const labels[] = { "TPM2 ATTEST", "TPM2 SIGNATURE", "TPM2 PUBLIC" };

	(void)state;
	for (size_t i = 0; i < mem_count(labels); i++) {
		REFUSED("holds no TPM2", story.leave_out = labels[i]);
		REFUSED("more than one TPM2", story.twice = labels[i]);
	}
	REFUSED("ATTEST block ends too soon", story.cut_attest = 1);
	REFUSED("ATTEST block has 1 bytes too many", story.cut_attest = -1);
	REFUSED("PUBLIC block ends too soon", story.cut_public = 1);
	REFUSED("PUBLIC block has 3 bytes too many", story.cut_public = -3);
	REFUSED("SIGNATURE block ends too soon", story.cut_signature = 1);
	REFUSED("SIGNATURE block has 1 bytes too many", story.cut_signature = -1);
}

/* Whatever byte is changed, between the blocks and the certificates or in them, nothing passes
 * that did not before: but for the last block, whose intermediate is no part of the statement,
 * each change is refused. */
static void no_changed_byte_of_the_statement_passes(void **state)
{
	MICA_AUTO(attest_result_clear) struct attest_result result = { 0 };
	MICA_AUTO(file_clear) struct file file;
	const char *end;
	struct err err = ERR_INIT;

	(void)state;
	tell(&good, &file);
	assert_int_equal(
	    attest_tpm(&file.pem, &file.roots, &file.spki, WORLD_NOW, &result, &err), 0);
	end = strstr(buf_text(&file.pem), "-----BEGIN CERTIFICATE");
	for (unsigned char *at =
	         (unsigned char *)strstr(buf_text(&file.pem), "-----BEGIN TPM2");
	     (const char *)at < end; at++) {
		unsigned char was = *at;

		*at = was == 'Q' ? 'w' : 'Q';
		if (attest_tpm(&file.pem, &file.roots, &file.spki, WORLD_NOW, &result, &err) ==
		    0)
			fail_msg("byte %zd", (ssize_t)(at - file.pem.data));
		*at = was;
	}
}

static void no_pem_at_all(void **state)
{
	static const char *const texts[] = { "", "nothing", "-----BEGIN TPM2 ATTEST-----\n" };
	MICA_AUTO(attest_result_clear) struct attest_result result = { 0 };
	MICA_AUTO(file_clear) struct file file;
	struct err err = ERR_INIT;

	(void)state;
	tell(&good, &file);
	for (size_t i = 0; i < mem_count(texts); i++) {
		BUF_AUTO text = BUF_INIT;

		buf_addstr(&text, texts[i]);
		assert_int_equal(
		    attest_tpm(&text, &file.roots, &file.spki, WORLD_NOW, &result, &err), -1);
		assert_int_equal(err.kind, ERR_FAILED);
		assert_int_equal(
		    attest_tpm(&file.pem, &text, &file.spki, WORLD_NOW, &result, &err), -1);
		assert_int_equal(err.kind, ERR_FAILED);
		assert_int_equal(
		    attest_tpm(&file.pem, &file.roots, &text, WORLD_NOW, &result, &err), -1);
		assert_int_equal(err.kind, ERR_FAILED);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_of_key_is_taken),
		cmocka_unit_test(every_kind_of_attestation_key_is_taken),
		cmocka_unit_test(a_short_coordinate_is_taken),
		cmocka_unit_test(what_the_statement_says_wrong),
		cmocka_unit_test(whose_signature_it_is_not),
		cmocka_unit_test(a_scheme_that_does_not_fit),
		cmocka_unit_test(whose_certificate_does_not_count),
		cmocka_unit_test(a_ca_that_vouches_for_itself),
		cmocka_unit_test(what_is_not_whole),
		cmocka_unit_test(no_changed_byte_of_the_statement_passes),
		cmocka_unit_test(no_pem_at_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
