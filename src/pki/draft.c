// SPDX-License-Identifier: Apache-2.0
#include "draft.h"

#include <openssl/bn.h>
#include <openssl/x509v3.h>

#include "ca_private.h"
#include "pkey.h"
#include "san.h"
#include "spki.h"

enum criticality { NOT_CRITICAL, CRITICAL };

static int add(X509 *x509, int nid, void *value, enum criticality criticality)
{
	return X509_add1_ext_i2d(
	           x509, nid, value, criticality == CRITICAL, X509V3_ADD_APPEND) == 1
	           ? 0
	           : -1;
}

static int put_serial(X509 *x509, const struct draft_spec *spec)
{
	BIGNUM *number = BN_bin2bn(spec->serial, sizeof(spec->serial), NULL);
	ASN1_INTEGER *written =
	    number ? BN_to_ASN1_INTEGER(number, X509_get_serialNumber(x509)) : NULL;

	BN_free(number);
	return written ? 0 : -1;
}

/* ASN1_TIME_set() writes UTCTime until 2049 and GeneralizedTime after it (RFC 5280 4.1.2.5). */
static int put_times(X509 *x509, const struct draft_spec *spec)
{
	return ASN1_TIME_set(X509_getm_notBefore(x509), (time_t)spec->not_before) &&
	               ASN1_TIME_set(X509_getm_notAfter(x509), (time_t)spec->not_after)
	           ? 0
	           : -1;
}

/* The issuer's name keeps the bytes it was parsed from. */
static int put_names(X509 *x509, const struct ca *ca, const struct draft_spec *spec)
{
	X509_NAME *subject;
	int ok;

	if (X509_set_issuer_name(x509, ca->name) != 1)
		return -1;
	if (spec->profile == PROFILE_CA)
		return X509_set_subject_name(x509, ca->name) == 1 ? 0 : -1;
	subject = subject_of_cn(spec->common_name);
	ok = subject && X509_set_subject_name(x509, subject) == 1;
	X509_NAME_free(subject);
	return ok ? 0 : -1;
}

/* A leaf says CA:FALSE aloud, and critically: RFC 5280 4.2.1.9 leaves both open, and a peer
 * that knows nothing of basicConstraints then refuses the leaf as an issuer rather than guess.
 */
static int put_basic_constraints(X509 *x509, enum profile profile)
{
	BASIC_CONSTRAINTS *basic = BASIC_CONSTRAINTS_new();
	int done = -1;

	if (basic) {
		basic->ca = profile == PROFILE_CA ? 0xff : 0;
		done = add(x509, NID_basic_constraints, basic, CRITICAL);
	}
	BASIC_CONSTRAINTS_free(basic);
	return done;
}

/* Bits of RFC 5280 4.2.1.3 */
enum {
	BIT_DIGITAL_SIGNATURE = 0,
	BIT_KEY_ENCIPHERMENT = 2,
	BIT_KEY_CERT_SIGN = 5,
	BIT_CRL_SIGN = 6
};

/* keyEncipherment is for TLS's RSA key exchange; an EC key has no use for it. */
static int put_key_usage(X509 *x509, enum profile profile, bool rsa)
{
	ASN1_BIT_STRING *usage = ASN1_BIT_STRING_new();
	int ok = usage != NULL;

	if (ok && profile == PROFILE_CA)
		ok = ASN1_BIT_STRING_set_bit(usage, BIT_KEY_CERT_SIGN, 1) == 1 &&
		     ASN1_BIT_STRING_set_bit(usage, BIT_CRL_SIGN, 1) == 1;
	else if (ok)
		ok = ASN1_BIT_STRING_set_bit(usage, BIT_DIGITAL_SIGNATURE, 1) == 1 &&
		     (!rsa || ASN1_BIT_STRING_set_bit(usage, BIT_KEY_ENCIPHERMENT, 1) == 1);
	ok = ok && add(x509, NID_key_usage, usage, CRITICAL) == 0;
	ASN1_BIT_STRING_free(usage);
	return ok ? 0 : -1;
}

static int put_purpose(X509 *x509, enum profile profile)
{
	EXTENDED_KEY_USAGE *purposes = sk_ASN1_OBJECT_new_null();
	ASN1_OBJECT *purpose =
	    OBJ_nid2obj(profile == PROFILE_SERVER ? NID_server_auth : NID_client_auth);
	int ok = purposes && sk_ASN1_OBJECT_push(purposes, purpose) > 0 &&
	         add(x509, NID_ext_key_usage, purposes, NOT_CRITICAL) == 0;

	sk_ASN1_OBJECT_free(purposes);
	return ok ? 0 : -1;
}

/* With an empty subject the alternative names are all there is, and critical (RFC
 * 5280 4.2.1.6). */
static int put_san(X509 *x509, const struct draft_spec *spec)
{
	bool empty = X509_NAME_entry_count(X509_get_subject_name(x509)) == 0;
	GENERAL_NAMES *san;
	int done;

	if (spec->n_names == 0)
		return 0;
	san = san_make(spec->names, spec->n_names);
	done = san ? add(x509, NID_subject_alt_name, san, empty ? CRITICAL : NOT_CRITICAL) : -1;
	GENERAL_NAMES_free(san);
	return done;
}

static int put_key_ids(X509 *x509, const struct ca *ca, const struct spki *spki)
{
	ASN1_OCTET_STRING *own = ASN1_OCTET_STRING_new();
	AUTHORITY_KEYID *authority = AUTHORITY_KEYID_new();
	unsigned char id[KEY_ID_LEN];
	int ok;

	ok = own && authority && spki_key_id(spki, id) == 0 &&
	     ASN1_OCTET_STRING_set(own, id, sizeof(id)) == 1 &&
	     add(x509, NID_subject_key_identifier, own, NOT_CRITICAL) == 0 &&
	     ASN1_OCTET_STRING_set(own, ca->key_id.data, (int)ca->key_id.len) == 1;
	if (ok) {
		authority->keyid = mem_give(own);
		ok = add(x509, NID_authority_key_identifier, authority, NOT_CRITICAL) == 0;
	}
	AUTHORITY_KEYID_free(authority);
	ASN1_OCTET_STRING_free(own);
	return ok ? 0 : -1;
}

static int put_extensions(
    X509 *x509, const struct ca *ca, const struct draft_spec *spec, const struct spki *spki)
{
	bool rsa = spki_facts(spki).kind == SPKI_RSA;

	if (put_basic_constraints(x509, spec->profile) < 0 ||
	    put_key_usage(x509, spec->profile, rsa) < 0)
		return -1;
	if (spec->profile != PROFILE_CA &&
	    (put_purpose(x509, spec->profile) < 0 || put_san(x509, spec) < 0))
		return -1;
	return put_key_ids(x509, ca, spki);
}

X509 *draft_make(const struct ca *ca, const struct draft_spec *spec)
{
	const struct buf *key = spec->profile == PROFILE_CA ? &ca->spki : spec->spki;
	MICA_AUTO(spki_freep) struct spki *spki = spki_parse(key->data, key->len);
	X509_AUTO *x509 = X509_new();

	if (!spki || !x509 || X509_set_version(x509, X509_VERSION_3) != 1)
		return NULL;
	if (put_serial(x509, spec) < 0 || put_names(x509, ca, spec) < 0 ||
	    put_times(x509, spec) < 0 || spki_put(spki, X509_get_X509_PUBKEY(x509)) < 0 ||
	    put_extensions(x509, ca, spec, spki) < 0)
		return NULL;
	return mem_give(x509);
}
