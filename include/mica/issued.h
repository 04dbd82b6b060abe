// SPDX-License-Identifier: Apache-2.0
/*
 * issued: a certificate that was issued before, looked at again: what it says, who signed it,
 * and whether it keeps the rules that it had to keep then (lint.h). For audit: cheap enough for
 * a million of them, on all processors.
 */
#ifndef MICA_ISSUED_H
#define MICA_ISSUED_H

#include <stdbool.h>
#include <stdint.h>

#include <mica/buf.h>
#include <mica/ca.h>
#include <mica/digest.h>
#include <mica/findings.h>
#include <mica/lint.h>

/* A certificate, parsed once. Everything but `inside` is there to be read. */
struct issued {
	uint8_t serial[SERIAL_LEN]; /* filled up with zeros in front */
	int64_t not_before, not_after;
	struct digest key; /* SHA-256 of the SubjectPublicKeyInfo */
	const unsigned char *tbs;
	size_t tbs_len;
	struct parsed *inside;
};

/* der must outlive ret. ERR_FAILED when it is no certificate, has a serial number of more than
 * 20 octets, or dates that cannot be read. */
int issued_read(const struct buf *der, struct issued *ret, struct err *err) MICA_CHECKED;
void issued_clear(struct issued *issued);

/* Whether the issuer is this CA's subject, byte by byte. Cheap. */
bool issued_names(const struct issued *issued, const struct ca *ca);
/* Whether this CA's key signed it. The dear part: some 70 us with P-256, 600 us with P-384. */
bool issued_signed_by(const struct issued *issued, const struct ca *ca);

/* Holds it against lint's rules for this profile, as of its first second. Many threads may. */
void issued_lint(const struct issued *issued, const struct lint *lint, enum profile profile,
    const char *entry, struct findings *findings);

/* The same for a cross-certificate: certified is the other CA, lint that of its signer. */
void issued_lint_cross(const struct issued *issued, const struct lint *lint,
    const struct ca *certified, const char *entry, struct findings *findings);

/* The bytes that were signed, of whatever DER is signed as certificates are: certificates,
 * requests, CRLs. */
int issued_tbs(const struct buf *der, struct buf *ret_tbs, struct err *err) MICA_CHECKED;

/* The DER of the one PEM block in a text, that has this label ("CERTIFICATE", RFC 7468). */
int issued_der(const char *file, const char *label, const struct buf *pem, struct buf *ret,
    struct err *err) MICA_CHECKED;

#endif
