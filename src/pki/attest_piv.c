// SPDX-License-Identifier: Apache-2.0
/*
 * The statement is a certificate that the device makes of a key it made itself, signed by a key
 * of the device's own, whose certificate the vendor issued. Its dates are copied from that one,
 * so they say nothing of when the key was made; they are checked all the same, as those of
 * every certificate of the chain.
 */
#include <mica/attest.h>

#include <stdlib.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <mica/mem.h>

#include "attest_chain.h"
#include "pem.h"
#include "pkey.h"
#include "spki.h"

/* Yubico's arc 1.3.6.1.4.1.41482.3, "PIV attestation" on developers.yubico.com: each value
 * stands in the extension as it is, without an ASN.1 header but for the serial number's. */
static const char oid_firmware[] = "1.3.6.1.4.1.41482.3.3"; /* three octets */
static const char oid_serial[] = "1.3.6.1.4.1.41482.3.7";   /* INTEGER */
static const char oid_policy[] = "1.3.6.1.4.1.41482.3.8";   /* octets: PIN, touch */
static const char oid_form[] = "1.3.6.1.4.1.41482.3.9";     /* an octet */

static const char *const pin_policies[] = {
	[1] = "never", "once", "always", "match-once", "match-always"
};
static const char *const touch_policies[] = { [1] = "never", "always", "cached" };
static const char *const forms[] = { [1] = "USB-A keychain",
	"USB-A nano",
	"USB-C keychain",
	"USB-C nano",
	"USB-C and Lightning",
	"USB-A biometric",
	"USB-C biometric" };
enum { FORM_BITS = 0x0f, FORM_CERTIFIED = 0x80 };

/* --- extensions ---------------------------------------------------------------- */

static int malformed(const char *oid, struct err *err)
{
	return err_set(err, ERR_REFUSED, "the attestation's extension %s is malformed", oid);
}

/* The value of the one extension with this OID; *ret NULL where there is none. */
static int find_extension(
    const X509 *x509, const char *oid, const ASN1_OCTET_STRING **ret, struct err *err)
{
	ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
	int at, next;

	if (!object)
		return err_openssl(err, "cannot look for the extension %s", oid);
	at = X509_get_ext_by_OBJ(x509, object, -1);
	next = at < 0 ? -1 : X509_get_ext_by_OBJ(x509, object, at);
	ASN1_OBJECT_free(object);
	if (next >= 0)
		return malformed(oid, err);
	*ret = at < 0 ? NULL : X509_EXTENSION_get_data(X509_get_ext(x509, at));
	return 0;
}

/* As many octets as there must be; *ret NULL where the extension is not there. */
static int find_octets(
    const X509 *x509, const char *oid, int len, const unsigned char **ret, struct err *err)
{
	const ASN1_OCTET_STRING *value = NULL;

	if (find_extension(x509, oid, &value, err) < 0)
		return -1;
	if (value && ASN1_STRING_length(value) != len)
		return malformed(oid, err);
	*ret = value ? ASN1_STRING_get0_data(value) : NULL;
	return 0;
}

static int missing(const char *oid, struct err *err)
{
	err_set(err, ERR_REFUSED,
	    "the first certificate is no attestation of a key: it lacks the extension %s", oid);
	return err_hint(err,
	    "the file is to begin with what the device says of the slot: 'ykman piv keys "
	    "attest' prints it");
}

/* --- facts --------------------------------------------------------------------- */

static void add_fact(struct attest_result *result, const char *name, char *value)
{
	if (result->n_facts == ATTEST_MAX_FACTS) {
		free(value);
		return;
	}
	result->facts[result->n_facts++] = (struct attest_fact){ name, value };
}

static char *word_of(const char *const *words, size_t n, unsigned value)
{
	if (value < n && words[value])
		return mem_strdup(words[value]);
	return mem_printf("unknown (%u)", value);
}

static int read_policy(const X509 *leaf, struct attest_result *result, struct err *err)
{
	const unsigned char *firmware = NULL, *policy = NULL;

	if (find_octets(leaf, oid_firmware, 3, &firmware, err) < 0 ||
	    find_octets(leaf, oid_policy, 2, &policy, err) < 0)
		return -1;
	if (!firmware || !policy)
		return missing(firmware ? oid_policy : oid_firmware, err);
	add_fact(
	    result, "firmware", mem_printf("%u.%u.%u", firmware[0], firmware[1], firmware[2]));
	add_fact(
	    result, "pin-policy", word_of(pin_policies, mem_count(pin_policies), policy[0]));
	add_fact(result, "touch-policy",
	    word_of(touch_policies, mem_count(touch_policies), policy[1]));
	return 0;
}

/* A device can be told to keep its serial number to itself. */
static int read_serial(const X509 *leaf, struct attest_result *result, struct err *err)
{
	const ASN1_OCTET_STRING *value = NULL;
	const unsigned char *at, *end;
	ASN1_INTEGER *number;
	uint64_t serial = 0;
	bool good;

	if (find_extension(leaf, oid_serial, &value, err) < 0)
		return -1;
	if (!value)
		return 0;
	at = ASN1_STRING_get0_data(value);
	end = at + ASN1_STRING_length(value);
	number = d2i_ASN1_INTEGER(NULL, &at, end - at);
	good = number && at == end && ASN1_INTEGER_get_uint64(&serial, number) == 1;
	ASN1_INTEGER_free(number);
	ERR_clear_error();
	if (!good)
		return malformed(oid_serial, err);
	add_fact(result, "serial", mem_printf("%llu", (unsigned long long)serial));
	return 0;
}

static int read_form(const X509 *leaf, struct attest_result *result, struct err *err)
{
	const unsigned char *form = NULL;
	char *word;

	if (find_octets(leaf, oid_form, 1, &form, err) < 0)
		return -1;
	if (!form)
		return 0;
	word = word_of(forms, mem_count(forms), form[0] & FORM_BITS);
	add_fact(result, "form-factor", word);
	if (form[0] & FORM_CERTIFIED)
		add_fact(result, "fips", mem_strdup("yes"));
	return 0;
}

static int read_facts(const X509 *leaf, struct attest_result *result, struct err *err)
{
	if (read_policy(leaf, result, err) < 0 || read_serial(leaf, result, err) < 0)
		return -1;
	return read_form(leaf, result, err);
}

/* --- whose key ----------------------------------------------------------------- */

static int another_key(const struct attest_file *file, const EVP_PKEY *key, struct err *err)
{
	for (int i = 1; i < sk_X509_num(file->certificates); i++) {
		if (!attest_has_key(sk_X509_value(file->certificates, i), key))
			continue;
		err_set(err, ERR_REFUSED,
		    "the attestation's certificates are out of order: the first is not of the "
		    "CA's key, another is");
		return err_hint(err, "put the certificate of the slot first, the device's "
		                     "behind it, then those above");
	}
	err_set(err, ERR_REFUSED, "the attestation is of another key than the CA's");
	return err_hint(err, "attest the slot that holds the CA's key");
}

/* The first certificate is of the CA's key, and no other. */
static int judge_keys(const struct attest_file *file, const struct buf *root_pem,
    const EVP_PKEY *key, struct err *err)
{
	if (!attest_has_key(sk_X509_value(file->certificates, 0), key))
		return another_key(file, key, err);
	return attest_not_own(file, 1, root_pem, key, err);
}

/* --- the order ----------------------------------------------------------------- */

static int judge_order(const struct attest_file *file, struct err *err)
{
	const int n = sk_X509_num(file->certificates);

	if (n < 2) {
		err_set(err, ERR_REFUSED, "the attestation holds one certificate alone");
		return err_hint(err, "add the device's own attestation certificate (slot f9) "
		                     "behind that of the slot");
	}
	for (int i = 0; i + 1 < n; i++) {
		X509 *subject = sk_X509_value(file->certificates, i);
		X509 *issuer = sk_X509_value(file->certificates, i + 1);

		if (X509_NAME_cmp(
		        X509_get_issuer_name(subject), X509_get_subject_name(issuer)) == 0)
			continue;
		err_set(err, ERR_REFUSED,
		    "the attestation's certificates are out of order: number %d was not "
		    "issued by number %d",
		    i + 1, i + 2);
		return err_hint(err, "put the certificate of the slot first, the device's "
		                     "behind it, then those above");
	}
	return 0;
}

/* --- on a token ---------------------------------------------------------------- */

static STACK_OF(X509) * parse_all(const struct buf *certificates, size_t n)
{
	STACK_OF(X509) *all = sk_X509_new_null();

	for (size_t i = 0; all && i < n; i++) {
		const unsigned char *at = certificates[i].data;
		X509 *x509 = d2i_X509(NULL, &at, (long)certificates[i].len);

		if (x509 && sk_X509_push(all, x509) <= 0)
			X509_free(x509);
	}
	ERR_clear_error();
	return all;
}

static void add_pem(const X509 *x509, struct buf *ret_pem)
{
	unsigned char *bytes = NULL;
	int len = i2d_X509(x509, &bytes);
	BUF_AUTO der = BUF_INIT;

	if (len > 0) {
		buf_add(&der, bytes, (size_t)len);
		pem_write("CERTIFICATE", &der, ret_pem);
	}
	OPENSSL_free(bytes);
}

static const X509 *find_statement(const STACK_OF(X509) * all, const EVP_PKEY *key)
{
	for (int i = 0; i < sk_X509_num(all); i++) {
		const X509 *x509 = sk_X509_value(all, i);
		const ASN1_OCTET_STRING *policy = NULL;
		struct err ignored = ERR_INIT;

		if (attest_has_key(x509, key) &&
		    find_extension(x509, oid_policy, &policy, &ignored) == 0 && policy)
			return x509;
	}
	return NULL;
}

static const X509 *find_issuer(const STACK_OF(X509) * all, const X509 *of)
{
	for (int i = 0; i < sk_X509_num(all); i++) {
		const X509 *x509 = sk_X509_value(all, i);

		if (x509 != of &&
		    X509_NAME_cmp(X509_get_subject_name(x509), X509_get_issuer_name(of)) == 0)
			return x509;
	}
	return NULL;
}

int attest_piv_gather(const struct buf *certificates, size_t n, const struct buf *spki,
    struct buf *ret_pem, struct err *err)
{
	MICA_AUTO(spki_freep) struct spki *parsed = spki_parse(spki->data, spki->len);
	PKEY_AUTO *key = parsed ? pkey_of_spki(parsed) : NULL;
	STACK_OF(X509) *all = parse_all(certificates, n);
	const X509 *at = key ? find_statement(all, key) : NULL;
	const bool found = at != NULL;

	/* a loop of issuers ends when there were as many as there are */
	for (size_t i = 0; at && i < n; i++) {
		add_pem(at, ret_pem);
		at = find_issuer(all, at);
	}
	sk_X509_pop_free(all, X509_free);
	if (found)
		return 0;
	return err_set(
	    err, ERR_NOT_FOUND, "no certificate on the token is an attestation of the key");
}

/* --- the door ------------------------------------------------------------------ */

static int judge_leaf(X509 *leaf, struct attest_result *result, struct err *err)
{
	if (read_facts(leaf, result, err) < 0)
		return -1;
	if (X509_check_ca(leaf) != 0)
		return err_set(err, ERR_REFUSED,
		    "the first certificate is no attestation of a key: it is a CA's");
	result->device = attest_subject(leaf);
	return 0;
}

static int judge(const struct attest_file *file, const struct buf *root_pem,
    const EVP_PKEY *key, struct err *err)
{
	if (file->n_blocks > 0)
		return err_set(err, ERR_FAILED,
		    "the attestation holds a PEM block '%s', not certificates alone",
		    file->blocks[0].label);
	return judge_keys(file, root_pem, key, err) < 0 ? -1 : judge_order(file, err);
}

int attest_piv(const struct buf *pem, const struct buf *root_pem, const struct buf *spki,
    int64_t now, struct attest_result *ret, struct err *err)
{
	MICA_AUTO(spki_freep) struct spki *parsed = spki_parse(spki->data, spki->len);
	PKEY_AUTO *key = parsed ? pkey_of_spki(parsed) : NULL;
	ATTEST_FILE_AUTO file = ATTEST_FILE_INIT;
	MICA_AUTO(attest_result_clear) struct attest_result result = { 0 };

	ERR_clear_error();
	if (!key)
		return err_set(err, ERR_FAILED, "the CA's public key cannot be read");
	if (attest_file_read("attestation", pem, &file, err) < 0 ||
	    judge(&file, root_pem, key, err) < 0 ||
	    judge_leaf(sk_X509_value(file.certificates, 0), &result, err) < 0 ||
	    attest_chain_verify(&file, root_pem, now, &result, err) < 0)
		return -1;
	result.kind = mem_strdup("piv-attestation");
	attest_result_clear(ret);
	*ret = result;
	result = (struct attest_result){ 0 };
	return 0;
}
