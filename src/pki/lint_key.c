// SPDX-License-Identifier: Apache-2.0
#include "lint_rules.h"

enum { LEAST_RSA = 2048 };

static bool is_known_curve(const struct judged *judged)
{
	return judged->key.curve == NID_X9_62_prime256v1 || judged->key.curve == NID_secp384r1;
}

void rule_key_kind(const struct judged *judged)
{
	const ASN1_OBJECT *oid = NULL;

	if (!judged->certificate->spki || judged->key.kind != SPKI_OTHER)
		return;
	X509_ALGOR_get0(&oid, NULL, NULL, judged->certificate->spki->algorithm);
	fault(judged, "the key is of the kind %s", OBJ_nid2ln(OBJ_obj2nid(oid)));
}

void rule_key_encoding(const struct judged *judged)
{
	if (!judged->certificate->spki)
		fault(judged, "the public key cannot be read");
	else if (judged->key.kind == SPKI_RSA && !judged->key.encoding)
		fault(judged, "the RSA key is encoded in an unusual way");
	else if (judged->key.kind == SPKI_EC && judged->key.curve == NID_undef)
		fault(judged, "the EC key does not name its curve");
	else if (judged->key.kind == SPKI_EC && is_known_curve(judged) && !judged->key.encoding)
		fault(judged, "the EC key's point is not in uncompressed form");
}

void rule_key_size(const struct judged *judged)
{
	if (judged->key.kind == SPKI_RSA && judged->key.bits < LEAST_RSA)
		fault(judged, "the RSA key has %d bits, fewer than %d", judged->key.bits,
		    LEAST_RSA);
}

void rule_key_exponent(const struct judged *judged)
{
	if (judged->key.kind == SPKI_RSA && !judged->key.exponent)
		fault(judged, "the RSA key's exponent is even or less than 65537");
}

void rule_key_curve(const struct judged *judged)
{
	if (judged->key.kind == SPKI_EC && judged->key.curve != NID_undef &&
	    !is_known_curve(judged))
		fault(judged, "the EC key is on %s", OBJ_nid2sn(judged->key.curve));
}

void rule_key_point(const struct judged *judged)
{
	const EC_GROUP *group =
	    judged->key.curve == NID_secp384r1 ? judged->curves->p384 : judged->curves->p256;

	if (judged->key.kind == SPKI_EC && is_known_curve(judged) && judged->key.encoding &&
	    !spki_on_curve(judged->certificate->spki, group))
		fault(judged, "the EC key's point is not on its curve");
}

void rule_key_ca(const struct judged *judged)
{
	if (any_same(judged->certificate->tbs->spki, &judged->issuer->spki))
		fault(judged, "the key is the CA's own");
}
