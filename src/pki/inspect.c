// SPDX-License-Identifier: Apache-2.0
#include <mica/inspect.h>

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "ca_private.h"
#include "pem.h"
#include "pkey.h"

enum { LEAST_RSA = 2048 };

void inspected_free(struct inspected *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		buf_clear(&list[i].der);
		free(list[i].subject);
		free(list[i].common_name);
	}
	free(list);
}

/* --- facts ----------------------------------------------------------------------- */

static int64_t seconds(const ASN1_TIME *time)
{
	struct tm tm;

	return ASN1_TIME_to_tm(time, &tm) == 1 ? (int64_t)timegm(&tm) : 0;
}

static char *common_name(const X509_NAME *subject)
{
	const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
	unsigned char *text = NULL;
	char *copy;
	int len;

	if (at < 0)
		return NULL;
	len = ASN1_STRING_to_UTF8(
	    &text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
	copy = len < 0 ? NULL : mem_dup(text, (size_t)len);
	OPENSSL_free(text);
	return copy;
}

static void see_key(X509 *x509, struct inspected *ret)
{
	EVP_PKEY *key = X509_get0_pubkey(x509);
	char group[sizeof(ret->key_name)];
	size_t len = 0;

	ret->key = INSPECT_KEY_FOREIGN;
	snprintf(ret->key_name, sizeof(ret->key_name), "unknown");
	if (!key)
		return;
	if (EVP_PKEY_is_a(key, "RSA")) {
		ret->key =
		    EVP_PKEY_get_bits(key) < LEAST_RSA ? INSPECT_KEY_WEAK : INSPECT_KEY_GOOD;
		snprintf(
		    ret->key_name, sizeof(ret->key_name), "RSA %d", EVP_PKEY_get_bits(key));
	} else if (EVP_PKEY_is_a(key, "EC") &&
	           EVP_PKEY_get_group_name(key, group, sizeof(group), &len) == 1) {
		const int nid = OBJ_sn2nid(group);
		const char *name = EC_curve_nid2nist(nid);

		if (nid == NID_X9_62_prime256v1 || nid == NID_secp384r1)
			ret->key = INSPECT_KEY_GOOD;
		snprintf(ret->key_name, sizeof(ret->key_name), "%s", name ? name : group);
	} else if (EVP_PKEY_get0_type_name(key)) {
		snprintf(
		    ret->key_name, sizeof(ret->key_name), "%s", EVP_PKEY_get0_type_name(key));
	}
}

static void see_signature(const X509 *x509, struct inspected *ret)
{
	const int nid = X509_get_signature_nid(x509);
	int digest = NID_undef;

	(void)OBJ_find_sigid_algs(nid, &digest, NULL);
	ret->weak_signature =
	    digest == NID_sha1 || digest == NID_md5 || digest == NID_md4 || digest == NID_md2;
	snprintf(ret->signature, sizeof(ret->signature), "%s", OBJ_nid2ln(nid));
}

static bool holds_names(X509 *x509)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(x509, NID_subject_alt_name, NULL, NULL);
	bool found = false;

	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		const int type = sk_GENERAL_NAME_value(names, i)->type;

		found |= type == GEN_DNS || type == GEN_IPADD;
	}
	GENERAL_NAMES_free(names);
	return found;
}

static void see_extensions(X509 *x509, struct inspected *ret)
{
	const uint32_t flags = X509_get_extension_flags(x509);
	const uint32_t purposes = X509_get_extended_key_usage(x509);

	ret->ca = flags & EXFLAG_CA;
	ret->usage = flags & EXFLAG_KUSAGE;
	ret->usage_signs = ret->usage && X509_get_key_usage(x509) & KU_KEY_CERT_SIGN;
	ret->purposes = flags & EXFLAG_XKUSAGE;
	ret->for_server = !ret->purposes || purposes & (XKU_SSL_SERVER | XKU_ANYEKU);
	ret->for_client = !ret->purposes || purposes & (XKU_SSL_CLIENT | XKU_ANYEKU);
	ret->named = holds_names(x509);
	ret->authority = X509_get0_authority_key_id(x509) != NULL;
	ret->self_named = !ret->self_signed && X509_NAME_cmp(X509_get_subject_name(x509),
	                                           X509_get_issuer_name(x509)) == 0;
}

static int see(const void *der, size_t len, struct inspected *ret)
{
	const unsigned char *at = der;
	X509_AUTO *x509 = d2i_X509(NULL, &at, (long)len);
	unsigned char *spki = NULL;
	int spki_len;

	if (!x509 || at != (const unsigned char *)der + len)
		return -1;
	spki_len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x509), &spki);
	if (spki_len <= 0)
		return -1;
	*ret = (struct inspected){
		.subject = name_text(X509_get_subject_name(x509)),
		.common_name = common_name(X509_get_subject_name(x509)),
		.spki = digest_of(spki, (size_t)spki_len),
		.not_before = seconds(X509_get0_notBefore(x509)),
		.not_after = seconds(X509_get0_notAfter(x509)),
		.self_signed = X509_self_signed(x509, 1) == 1,
	};
	OPENSSL_free(spki);
	if (!ret->subject)
		ret->subject = mem_strdup("?");
	buf_add(&ret->der, der, len);
	see_key(x509, ret);
	see_signature(x509, ret);
	see_extensions(x509, ret);
	return 0;
}

/* --- reading --------------------------------------------------------------------- */

static int none(const char *file, struct err *err)
{
	ERR_clear_error();
	return err_set(err, ERR_FAILED, "'%s' holds a certificate that cannot be read", file);
}

int inspect_certificates(const char *file, const struct buf *pem, struct inspected **ret,
    size_t *ret_n, struct err *err)
{
	PEM_READER_AUTO reader;
	struct inspected *list = NULL;
	size_t n = 0, cap = 0;
	int found;

	pem_reader_init(&reader, file, pem);
	for (;;) {
		MICA_FREE char *label = NULL;
		BUF_AUTO der = BUF_INIT;

		found = pem_next(&reader, &label, &der, err);
		if (found <= 0)
			break;
		if (strcmp(label, "CERTIFICATE") != 0)
			continue;
		list = mem_grow(list, &cap, n + 1, sizeof(*list));
		if (see(der.data, der.len, &list[n]) < 0) {
			found = none(file, err);
			break;
		}
		n++;
	}
	if (found == 0 && n == 0)
		found = err_set(err, ERR_FAILED, "'%s' holds no certificate", file);
	ERR_clear_error();
	if (found < 0) {
		inspected_free(list, n);
		return -1;
	}
	*ret = list;
	*ret_n = n;
	return 0;
}

int inspect_der(const struct buf *der, struct inspected **ret, struct err *err)
{
	MICA_FREE struct inspected *one = mem_zalloc(sizeof(*one));

	if (see(der->data, der->len, one) < 0) {
		ERR_clear_error();
		return err_set(err, ERR_FAILED, "this is not a certificate");
	}
	ERR_clear_error();
	*ret = mem_give(one);
	return 0;
}

static X509 *x509_of(const struct inspected *certificate)
{
	const unsigned char *at = certificate->der.data;

	return d2i_X509(NULL, &at, (long)certificate->der.len);
}

/* --- questions ------------------------------------------------------------------- */

bool inspected_holds(const struct inspected *certificate, const char *name)
{
	X509_AUTO *x509 = x509_of(certificate);
	unsigned char ip[16];
	int found;

	if (!x509)
		return false;
	if (inet_pton(AF_INET, name, ip) == 1 || inet_pton(AF_INET6, name, ip) == 1)
		found = X509_check_ip_asc(x509, name, 0);
	else
		found = X509_check_host(x509, name, strlen(name),
		    X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS,
		    NULL);
	ERR_clear_error();
	return found == 1;
}

bool inspected_signed_by(const struct inspected *certificate, const struct inspected *issuer)
{
	X509_AUTO *x509 = x509_of(certificate);
	X509_AUTO *above = x509_of(issuer);
	EVP_PKEY *key = above ? X509_get0_pubkey(above) : NULL;
	bool signed_by =
	    x509 && key &&
	    X509_NAME_cmp(X509_get_issuer_name(x509), X509_get_subject_name(above)) == 0 &&
	    X509_verify(x509, key) == 1;

	ERR_clear_error();
	return signed_by;
}

static void free_crl(X509_CRL **crl)
{
	X509_CRL_free(*crl);
}

bool inspected_signed_crl(const struct inspected *issuer, const struct buf *crl)
{
	const unsigned char *at = crl->data;
	X509_AUTO *above = x509_of(issuer);
	MICA_AUTO(free_crl) X509_CRL *list = d2i_X509_CRL(NULL, &at, (long)crl->len);
	EVP_PKEY *key = above ? X509_get0_pubkey(above) : NULL;
	bool signed_by =
	    list && key &&
	    X509_NAME_cmp(X509_CRL_get_issuer(list), X509_get_subject_name(above)) == 0 &&
	    X509_CRL_verify(list, key) == 1;

	ERR_clear_error();
	return signed_by;
}

bool inspected_serial(const struct inspected *certificate, uint8_t ret[static 20])
{
	X509_AUTO *x509 = x509_of(certificate);
	const ASN1_INTEGER *serial = x509 ? X509_get0_serialNumber(x509) : NULL;
	BIGNUM *number = serial ? ASN1_INTEGER_to_BN(serial, NULL) : NULL;
	bool fits = number && !BN_is_negative(number) && BN_bn2binpad(number, ret, 20) == 20;

	BN_free(number);
	ERR_clear_error();
	return fits;
}

typedef STACK_OF(X509) stack;

static void free_stack(stack **list)
{
	sk_X509_pop_free(*list, X509_free);
}

static stack *stack_of(struct inspect_set set)
{
	stack *list = sk_X509_new_null();

	for (size_t i = 0; list && i < set.n; i++) {
		X509 *x509 = x509_of(&set.items[i]);

		if (x509 && !sk_X509_push(list, x509))
			X509_free(x509);
	}
	return list;
}

static void free_context(X509_STORE_CTX **context)
{
	X509_STORE_CTX_free(*context);
}

static void free_store(X509_STORE **store)
{
	X509_STORE_free(*store);
}

int inspect_path(const struct inspected *leaf, struct inspect_set intermediates,
    struct inspect_set trusted, struct err *err)
{
	X509_AUTO *x509 = x509_of(leaf);
	MICA_AUTO(free_stack) stack *between = stack_of(intermediates);
	MICA_AUTO(free_stack) stack *anchors = stack_of(trusted);
	MICA_AUTO(free_store) X509_STORE *store = X509_STORE_new();
	MICA_AUTO(free_context) X509_STORE_CTX *context = X509_STORE_CTX_new();
	int good;

	if (!x509 || !between || !anchors || !store || !context ||
	    X509_STORE_CTX_init(context, store, x509, between) != 1)
		return err_openssl(err, "cannot verify a certificate");
	X509_STORE_CTX_set0_trusted_stack(context, anchors);
	X509_STORE_CTX_set_flags(
	    context, X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_NO_CHECK_TIME);
	good = X509_verify_cert(context);
	ERR_clear_error();
	if (good == 1)
		return 0;
	return err_set(err, ERR_FAILED, "%s",
	    X509_verify_cert_error_string(X509_STORE_CTX_get_error(context)));
}
