// SPDX-License-Identifier: Apache-2.0
/* A root that another CA certified, and whether a CA may certify others. */
#include "ca_private.h"

#include "constraints.h"
#include "parsed.h"
#include "pkey.h"

/* --- may it? --- */

/* How many CAs the certificate lets stand below: RFC 5280 4.2.1.9. `between` stand there
 * already. */
static bool has_room(long path_length, size_t between)
{
	return path_length < 0 || path_length > (long)between;
}

static long path_length_of(const struct link *link)
{
	const BASIC_CONSTRAINTS *basic = parsed_basic(link->parsed);

	return basic && basic->pathlen ? ASN1_INTEGER_get(basic->pathlen) : -1;
}

int ca_check_certifies(const struct ca *ca, struct err *err)
{
	if (ca->der.len == 0)
		return err_set(
		    err, ERR_REFUSED, "'%s' has no certificate yet", ca->subject_text);
	if (!has_room(ca->path_length, 0))
		return err_set(err, ERR_REFUSED,
		    "'%s' may certify no other CA: its certificate has path length %ld",
		    ca->subject_text, ca->path_length);
	for (size_t i = 0; ca->chain && i < ca->chain->n; i++) {
		const struct link *link = &ca->chain->links[i];

		if (!has_room(path_length_of(link), i + 1))
			return err_set(err, ERR_REFUSED,
			    "'%s' may certify no other CA: '%s', above it, has path length "
			    "%ld",
			    ca->subject_text, link->subject, path_length_of(link));
	}
	return 0;
}

/* --- the certificate --- */

static bool is_by(const struct ca *cross, const struct ca *signer)
{
	MICA_AUTO(parsed_freep)
	struct parsed *parsed = parsed_of(cross->der.data, cross->der.len);
	const ASN1_BIT_STRING *signature = parsed ? parsed->envelope->signature : NULL;
	const unsigned char *tbs;
	size_t len;

	if (!parsed || !any_same(parsed->tbs->issuer, &signer->subject))
		return false;
	tbs = envelope_tbs(parsed->envelope, &len);
	return pkey_verify(signer->verifying, ASN1_STRING_get0_data(signature),
	           (size_t)ASN1_STRING_length(signature), tbs, len) == 0;
}

/* Why it is no cross-certificate of ca by signer; NULL: it is one. */
static const char *cross_fault(
    const struct ca *ca, const struct ca *cross, const struct ca *signer)
{
	if (!buf_same(&cross->subject, ca->subject.data, ca->subject.len))
		return "names another subject";
	if (!buf_same(&cross->spki, ca->spki.data, ca->spki.len))
		return "is for another key";
	if (!buf_same(&cross->key_id, ca->key_id.data, ca->key_id.len))
		return "has another subject key identifier";
	if (!constraints_same(cross->constraints, ca->constraints))
		return "has other name constraints";
	if (!is_by(cross, signer))
		return "was signed by another CA";
	return NULL;
}

int ca_put_cross(struct ca *ca, struct ca *cross, const struct ca *signer, struct err *err)
{
	const char *fault;

	if (!ca_is_root(ca))
		return err_set(err, ERR_REFUSED,
		    "'%s' is no root: a cross-certificate is for roots alone",
		    ca->subject_text);
	fault = cross_fault(ca, cross, signer);
	if (fault)
		return err_set(err, ERR_REFUSED, "the cross-certificate of '%s' by '%s' %s",
		    ca->subject_text, signer->subject_text, fault);
	ca_free(ca->cross);
	ca->cross = cross;
	buf_reset(&ca->cross_sent);
	buf_add(&ca->cross_sent, cross->pem.data, cross->pem.len);
	ca_add_sent(signer, &ca->cross_sent);
	return 0;
}

const struct ca *ca_cross(const struct ca *ca)
{
	return ca->cross;
}
