// SPDX-License-Identifier: Apache-2.0
#include "tbs.h"

#include <stdbool.h>
#include <string.h>

#include <mica/mem.h>

enum tag {
	TAG_BOOLEAN = 0x01,
	TAG_INTEGER = 0x02,
	TAG_BIT_STRING = 0x03,
	TAG_OCTET_STRING = 0x04,
	TAG_OID = 0x06,
	TAG_UTC_TIME = 0x17,
	TAG_GENERALIZED_TIME = 0x18,
	TAG_SEQUENCE = 0x30,
	TAG_SET = 0x31,
	TAG_VERSION = 0xa0,         /* [0] of a TBSCertificate */
	TAG_CRL_EXTENSIONS = 0xa0,  /* [0] of a TBSCertList */
	TAG_ATTRIBUTES = 0xa0,      /* [0] of a CertificationRequestInfo */
	TAG_CERT_EXTENSIONS = 0xa3, /* [3] */
};

enum { MAX_SERIAL = 20, KEY_CERT_SIGN = 0x04, CRL_SIGN = 0x02 };

struct der {
	const uint8_t *at;
	size_t left;
};

static bool next_is(const struct der *from, enum tag tag)
{
	return from->left > 0 && from->at[0] == tag;
}

/* The length octets behind the tag: how many there are, or 0 for a fault. */
static size_t read_length(const struct der *from, size_t *ret)
{
	size_t n, len = 0;

	if (from->left < 2)
		return 0;
	if (from->at[1] < 0x80) {
		*ret = from->at[1];
		return 1;
	}
	n = from->at[1] & 0x7f;
	if (n == 0 || n > 4 || from->left < 2 + n || from->at[2] == 0)
		return 0;
	for (size_t i = 0; i < n; i++)
		len = len << 8 | from->at[2 + i];
	if (len < 0x80)
		return 0;
	*ret = len;
	return 1 + n;
}

/* Takes one element with this tag; its content goes to ret, the element whole to ret_whole. */
static bool take_whole(struct der *from, enum tag tag, struct der *ret, struct der *ret_whole)
{
	size_t len = 0, octets;

	if (!next_is(from, tag))
		return false;
	octets = read_length(from, &len);
	if (octets == 0 || len > from->left - 1 - octets)
		return false;
	ret_whole->at = from->at;
	ret_whole->left = 1 + octets + len;
	ret->at = from->at + 1 + octets;
	ret->left = len;
	from->at += ret_whole->left;
	from->left -= ret_whole->left;
	return true;
}

static bool take(struct der *from, enum tag tag, struct der *ret)
{
	struct der whole;

	return take_whole(from, tag, ret, &whole);
}

static bool skip(struct der *from, enum tag tag)
{
	struct der content;

	return take(from, tag, &content);
}

static bool take_time(struct der *from)
{
	return skip(from, next_is(from, TAG_UTC_TIME) ? TAG_UTC_TIME : TAG_GENERALIZED_TIME);
}

/* An INTEGER of one octet with this value */
static bool take_small(struct der *from, uint8_t value)
{
	struct der number;

	return take(from, TAG_INTEGER, &number) && number.left == 1 && number.at[0] == value;
}

/* Positive, at most 20 octets, the shortest form (RFC 5280, 4.1.2.2) */
static bool take_serial(struct der *from)
{
	struct der number;

	if (!take(from, TAG_INTEGER, &number) || number.left == 0 || number.left > MAX_SERIAL)
		return false;
	if (number.at[0] & 0x80 || (number.left == 1 && number.at[0] == 0))
		return false;
	return number.at[0] != 0 || number.at[1] & 0x80;
}

static bool take_names(struct der *from, struct tbs *tbs)
{
	struct der content, whole;

	if (!take_whole(from, TAG_SEQUENCE, &content, &whole))
		return false;
	tbs->algorithm = whole.at;
	tbs->algorithm_len = whole.left;
	if (!take_whole(from, TAG_SEQUENCE, &content, &whole))
		return false;
	tbs->issuer = whole.at;
	tbs->issuer_len = whole.left;
	return true;
}

/* --- extensions ---------------------------------------------------------------- */

struct extension {
	struct der oid;
	struct der value; /* the OCTET STRING's content */
};

static bool take_extension(struct der *from, struct extension *ret)
{
	struct der one, critical;

	if (!take(from, TAG_SEQUENCE, &one) || !take(&one, TAG_OID, &ret->oid))
		return false;
	if (next_is(&one, TAG_BOOLEAN)) {
		/* DEFAULT FALSE is not written, and TRUE is 0xff */
		if (!take(&one, TAG_BOOLEAN, &critical) || critical.left != 1 ||
		    critical.at[0] != 0xff)
			return false;
	}
	return take(&one, TAG_OCTET_STRING, &ret->value) && one.left == 0;
}

static bool oid_is(const struct extension *extension, const uint8_t oid[static 3])
{
	return extension->oid.left == 3 && memcmp(extension->oid.at, oid, 3) == 0;
}

/* What a certificate's extensions say */
struct seen {
	bool ca;   /* cA, keyCertSign or cRLSign */
	bool ends; /* path length 0 */
};

static bool read_basic_constraints(struct der value, struct seen *ret)
{
	struct der content, flag, length;

	if (!take(&value, TAG_SEQUENCE, &content) || value.left != 0)
		return false;
	if (next_is(&content, TAG_BOOLEAN)) {
		if (!take(&content, TAG_BOOLEAN, &flag) || flag.left != 1 || flag.at[0] != 0xff)
			return false;
		ret->ca = true;
	}
	if (next_is(&content, TAG_INTEGER)) {
		if (!take(&content, TAG_INTEGER, &length))
			return false;
		ret->ends = length.left == 1 && length.at[0] == 0;
	}
	return content.left == 0;
}

static bool read_key_usage(struct der value, struct seen *ret)
{
	struct der bits;

	if (!take(&value, TAG_BIT_STRING, &bits) || value.left != 0 || bits.left < 2)
		return false;
	if (bits.at[1] & (KEY_CERT_SIGN | CRL_SIGN))
		ret->ca = true;
	return true;
}

/* Each extension once: of two basicConstraints a reader might heed the other one. */
static bool read_extensions(struct der list, struct seen *ret)
{
	static const uint8_t basic_constraints[] = { 0x55, 0x1d, 0x13 };
	static const uint8_t key_usage[] = { 0x55, 0x1d, 0x0f };
	bool seen_constraints = false, seen_usage = false;
	struct extension one;

	while (list.left > 0) {
		if (!take_extension(&list, &one))
			return false;
		if (oid_is(&one, basic_constraints)) {
			if (seen_constraints || !read_basic_constraints(one.value, ret))
				return false;
			seen_constraints = true;
		}
		if (oid_is(&one, key_usage)) {
			if (seen_usage || !read_key_usage(one.value, ret))
				return false;
			seen_usage = true;
		}
	}
	return true;
}

/* --- the three structures -------------------------------------------------------- */

static bool parse_certificate(struct der body, struct tbs *tbs)
{
	struct der part, list, whole;
	struct seen seen = { 0 };

	if (!take(&body, TAG_VERSION, &part) || !take_small(&part, 2) || part.left != 0)
		return false;
	if (!take_serial(&body) || !take_names(&body, tbs))
		return false;
	if (!take(&body, TAG_SEQUENCE, &part) || !take_time(&part) || !take_time(&part) ||
	    part.left != 0)
		return false;
	if (!take_whole(&body, TAG_SEQUENCE, &part, &whole))
		return false;
	tbs->subject = whole.at;
	tbs->subject_len = whole.left;
	if (!take_whole(&body, TAG_SEQUENCE, &part, &whole))
		return false;
	tbs->spki = whole.at;
	tbs->spki_len = whole.left;
	if (!skip(&part, TAG_SEQUENCE) || !skip(&part, TAG_BIT_STRING) || part.left != 0)
		return false;
	if (body.left > 0) {
		if (!take(&body, TAG_CERT_EXTENSIONS, &part) ||
		    !take(&part, TAG_SEQUENCE, &list))
			return false;
		if (part.left != 0 || !read_extensions(list, &seen))
			return false;
	}
	tbs->kind = seen.ca ? TBS_CA : TBS_LEAF;
	tbs->ends = seen.ends;
	return body.left == 0;
}

static bool parse_revoked(struct der list)
{
	struct der one;

	while (list.left > 0) {
		if (!take(&list, TAG_SEQUENCE, &one) || !skip(&one, TAG_INTEGER) ||
		    !take_time(&one))
			return false;
		if (one.left > 0 && (!skip(&one, TAG_SEQUENCE) || one.left != 0))
			return false;
	}
	return true;
}

static bool parse_crl(struct der body, struct tbs *tbs)
{
	struct der part, list;
	struct seen seen;

	if (!take_small(&body, 1) || !take_names(&body, tbs) || !take_time(&body))
		return false;
	if ((next_is(&body, TAG_UTC_TIME) || next_is(&body, TAG_GENERALIZED_TIME)) &&
	    !take_time(&body))
		return false;
	if (next_is(&body, TAG_SEQUENCE)) {
		if (!take(&body, TAG_SEQUENCE, &part) || !parse_revoked(part))
			return false;
	}
	if (body.left > 0) {
		if (!take(&body, TAG_CRL_EXTENSIONS, &part) ||
		    !take(&part, TAG_SEQUENCE, &list))
			return false;
		if (part.left != 0 || !read_extensions(list, &seen))
			return false;
	}
	tbs->kind = TBS_CRL;
	return body.left == 0;
}

/* One attribute, the extensions that are asked for (RFC 2985 5.4.2), or none */
static bool parse_attributes(struct der list)
{
	static const uint8_t extension_request[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01,
		0x09, 0x0e };
	struct der one, oid, set, extensions;
	struct seen seen;

	if (list.left == 0)
		return true;
	if (!take(&list, TAG_SEQUENCE, &one) || list.left != 0)
		return false;
	if (!take(&one, TAG_OID, &oid) || oid.left != sizeof(extension_request) ||
	    memcmp(oid.at, extension_request, sizeof(extension_request)) != 0)
		return false;
	if (!take(&one, TAG_SET, &set) || one.left != 0)
		return false;
	return take(&set, TAG_SEQUENCE, &extensions) && set.left == 0 &&
	       read_extensions(extensions, &seen);
}

static bool parse_request(struct der body, struct tbs *tbs)
{
	struct der part, whole;

	if (!take_small(&body, 0) || !take_whole(&body, TAG_SEQUENCE, &part, &whole))
		return false;
	tbs->issuer = whole.at;
	tbs->issuer_len = whole.left;
	if (!take_whole(&body, TAG_SEQUENCE, &part, &whole))
		return false;
	tbs->spki = whole.at;
	tbs->spki_len = whole.left;
	if (!skip(&part, TAG_SEQUENCE) || !skip(&part, TAG_BIT_STRING) || part.left != 0)
		return false;
	if (!take(&body, TAG_ATTRIBUTES, &part) || !parse_attributes(part))
		return false;
	tbs->kind = TBS_REQUEST;
	return body.left == 0;
}

/* Only a request begins with the number 0. */
static bool parse_any(struct der body, struct tbs *tbs)
{
	struct der peek = body;

	if (next_is(&body, TAG_VERSION))
		return parse_certificate(body, tbs);
	return take_small(&peek, 0) ? parse_request(body, tbs) : parse_crl(body, tbs);
}

int tbs_parse(const uint8_t *der, size_t len, struct tbs *ret, struct err *err)
{
	struct der all = { der, len }, body;
	struct tbs tbs = { 0 };

	if (!take(&all, TAG_SEQUENCE, &body) || all.left != 0)
		return err_set(err, ERR_REFUSED, "the bytes to be signed are no DER SEQUENCE");
	if (!parse_any(body, &tbs))
		return err_set(err, ERR_REFUSED,
		    "the bytes to be signed are neither a TBSCertificate nor a TBSCertList");
	*ret = tbs;
	return 0;
}
