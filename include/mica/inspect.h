// SPDX-License-Identifier: Apache-2.0
/*
 * inspect: what certificates and keys say, whoever made them. For judging what is there: what
 * mica itself issues has passed lint (lint.h), which is far stricter.
 */
#ifndef MICA_INSPECT_H
#define MICA_INSPECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mica/buf.h>
#include <mica/digest.h>
#include <mica/mem.h>

enum inspect_key {
	INSPECT_KEY_GOOD,    /* RSA of 2048 bits or more, P-256, P-384 */
	INSPECT_KEY_WEAK,    /* RSA of fewer bits */
	INSPECT_KEY_FOREIGN, /* some client of Milvus has no such algorithm */
};

/* One certificate. */
struct inspected {
	struct buf der;
	char *subject;     /* for people */
	char *common_name; /* the first one; NULL: none */
	struct digest spki; /* SHA-256 of the SubjectPublicKeyInfo */
	int64_t not_before, not_after;
	bool ca;          /* basicConstraints say CA:TRUE */
	bool self_signed; /* its own key verifies it */
	bool self_named;  /* subject and issuer are the same, and yet another key verifies it */
	bool authority;   /* there is an authorityKeyIdentifier with a key's identifier */
	bool usage;       /* there is a keyUsage, and */
	bool usage_signs; /* keyCertSign in it */
	bool purposes;    /* there is an extendedKeyUsage, and */
	bool for_server, for_client;
	bool named;       /* a subjectAltName holds a DNS name or an address */
	enum inspect_key key;
	char key_name[32]; /* "RSA 2048", "P-256", "ED25519" */
	bool weak_signature;
	char signature[48]; /* "sha1WithRSAEncryption" */
};

void inspected_free(struct inspected *list, size_t n);

/* Every certificate of a PEM text, in its order; other blocks are passed over. ERR_FAILED when
 * there is none, or one is malformed. */
int inspect_certificates(const char *file, const struct buf *pem, struct inspected **ret,
    size_t *ret_n, struct err *err) MICA_CHECKED;

/* One DER certificate. Free with inspected_free(ret, 1). */
int inspect_der(const struct buf *der, struct inspected **ret, struct err *err) MICA_CHECKED;

/* Whether the subjectAltName holds a DNS name or an IP address, as Go and gRPC look for it: the
 * common name does not count. */
bool inspected_holds(const struct inspected *certificate, const char *name);

/* Did issuer's key sign it, under issuer's name? */
bool inspected_signed_by(const struct inspected *certificate, const struct inspected *issuer);

/* Did issuer's key sign this CRL (DER), under issuer's name? */
bool inspected_signed_crl(const struct inspected *issuer, const struct buf *crl);

/* Its serial number, most significant octet first; false: none that RFC 5280 allows. */
bool inspected_serial(const struct inspected *certificate, uint8_t ret[static 20]);

struct inspect_set {
	const struct inspected *items;
	size_t n;
};

/* Is there a way from the leaf over intermediates to one of the trusted, whether that is a root or not
 * (as Go has it)? Looks neither at the time nor at purposes. ERR_FAILED says why not. */
int inspect_path(const struct inspected *leaf, struct inspect_set intermediates,
    struct inspect_set trusted, struct err *err) MICA_CHECKED;

enum inspect_form { INSPECT_PKCS8, INSPECT_TRADITIONAL, INSPECT_ENCRYPTED };

/* The private key in a PEM text. ERR_NOT_FOUND: there is none in it. An encrypted one has a form
 * and no spki. */
int inspect_private_key(const char *file, const struct buf *pem, struct digest *ret_spki,
    enum inspect_form *ret_form, struct err *err) MICA_CHECKED;

#endif
