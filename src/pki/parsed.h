// SPDX-License-Identifier: Apache-2.0
/*
 * parsed: a certificate taken apart as any peer would, once, for lint to judge. Every extension
 * that mica writes is decoded, and encoded again to see whether it was DER.
 */
#ifndef MICA_PKI_PARSED_H
#define MICA_PKI_PARSED_H

#include <stdbool.h>
#include <stdint.h>

#include <openssl/x509v3.h>

#include <mica/buf.h>

#include "envelope.h"
#include "spki.h"
#include "tbs.h"

/* The extensions that mica knows */
enum extension {
	EXT_BASIC_CONSTRAINTS,
	EXT_KEY_USAGE,
	EXT_EXTENDED_KEY_USAGE,
	EXT_SUBJECT_ALT_NAME,
	EXT_SUBJECT_KEY_ID,
	EXT_AUTHORITY_KEY_ID,
	EXT_NAME_CONSTRAINTS,
	EXT_COUNT
};

struct extension_facts {
	size_t count;
	bool critical;
	bool der;    /* its value decoded, to the last byte, and encodes to the same bytes */
	void *value; /* of the first one; NULL when it did not decode */
};

struct parsed {
	struct envelope *envelope;
	struct tbs *tbs;
	struct spki *spki; /* NULL: it cannot be read */
	bool der;          /* the whole of the TBSCertificate encodes to the bytes it was */
	bool times;        /* both could be read */
	int64_t not_before;
	int64_t not_after;
	struct extension_facts extensions[EXT_COUNT];
	const ASN1_OBJECT
	    *unknown; /* the first extension that mica does not know; NULL: none */
};

/* NULL when it is not a certificate. */
struct parsed *parsed_of(const void *der, size_t len);
void parsed_free(struct parsed *parsed);
MICA_DEFINE_FREEP(struct parsed, parsed_free)

const char *extension_name(enum extension extension);

/* Each is NULL when the extension is absent or does not decode. */
static inline const BASIC_CONSTRAINTS *parsed_basic(const struct parsed *parsed)
{
	return parsed->extensions[EXT_BASIC_CONSTRAINTS].value;
}

static inline const ASN1_BIT_STRING *parsed_usage(const struct parsed *parsed)
{
	return parsed->extensions[EXT_KEY_USAGE].value;
}

static inline const EXTENDED_KEY_USAGE *parsed_purposes(const struct parsed *parsed)
{
	return parsed->extensions[EXT_EXTENDED_KEY_USAGE].value;
}

static inline const GENERAL_NAMES *parsed_san(const struct parsed *parsed)
{
	return parsed->extensions[EXT_SUBJECT_ALT_NAME].value;
}

static inline const ASN1_OCTET_STRING *parsed_key_id(const struct parsed *parsed)
{
	return parsed->extensions[EXT_SUBJECT_KEY_ID].value;
}

static inline const AUTHORITY_KEYID *parsed_authority(const struct parsed *parsed)
{
	return parsed->extensions[EXT_AUTHORITY_KEY_ID].value;
}

#endif
