// SPDX-License-Identifier: Apache-2.0
/* What is asked of every certificate of a path. */
#include "chain_private.h"

#include <openssl/err.h>

/* A signature of at least this many bits of security: SHA-224 and better (RFC 5280 names none;
 * OpenSSL's level 2 and every browser ask as much). */
enum { MIN_SECURITY = 112, MIN_RSA = 2048 };

char *link_weakness(const struct link *link)
{
	int digest = NID_undef, bits = 0;
	char oid[80];

	if (X509_get_signature_info(link->x509, &digest, NULL, &bits, NULL) == 1 &&
	    bits >= MIN_SECURITY)
		return NULL;
	ERR_clear_error();
	OBJ_obj2txt(oid, sizeof(oid), link->parsed->envelope->algorithm->algorithm, 0);
	return mem_printf("is signed with %s, which is too weak", oid);
}

char *link_key_fault(const struct link *link)
{
	struct spki_facts facts = { 0 };

	if (link->parsed->spki)
		facts = spki_facts(link->parsed->spki);
	if (facts.kind == SPKI_RSA && facts.bits >= MIN_RSA)
		return NULL;
	if (facts.kind == SPKI_RSA)
		return mem_printf("has an RSA key of %d bits, which is too weak", facts.bits);
	if (facts.kind == SPKI_EC && facts.encoding &&
	    (facts.curve == NID_X9_62_prime256v1 || facts.curve == NID_secp384r1 ||
	        facts.curve == NID_secp521r1))
		return NULL;
	return mem_strdup("has a key that Milvus and its clients do not all verify with");
}

static bool allows(const EXTENDED_KEY_USAGE *purposes, int nid)
{
	for (int i = 0; i < sk_ASN1_OBJECT_num(purposes); i++) {
		int is = OBJ_obj2nid(sk_ASN1_OBJECT_value(purposes, i));

		if (is == nid || is == NID_anyExtendedKeyUsage)
			return true;
	}
	return false;
}

/* In a CA's certificate it holds for all that stands below (not in RFC 5280, but in every
 * verifier). */
char *link_purpose_fault(const struct link *link)
{
	static const int wanted[] = { NID_server_auth, NID_client_auth };
	const EXTENDED_KEY_USAGE *purposes = parsed_purposes(link->parsed);

	for (size_t i = 0; purposes && i < mem_count(wanted); i++) {
		if (!allows(purposes, wanted[i]))
			return mem_printf("has an extendedKeyUsage without %s, which holds for "
			                  "all that stands below it",
			    OBJ_nid2sn(wanted[i]));
	}
	return NULL;
}

char *link_constraints_fault(const struct link *link)
{
	const NAME_CONSTRAINTS *constraints =
	    link->parsed->extensions[EXT_NAME_CONSTRAINTS].value;
	const STACK_OF(GENERAL_SUBTREE) *trees =
	    constraints ? constraints->permittedSubtrees : NULL;

	for (int i = 0; i < sk_GENERAL_SUBTREE_num(trees); i++) {
		if (sk_GENERAL_SUBTREE_value(trees, i)->base->type == GEN_DIRNAME)
			return mem_strdup("has name constraints on the subject, and the "
			                  "certificates of Milvus have a common name alone");
	}
	return NULL;
}

char *link_issuer_fault(const struct link *link, const struct link *issuer)
{
	EVP_PKEY *key = X509_get0_pubkey(issuer->x509);
	int verified = key ? X509_verify(link->x509, key) : 0;

	ERR_clear_error();
	if (verified != 1)
		return mem_printf("has a signature that does not verify with the key of '%s'",
		    issuer->subject);
	if (X509_check_issued(issuer->x509, link->x509) != X509_V_OK)
		return mem_printf("names another key of '%s' as its issuer's", issuer->subject);
	return NULL;
}
