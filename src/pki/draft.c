// SPDX-License-Identifier: Apache-2.0
#include "draft.h"

#include <openssl/bn.h>
#include <openssl/x509v3.h>

#include "any.h"
#include "ca_private.h"
#include "constraints.h"
#include "san.h"
#include "spki.h"
#include "tbs.h"

enum criticality { NOT_CRITICAL, CRITICAL };

static int add(struct tbs *tbs, int nid, void *value, enum criticality criticality)
{
	return X509V3_add1_i2d(&tbs->extensions, nid, value, criticality == CRITICAL,
	           X509V3_ADD_APPEND) == 1
	           ? 0
	           : -1;
}

static int put_version_3(struct tbs *tbs)
{
	tbs->version = ASN1_INTEGER_new();
	return tbs->version && ASN1_INTEGER_set(tbs->version, X509_VERSION_3) == 1 ? 0 : -1;
}

static int put_serial(struct tbs *tbs, const struct draft_spec *spec)
{
	BIGNUM *number = BN_bin2bn(spec->serial, sizeof(spec->serial), NULL);
	ASN1_INTEGER *written = number ? BN_to_ASN1_INTEGER(number, tbs->serial) : NULL;

	BN_free(number);
	return written ? 0 : -1;
}

/* ASN1_TIME_set() writes UTCTime until 2049 and GeneralizedTime after it (RFC 5280 4.1.2.5). */
static int put_times(struct tbs *tbs, const struct draft_spec *spec)
{
	if (!ASN1_TIME_set(tbs->validity->notBefore, (time_t)spec->not_before))
		return -1;
	return ASN1_TIME_set(tbs->validity->notAfter, (time_t)spec->not_after) ? 0 : -1;
}

static int put_subject(struct tbs *tbs, const struct ca *ca, const struct draft_spec *spec)
{
	X509_NAME *subject = spec->profile == PROFILE_CA
	                         ? X509_NAME_dup(ca_of_draft(ca, spec->certified)->name)
	                         : subject_of_cn(spec->common_name);

	if (!subject)
		return -1;
	X509_NAME_free(tbs->subject);
	tbs->subject = subject;
	return 0;
}

/* A leaf says CA:FALSE aloud, and critically: RFC 5280 4.2.1.9 leaves both open, and a peer
 * that knows nothing of basicConstraints then refuses the leaf as an issuer rather than guess.
 */
static int put_basic_constraints(struct tbs *tbs, const struct draft_spec *spec)
{
	BASIC_CONSTRAINTS *basic = BASIC_CONSTRAINTS_new();
	int ok = basic != NULL;

	if (ok)
		basic->ca = spec->profile == PROFILE_CA ? 0xff : 0;
	if (ok && spec->certified) {
		basic->pathlen = ASN1_INTEGER_new();
		ok = basic->pathlen && ASN1_INTEGER_set(basic->pathlen, 0) == 1;
	}
	ok = ok && add(tbs, NID_basic_constraints, basic, CRITICAL) == 0;
	BASIC_CONSTRAINTS_free(basic);
	return ok ? 0 : -1;
}

/* Bits of RFC 5280 4.2.1.3 */
enum {
	BIT_DIGITAL_SIGNATURE = 0,
	BIT_KEY_ENCIPHERMENT = 2,
	BIT_KEY_CERT_SIGN = 5,
	BIT_CRL_SIGN = 6
};

/* keyEncipherment is for TLS's RSA key exchange; an EC key has no use for it. */
static int put_key_usage(struct tbs *tbs, enum profile profile, bool rsa)
{
	ASN1_BIT_STRING *usage = ASN1_BIT_STRING_new();
	int ok = usage != NULL;

	if (ok && profile == PROFILE_CA)
		ok = ASN1_BIT_STRING_set_bit(usage, BIT_KEY_CERT_SIGN, 1) == 1 &&
		     ASN1_BIT_STRING_set_bit(usage, BIT_CRL_SIGN, 1) == 1;
	else if (ok)
		ok = ASN1_BIT_STRING_set_bit(usage, BIT_DIGITAL_SIGNATURE, 1) == 1 &&
		     (!rsa || ASN1_BIT_STRING_set_bit(usage, BIT_KEY_ENCIPHERMENT, 1) == 1);
	ok = ok && add(tbs, NID_key_usage, usage, CRITICAL) == 0;
	ASN1_BIT_STRING_free(usage);
	return ok ? 0 : -1;
}

static int put_purpose(struct tbs *tbs, enum profile profile)
{
	EXTENDED_KEY_USAGE *purposes = sk_ASN1_OBJECT_new_null();
	ASN1_OBJECT *purpose =
	    OBJ_nid2obj(profile == PROFILE_SERVER ? NID_server_auth : NID_client_auth);
	int ok = purposes && sk_ASN1_OBJECT_push(purposes, purpose) > 0 &&
	         add(tbs, NID_ext_key_usage, purposes, NOT_CRITICAL) == 0;

	sk_ASN1_OBJECT_free(purposes);
	return ok ? 0 : -1;
}

/* With an empty subject the alternative names are all there is, and critical (RFC
 * 5280 4.2.1.6). */
static int put_san(struct tbs *tbs, const struct draft_spec *spec)
{
	bool empty = X509_NAME_entry_count(tbs->subject) == 0;
	GENERAL_NAMES *san;
	int done;

	if (spec->n_names == 0)
		return 0;
	san = san_make(spec->names, spec->n_names);
	done = san ? add(tbs, NID_subject_alt_name, san, empty ? CRITICAL : NOT_CRITICAL) : -1;
	GENERAL_NAMES_free(san);
	return done;
}

static int put_name_constraints(
    struct tbs *tbs, const struct ca *subject, const struct draft_spec *spec)
{
	NAME_CONSTRAINTS *constraints;
	int done;

	if (subject->constraints)
		return add(tbs, NID_name_constraints, subject->constraints, CRITICAL);
	if (subject->der.len > 0 || spec->n_permitted_dns == 0)
		return 0;
	constraints = constraints_make(spec->permitted_dns, spec->n_permitted_dns);
	done = constraints ? add(tbs, NID_name_constraints, constraints, CRITICAL) : -1;
	NAME_CONSTRAINTS_free(constraints);
	return done;
}

/* A CA has one already, or ca_of_key() made it so: what it issued points to that. */
static int own_key_id(const struct ca *ca, const struct draft_spec *spec,
    const struct spki *spki, ASN1_OCTET_STRING *ret)
{
	const struct buf *of_ca = &ca_of_draft(ca, spec->certified)->key_id;
	unsigned char id[KEY_ID_LEN];

	if (spec->profile == PROFILE_CA)
		return ASN1_OCTET_STRING_set(ret, of_ca->data, (int)of_ca->len) == 1 ? 0 : -1;
	return spki_key_id(spki, id) == 0 && ASN1_OCTET_STRING_set(ret, id, sizeof(id)) == 1
	           ? 0
	           : -1;
}

static int put_key_ids(struct tbs *tbs, const struct ca *ca, const struct draft_spec *spec,
    const struct spki *spki)
{
	ASN1_OCTET_STRING *own = ASN1_OCTET_STRING_new();
	AUTHORITY_KEYID *authority = AUTHORITY_KEYID_new();
	int ok;

	ok = own && authority && own_key_id(ca, spec, spki, own) == 0 &&
	     add(tbs, NID_subject_key_identifier, own, NOT_CRITICAL) == 0 &&
	     ASN1_OCTET_STRING_set(own, ca->key_id.data, (int)ca->key_id.len) == 1;
	if (ok) {
		authority->keyid = mem_give(own);
		ok = add(tbs, NID_authority_key_identifier, authority, NOT_CRITICAL) == 0;
	}
	AUTHORITY_KEYID_free(authority);
	ASN1_OCTET_STRING_free(own);
	return ok ? 0 : -1;
}

static int put_extensions(struct tbs *tbs, const struct ca *ca, const struct draft_spec *spec,
    const struct spki *spki)
{
	bool rsa = spki_facts(spki).kind == SPKI_RSA;

	const struct ca *subject = ca_of_draft(ca, spec->certified);

	if (put_basic_constraints(tbs, spec) < 0 || put_key_usage(tbs, spec->profile, rsa) < 0)
		return -1;
	if (spec->profile == PROFILE_CA && put_name_constraints(tbs, subject, spec) < 0)
		return -1;
	if (spec->profile != PROFILE_CA &&
	    (put_purpose(tbs, spec->profile) < 0 || put_san(tbs, spec) < 0))
		return -1;
	return put_key_ids(tbs, ca, spec, spki);
}

int draft_make(const struct ca *ca, const struct draft_spec *spec, const X509_ALGOR *signature,
    struct buf *ret)
{
	const struct buf *key =
	    spec->profile == PROFILE_CA ? &ca_of_draft(ca, spec->certified)->spki : spec->spki;
	MICA_AUTO(spki_freep) struct spki *spki = spki_parse(key->data, key->len);
	MICA_AUTO(tbs_freep) struct tbs *tbs = tbs_new();

	if (!spki || !tbs || put_version_3(tbs) < 0 || put_serial(tbs, spec) < 0)
		return -1;
	if (X509_ALGOR_copy(tbs->signature, signature) != 1 ||
	    any_set(tbs->issuer, &ca->subject) < 0 || put_times(tbs, spec) < 0 ||
	    put_subject(tbs, ca, spec) < 0 || any_set(tbs->spki, key) < 0 ||
	    put_extensions(tbs, ca, spec, spki) < 0)
		return -1;
	return tbs_encode(tbs, ret);
}
