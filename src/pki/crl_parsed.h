// SPDX-License-Identifier: Apache-2.0
/* crl_parsed: a revocation list taken apart, once, for lint to judge and for crl.h to tell of.
 */
#ifndef MICA_PKI_CRL_PARSED_H
#define MICA_PKI_CRL_PARSED_H

#include "crl_tbs.h"
#include "envelope.h"

struct crl_parsed {
	struct envelope *envelope;
	struct crl_tbs *tbs; /* its entries are in `revoked` alone */
	bool der;            /* the whole of the TBSCertList encodes to the bytes it was */
	int64_t this_update;
	int64_t next_update;        /* 0: none */
	bool has_list;              /* revokedCertificates is there, be it empty */
	struct revocation *revoked; /* as they stand there */
	size_t n_revoked;
	const char *odd; /* crl_entry_read()'s, of the entry odd_at; NULL: none is odd */
	size_t odd_at;
};

/* NULL when it is no revocation list, or one that says what crl_entry_read() cannot tell. */
struct crl_parsed *crl_parsed_of(const void *der, size_t len);
void crl_parsed_free(struct crl_parsed *parsed);
MICA_DEFINE_FREEP(struct crl_parsed, crl_parsed_free)

/* The first extension with this OID; *ret_count, unless NULL: how many there are. */
X509_EXTENSION *crl_parsed_find(
    const struct crl_parsed *parsed, const ASN1_OBJECT *oid, size_t *ret_count);

/* cRLNumber; NULL: none that can be read. Free it. */
ASN1_INTEGER *crl_parsed_number(const struct crl_parsed *parsed);
bool crl_parsed_anchor(const struct crl_parsed *parsed, struct anchor *ret);

#endif
