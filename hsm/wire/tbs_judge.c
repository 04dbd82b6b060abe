// SPDX-License-Identifier: Apache-2.0
#include "tbs.h"

#include <stdbool.h>
#include <string.h>

/* AlgorithmIdentifiers as RFC 5758, 3.2 and RFC 4055, 5 write them */
static const uint8_t ecdsa_sha256[] = { 0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d,
	0x04, 0x03, 0x02 };
static const uint8_t ecdsa_sha384[] = { 0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d,
	0x04, 0x03, 0x03 };
static const uint8_t rsa_sha256[] = { 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7,
	0x0d, 0x01, 0x01, 0x0b, 0x05, 0x00 };

static const struct {
	const uint8_t *der;
	size_t len;
} algorithms[] = {
	[ALG_EC_P256] = { ecdsa_sha256, sizeof(ecdsa_sha256) },
	[ALG_EC_P384] = { ecdsa_sha384, sizeof(ecdsa_sha384) },
	[ALG_RSA_2048] = { rsa_sha256, sizeof(rsa_sha256) },
	[ALG_RSA_3072] = { rsa_sha256, sizeof(rsa_sha256) },
	[ALG_RSA_4096] = { rsa_sha256, sizeof(rsa_sha256) },
};

static bool same(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
	return a_len == b_len && memcmp(a, b, a_len) == 0;
}

/* No key at all is never the right one. */
static bool is_key(const struct tbs *tbs, const uint8_t *spki, size_t len)
{
	return len > 0 && same(tbs->spki, tbs->spki_len, spki, len);
}

/* A request names no algorithm and no issuer: its subject and its key are to be the CA's own.
 */
static int judge_request(const struct tbs *tbs, const struct tbs_rule *rule, struct err *err)
{
	if (rule->use != TOKEN_USE_INIT)
		return err_set(err, ERR_REFUSED,
		    "what is to be signed is a certification request, which only init may "
		    "make");
	if (!same(tbs->issuer, tbs->issuer_len, rule->issuer, rule->issuer_len))
		return err_set(err, ERR_REFUSED,
		    "what is to be signed is a request for another subject than this CA");
	if (!is_key(tbs, rule->spki, rule->spki_len))
		return err_set(err, ERR_REFUSED,
		    "what is to be signed is a request for another key than the CA key");
	return 0;
}

/* Of a CA init and renewal make the certificate of the CA itself, and a cross-certificate is
 * for the key that was named, with no room for CAs below it. */
static int judge_ca(const struct tbs *tbs, const struct tbs_rule *rule, struct err *err)
{
	if (rule->use == TOKEN_USE_INIT) {
		if (!same(tbs->subject, tbs->subject_len, rule->issuer, rule->issuer_len))
			return err_set(err, ERR_REFUSED,
			    "what is to be signed is a CA certificate for another subject than "
			    "this CA");
		if (!is_key(tbs, rule->spki, rule->spki_len))
			return err_set(err, ERR_REFUSED,
			    "what is to be signed is a CA certificate for another key than the "
			    "CA key");
		return 0;
	}
	if (rule->use != TOKEN_USE_CROSS)
		return err_set(err, ERR_REFUSED,
		    "what is to be signed is a CA certificate, which only init may make");
	if (!is_key(tbs, rule->certified, rule->certified_len))
		return err_set(err, ERR_REFUSED,
		    "what is to be signed is a CA certificate for another key than the one "
		    "that "
		    "was named");
	if (!tbs->ends)
		return err_set(err, ERR_REFUSED,
		    "what is to be signed is a cross-certificate without path length 0");
	return 0;
}

int tbs_judge(const uint8_t *der, size_t len, const struct tbs_rule *rule, struct err *err)
{
	struct tbs tbs = { 0 };

	if (tbs_parse(der, len, &tbs, err) < 0)
		return -1;
	if (tbs.kind == TBS_REQUEST)
		return judge_request(&tbs, rule, err);
	if (!same(tbs.issuer, tbs.issuer_len, rule->issuer, rule->issuer_len))
		return err_set(
		    err, ERR_REFUSED, "what is to be signed names another issuer than this CA");
	if (!same(tbs.algorithm, tbs.algorithm_len, algorithms[rule->algorithm].der,
	        algorithms[rule->algorithm].len))
		return err_set(err, ERR_REFUSED,
		    "what is to be signed names another signature algorithm than the CA key's "
		    "(%s)",
		    algorithm_info(rule->algorithm)->name);
	return tbs.kind == TBS_CA ? judge_ca(&tbs, rule, err) : 0;
}
