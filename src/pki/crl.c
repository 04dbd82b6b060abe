// SPDX-License-Identifier: Apache-2.0
#include <mica/crl.h>

#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "ca_private.h"
#include "crl_parsed.h"
#include "pem.h"
#include "pkey.h"

static const char label_of_crl[] = "X509 CRL"; /* RFC 7468, 7 */

struct crl {
	struct buf der;
	struct crl_parsed *parsed; /* its entries in the order of their serials */
	int64_t number;
	bool has_anchor;
	struct anchor anchor;
};

void crl_free(struct crl *crl)
{
	if (!crl)
		return;
	buf_clear(&crl->der);
	crl_parsed_free(crl->parsed);
	free(crl);
}

void crls_free(struct crl **crls, size_t n)
{
	for (size_t i = 0; crls && i < n; i++)
		crl_free(crls[i]);
	free(crls);
}

/* --- reading --- */

/* A reader that does not know a critical extension must not go by the list (RFC 5280 5.2). */
static bool has_critical(const struct crl_parsed *parsed)
{
	return X509v3_get_ext_by_critical(parsed->tbs->extensions, 1, -1) >= 0;
}

static int64_t number_of(const struct crl_parsed *parsed)
{
	ASN1_INTEGER *number = crl_parsed_number(parsed);
	int64_t value = -1;

	if (!number || ASN1_INTEGER_get_int64(&value, number) != 1 || value < 0)
		value = -1;
	ASN1_INTEGER_free(number);
	return value;
}

static int by_serial(const void *a, const void *b)
{
	return memcmp(((const struct revocation *)a)->serial,
	    ((const struct revocation *)b)->serial, SERIAL_LEN);
}

static struct crl *read_one(const struct buf *der)
{
	MICA_AUTO(crl_freep) struct crl *crl = mem_zalloc(sizeof(*crl));

	crl->parsed = crl_parsed_of(der->data, der->len);
	if (!crl->parsed || has_critical(crl->parsed))
		return NULL;
	buf_add(&crl->der, der->data, der->len);
	if (crl->parsed->n_revoked > 0)
		qsort(crl->parsed->revoked, crl->parsed->n_revoked,
		    sizeof(*crl->parsed->revoked), by_serial);
	crl->number = number_of(crl->parsed);
	crl->has_anchor = crl_parsed_anchor(crl->parsed, &crl->anchor);
	return mem_give(crl);
}

struct crls {
	struct crl **items;
	size_t n, cap;
};

static void crls_clear(struct crls *crls)
{
	crls_free(crls->items, crls->n);
}

static int add_one(struct crls *crls, const char *file, const struct buf *der, struct err *err)
{
	struct crl *crl = read_one(der);

	ERR_clear_error(); /* its reasons are those of a parser */
	if (!crl)
		return err_set(
		    err, ERR_FAILED, "'%s' holds a revocation list that cannot be read", file);
	crls->items = mem_grow(crls->items, &crls->cap, crls->n + 1, sizeof(struct crl *));
	crls->items[crls->n++] = crl;
	return 0;
}

static int add_all(
    struct crls *crls, const char *file, const struct buf *bytes, struct err *err)
{
	PEM_READER_AUTO reader;

	pem_reader_init(&reader, file, bytes);
	for (;;) {
		MICA_FREE char *label = NULL;
		BUF_AUTO der = BUF_INIT;
		int found = pem_next(&reader, &label, &der, err);

		if (found <= 0)
			return found;
		if (strcmp(label, label_of_crl) != 0)
			return err_set(err, ERR_FAILED,
			    "'%s' holds a PEM block '%s', not only revocation lists", file,
			    label);
		if (add_one(crls, file, &der, err) < 0)
			return -1;
	}
}

int crl_read(const char *file, const struct buf *bytes, struct crl ***ret, size_t *ret_n,
    struct err *err)
{
	MICA_AUTO(crls_clear) struct crls crls = { 0 };
	const bool pem =
	    memmem(buf_text(bytes), bytes->len, "-----BEGIN", strlen("-----BEGIN")) != NULL;

	if (bytes->len > 0 && (pem ? add_all : add_one)(&crls, file, bytes, err) < 0)
		return -1;
	if (crls.n == 0)
		return err_set(err, ERR_FAILED, "'%s' holds no revocation list", file);
	*ret = mem_give(crls.items);
	*ret_n = crls.n;
	crls.n = 0;
	return 0;
}

/* --- what one can ask --- */

const struct buf *crl_der(const struct crl *crl)
{
	return &crl->der;
}

bool crl_is_from(const struct crl *crl, const struct ca *ca)
{
	const struct crl_parsed *parsed = crl->parsed;
	const ASN1_BIT_STRING *signature = parsed->envelope->signature;
	size_t len;
	const unsigned char *tbs = envelope_tbs(parsed->envelope, &len);

	return any_same(parsed->tbs->issuer, &ca->subject) &&
	       X509_ALGOR_cmp(parsed->tbs->signature, parsed->envelope->algorithm) == 0 &&
	       pkey_verify(ca->verifying, ASN1_STRING_get0_data(signature),
	           (size_t)ASN1_STRING_length(signature), tbs, len) == 0;
}

int64_t crl_number(const struct crl *crl)
{
	return crl->number;
}

int64_t crl_this_update(const struct crl *crl)
{
	return crl->parsed->this_update;
}

int64_t crl_next_update(const struct crl *crl)
{
	return crl->parsed->next_update;
}

bool crl_anchor(const struct crl *crl, struct anchor *ret)
{
	if (crl->has_anchor)
		*ret = crl->anchor;
	return crl->has_anchor;
}

const struct revocation *crl_revoked(const struct crl *crl)
{
	return crl->parsed->revoked;
}

size_t crl_count(const struct crl *crl)
{
	return crl->parsed->n_revoked;
}

bool crl_has(
    const struct crl *crl, const uint8_t serial[static SERIAL_LEN], struct revocation *ret)
{
	struct revocation wanted = { 0 };
	const struct revocation *found = NULL;

	memcpy(wanted.serial, serial, SERIAL_LEN);
	if (crl->parsed->n_revoked > 0)
		found = bsearch(&wanted, crl->parsed->revoked, crl->parsed->n_revoked,
		    sizeof(wanted), by_serial);
	if (found && ret)
		*ret = *found;
	return found != NULL;
}

/* --- bytes --- */

int crl_tbs(const struct buf *der, struct buf *ret, struct err *err)
{
	MICA_AUTO(envelope_freep)
	struct envelope *envelope = envelope_open(der->data, der->len);
	const unsigned char *tbs;
	size_t len;

	if (!envelope) {
		ERR_clear_error();
		return err_set(err, ERR_FAILED, "the bytes are no revocation list");
	}
	tbs = envelope_tbs(envelope, &len);
	buf_add(ret, tbs, len);
	return 0;
}

void crl_pem(const struct buf *der, struct buf *ret)
{
	pem_write(label_of_crl, der, ret);
}
