// SPDX-License-Identifier: Apache-2.0
#include <mica/attest.h>

#include <string.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <mica/mem.h>

#include "attest_chain.h"
#include "pkey.h"
#include "spki.h"
#include "tpm.h"

/* TCG EK Credential Profile 2.x, 3.2 and 3.1.2: what names an attestation key and a TPM */
static const char oid_attestation_key[] = "2.23.133.8.3";

static const struct {
	const char *oid, *word;
} device_names[] = {
	{ "2.23.133.2.1", "manufacturer" },
	{ "2.23.133.2.2", "model" },
	{ "2.23.133.2.3", "version" },
};

struct certification {
	struct tpm_span attest_bytes, public_bytes;
	struct tpm_attest attest;
	struct tpm_signature signature;
	struct tpm_public key;
};

/* --- the file ------------------------------------------------------------------ */

static int block(
    const struct attest_file *file, const char *label, struct tpm_span *ret, struct err *err)
{
	const struct buf *bytes;

	if (attest_file_block(file, label, &bytes, err) < 0)
		return -1;
	*ret = (struct tpm_span){ bytes->data, bytes->len };
	return 0;
}

static int read_certification(
    const struct attest_file *file, struct certification *ret, struct err *err)
{
	struct tpm_span signature;

	if (block(file, "TPM2 ATTEST", &ret->attest_bytes, err) < 0 ||
	    block(file, "TPM2 SIGNATURE", &signature, err) < 0 ||
	    block(file, "TPM2 PUBLIC", &ret->public_bytes, err) < 0)
		return -1;
	if (tpm_read_attest(ret->attest_bytes, &ret->attest, err) < 0 ||
	    tpm_read_signature(signature, &ret->signature, err) < 0)
		return -1;
	return tpm_read_public(ret->public_bytes, &ret->key, err);
}

/* --- the attestation key's certificate ----------------------------------------- */

static bool has_purpose(const X509 *x509, const char *oid)
{
	EXTENDED_KEY_USAGE *purposes = X509_get_ext_d2i(x509, NID_ext_key_usage, NULL, NULL);
	ASN1_OBJECT *wanted = OBJ_txt2obj(oid, 1);
	bool found = false;

	for (int i = 0; wanted && i < sk_ASN1_OBJECT_num(purposes); i++)
		found |= OBJ_cmp(sk_ASN1_OBJECT_value(purposes, i), wanted) == 0;
	ASN1_OBJECT_free(wanted);
	EXTENDED_KEY_USAGE_free(purposes);
	return found;
}

/* Only a key that signs nothing but what its TPM made itself may say "a TPM made this": any
 * other key below the same root could sign bytes that look alike. Its certificate tells them
 * apart. */
static int judge_signer(X509 *signer, struct err *err)
{
	if (X509_check_ca(signer) != 0)
		return err_set(err, ERR_REFUSED,
		    "the attestation's first certificate is a CA's, not an attestation key's");
	if (!(X509_get_key_usage(signer) & KU_DIGITAL_SIGNATURE))
		return err_set(err, ERR_REFUSED,
		    "the attestation's first certificate is not for signatures");
	if (has_purpose(signer, oid_attestation_key))
		return 0;
	err_set(err, ERR_REFUSED,
	    "the attestation's first certificate is not an attestation key's: it lacks the "
	    "extended key usage %s",
	    oid_attestation_key);
	return err_hint(err,
	    "its issuer must have seen that the key is a restricted signing key of a TPM, and "
	    "says so by that usage");
}

/* --- its signature ------------------------------------------------------------- */

static void ecdsa_freep(ECDSA_SIG **sig)
{
	ECDSA_SIG_free(*sig);
}

static int ecdsa_der(const struct tpm_signature *signature, struct buf *ret)
{
	MICA_AUTO(ecdsa_freep) ECDSA_SIG *sig = ECDSA_SIG_new();
	BIGNUM *r = BN_bin2bn(signature->r.data, (int)signature->r.len, NULL);
	BIGNUM *s = BN_bin2bn(signature->s.data, (int)signature->s.len, NULL);
	unsigned char *der = NULL;
	int len;

	if (!sig || !r || !s || ECDSA_SIG_set0(sig, r, s) != 1) {
		BN_free(r);
		BN_free(s);
		return -1;
	}
	len = i2d_ECDSA_SIG(sig, &der);
	if (len > 0)
		buf_add(ret, der, (size_t)len);
	OPENSSL_free(der);
	return len > 0 ? 0 : -1;
}

static bool fits(const EVP_PKEY *pkey, uint16_t alg)
{
	return EVP_PKEY_is_a(pkey, alg == TPM_ALG_ECDSA ? "EC" : "RSA");
}

static bool signed_by(EVP_PKEY *pkey, const struct certification *made)
{
	MD_CTX_AUTO *ctx = EVP_MD_CTX_new();
	const struct tpm_signature *signature = &made->signature;
	const char *digest = tpm_digest(signature->hash);
	EVP_PKEY_CTX *detail = NULL;
	BUF_AUTO bytes = BUF_INIT;

	if (signature->alg != TPM_ALG_ECDSA)
		buf_add(&bytes, signature->signature.data, signature->signature.len);
	else if (ecdsa_der(signature, &bytes) < 0)
		return false;
	if (!ctx || EVP_DigestVerifyInit_ex(ctx, &detail, digest, NULL, NULL, pkey, NULL) != 1)
		return false;
	if (signature->alg == TPM_ALG_RSAPSS &&
	    (EVP_PKEY_CTX_set_rsa_padding(detail, RSA_PKCS1_PSS_PADDING) != 1 ||
	        EVP_PKEY_CTX_set_rsa_pss_saltlen(detail, RSA_PSS_SALTLEN_AUTO) != 1))
		return false;
	return EVP_DigestVerify(ctx, bytes.data, bytes.len, made->attest_bytes.data,
	           made->attest_bytes.len) == 1;
}

static int judge_signature(
    const X509 *signer, const struct certification *made, struct err *err)
{
	EVP_PKEY *pkey = X509_get0_pubkey(signer);
	bool good;

	if (!pkey) {
		ERR_clear_error();
		return err_set(err, ERR_FAILED, "the attestation key cannot be used");
	}
	if (!tpm_digest(made->signature.hash))
		return err_set(err, ERR_REFUSED,
		    "the certification is signed with the digest 0x%04x, which is too weak or "
		    "not "
		    "known",
		    made->signature.hash);
	good = fits(pkey, made->signature.alg) && signed_by(pkey, made);
	ERR_clear_error();
	if (good)
		return 0;
	return err_set(err, ERR_REFUSED,
	    "the TPM2 ATTEST block is not signed by the attestation key: its signature does "
	    "not "
	    "verify");
}

/* --- what it says -------------------------------------------------------------- */

static int judge_statement(const struct certification *made, struct err *err)
{
	const struct tpm_span *name = &made->attest.attested;
	const char *digest = tpm_digest(made->key.name_alg);
	unsigned char hash[EVP_MAX_MD_SIZE];
	size_t len = 0;

	if (made->attest.magic != TPM_GENERATED)
		return err_set(err, ERR_REFUSED,
		    "the TPM2 ATTEST block was not made by a TPM: it lacks TPM_GENERATED");
	if (made->attest.type != TPM_ST_ATTEST_CERTIFY)
		return err_set(err, ERR_REFUSED,
		    "the TPM2 ATTEST block is no certification of a key: its type is 0x%04x",
		    made->attest.type);
	if (!digest)
		return err_set(err, ERR_REFUSED,
		    "the certified key's name is made with the digest 0x%04x, which is too "
		    "weak "
		    "or not known",
		    made->key.name_alg);
	if (EVP_Q_digest(NULL, digest, NULL, made->public_bytes.data, made->public_bytes.len,
	        hash, &len) != 1)
		return err_openssl(err, "cannot calculate the key's name");
	if (name->len == 2 + len && name->data[0] == made->key.name_alg >> 8 &&
	    name->data[1] == (made->key.name_alg & 0xff) &&
	    memcmp(name->data + 2, hash, len) == 0)
		return 0;
	return err_set(err, ERR_REFUSED,
	    "the certification is of another key than that of the TPM2 PUBLIC block");
}

static int judge_attributes(const struct tpm_public *key, struct err *err)
{
	static const struct {
		uint32_t bit;
		const char *lacks;
	} wanted[] = {
		{ TPM_OBJECT_SENSITIVE_DATA_ORIGIN,
		    "was not made by the TPM (sensitiveDataOrigin is clear)" },
		{ TPM_OBJECT_FIXED_TPM, "can leave its TPM (fixedTPM is clear)" },
		{ TPM_OBJECT_FIXED_PARENT,
		    "can be given to another parent (fixedParent is clear)" },
		{ TPM_OBJECT_SIGN, "cannot sign (sign is clear)" },
	};

	for (size_t i = 0; i < mem_count(wanted); i++) {
		if (!(key->attributes & wanted[i].bit))
			return err_set(
			    err, ERR_REFUSED, "the certified key %s", wanted[i].lacks);
	}
	return 0;
}

/* --- is it the CA's key -------------------------------------------------------- */

static bool same_number(const BIGNUM *number, struct tpm_span bytes)
{
	BIGNUM *other = BN_bin2bn(bytes.data, (int)bytes.len, NULL);
	bool same = other && BN_cmp(number, other) == 0;

	BN_free(other);
	return same;
}

static bool same_rsa(const struct spki *spki, const struct tpm_public *key)
{
	BIGNUM *n = NULL, *e = NULL;
	bool same;

	if (spki_rsa_numbers(spki, &n, &e) < 0)
		return false;
	same = same_number(n, key->n) && BN_is_word(e, key->exponent);
	BN_free(n);
	BN_free(e);
	return same;
}

/* TPM_ECC_CURVE, and the bytes of a coordinate. A TPM may leave leading zeros out. */
static const struct {
	uint16_t curve;
	int nid;
	size_t len;
} curves[] = {
	{ 0x0003, NID_X9_62_prime256v1, 32 },
	{ 0x0004, NID_secp384r1, 48 },
};

static void add_coordinate(struct buf *point, struct tpm_span span, size_t len)
{
	static const unsigned char zero;

	for (size_t i = span.len; i < len; i++)
		buf_add(point, &zero, 1);
	buf_add(point, span.data, span.len);
}

static bool same_ecc(const struct spki *spki, const struct tpm_public *key)
{
	static const unsigned char uncompressed = 0x04;
	BUF_AUTO point = BUF_INIT;
	int nid = spki_facts(spki).curve;

	for (size_t i = 0; i < mem_count(curves); i++) {
		if (curves[i].curve != key->curve || curves[i].nid != nid ||
		    key->x.len > curves[i].len || key->y.len > curves[i].len)
			continue;
		buf_add(&point, &uncompressed, 1);
		add_coordinate(&point, key->x, curves[i].len);
		add_coordinate(&point, key->y, curves[i].len);
		return buf_same(&point, ASN1_STRING_get0_data(spki->key),
		    (size_t)ASN1_STRING_length(spki->key));
	}
	return false;
}

static int judge_key(const struct spki *spki, const struct tpm_public *key, struct err *err)
{
	enum spki_kind kind = key->type == TPM_ALG_RSA ? SPKI_RSA : SPKI_EC;

	if (spki_facts(spki).kind == kind &&
	    (kind == SPKI_RSA ? same_rsa(spki, key) : same_ecc(spki, key)))
		return 0;
	ERR_clear_error();
	err_set(err, ERR_REFUSED, "the attestation is of another key than the CA's");
	return err_hint(err, "certify the key that the CA certificate was made with");
}

/* --- which device -------------------------------------------------------------- */

static void add_name(const X509_NAME *name, struct buf *text)
{
	for (size_t i = 0; i < mem_count(device_names); i++) {
		ASN1_OBJECT *oid = OBJ_txt2obj(device_names[i].oid, 1);
		int at = oid ? X509_NAME_get_index_by_OBJ(name, oid, -1) : -1;
		unsigned char *utf8 = NULL;
		int len = -1;

		if (at >= 0)
			len = ASN1_STRING_to_UTF8(
			    &utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
		if (len >= 0)
			buf_printf(text, "%s%s %.*s", text->len > 0 ? ", " : "",
			    device_names[i].word, len, (const char *)utf8);
		OPENSSL_free(utf8);
		ASN1_OBJECT_free(oid);
	}
}

/* The TPM's maker, model and version as the issuer of the certificate put them into its subject
 * alternative name; else the subject. */
static char *device_of(const X509 *signer)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(signer, NID_subject_alt_name, NULL, NULL);
	BUF_AUTO text = BUF_INIT;

	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);

		if (name->type == GEN_DIRNAME)
			add_name(name->d.directoryName, &text);
	}
	GENERAL_NAMES_free(names);
	ERR_clear_error();
	return text.len > 0 ? mem_strdup(buf_text(&text)) : attest_subject(signer);
}

/* --- the door ------------------------------------------------------------------ */

/* The CA's key, and nobody's word for it that is its own. */
static int read_ca(const struct buf *der, const struct attest_file *file,
    const struct buf *root_pem, struct spki **ret, struct err *err)
{
	MICA_AUTO(spki_freep) struct spki *spki = spki_parse(der->data, der->len);
	PKEY_AUTO *pkey = spki ? pkey_of_spki(spki) : NULL;

	ERR_clear_error();
	if (!pkey)
		return err_set(err, ERR_FAILED, "the CA's public key cannot be read");
	if (attest_not_own(file, 0, root_pem, pkey, err) < 0)
		return -1;
	*ret = mem_give(spki);
	return 0;
}

static int judge(
    X509 *signer, const struct certification *made, const struct spki *ca, struct err *err)
{
	if (judge_signer(signer, err) < 0 || judge_signature(signer, made, err) < 0 ||
	    judge_statement(made, err) < 0 || judge_key(ca, &made->key, err) < 0)
		return -1;
	return judge_attributes(&made->key, err);
}

int attest_tpm(const struct buf *pem, const struct buf *root_pem, const struct buf *spki,
    int64_t now, struct attest_result *ret, struct err *err)
{
	ATTEST_FILE_AUTO file = ATTEST_FILE_INIT;
	MICA_AUTO(attest_result_clear) struct attest_result result = { 0 };
	MICA_AUTO(spki_freep) struct spki *ca = NULL;
	struct certification made = { 0 };
	X509 *signer;

	if (attest_file_read("attestation", pem, &file, err) < 0 ||
	    read_certification(&file, &made, err) < 0 ||
	    read_ca(spki, &file, root_pem, &ca, err) < 0 ||
	    attest_chain_verify(&file, root_pem, now, &result, err) < 0)
		return -1;
	signer = sk_X509_value(file.certificates, 0);
	if (judge(signer, &made, ca, err) < 0)
		return -1;
	result.kind = mem_strdup("tpm2-certify");
	result.device = device_of(signer);
	attest_result_clear(ret);
	*ret = result;
	result = (struct attest_result){ 0 };
	return 0;
}
