// SPDX-License-Identifier: Apache-2.0
#include "chain_private.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>

#include <mica/clock.h>

#include "ca_private.h"
#include "pem.h"

/* --- one certificate -------------------------------------------------------------------- */

int link_read(struct link *link, const void *der, size_t len)
{
	const unsigned char *at = der;

	buf_add(&link->der, der, len);
	link->x509 = d2i_X509(NULL, &at, (long)len);
	link->parsed = parsed_of(der, len);
	ERR_clear_error(); /* its reasons are those of a parser */
	if (!link->x509 || !link->parsed || !link->parsed->times)
		return -1;
	link->subject = name_text(X509_get_subject_name(link->x509));
	return link->subject ? 0 : -1;
}

void link_clear(struct link *link)
{
	buf_clear(&link->der);
	X509_free(link->x509);
	parsed_free(link->parsed);
	free(link->subject);
}

bool link_is_root(const struct link *link)
{
	bool root = X509_self_signed(link->x509, 1) == 1;

	ERR_clear_error();
	return root;
}

bool link_names(const struct link *link, const struct link *issuer)
{
	return X509_NAME_cmp(
	           X509_get_issuer_name(link->x509), X509_get_subject_name(issuer->x509)) == 0;
}

/* --- the chain -------------------------------------------------------------------------- */

struct chain *chain_new(void)
{
	return mem_zalloc(sizeof(struct chain));
}

void chain_free(struct chain *chain)
{
	if (!chain)
		return;
	for (size_t i = 0; i < chain->n; i++)
		link_clear(&chain->links[i]);
	free(chain->links);
	free(chain);
}

void chain_free_ders(struct buf *ders, size_t n)
{
	for (size_t i = 0; i < n; i++)
		buf_clear(&ders[i]);
	free(ders);
}

static int read_blocks(
    const char *file, const struct buf *pem, struct buf **ders, size_t *n, struct err *err)
{
	PEM_READER_AUTO reader;
	size_t cap = 0;

	pem_reader_init(&reader, file, pem);
	for (;;) {
		MICA_FREE char *label = NULL;
		BUF_AUTO der = BUF_INIT;
		int found = pem_next(&reader, &label, &der, err);

		if (found <= 0)
			return found;
		if (strcmp(label, "CERTIFICATE") != 0)
			return err_set(err, ERR_FAILED,
			    "'%s' holds a PEM block '%s', not only certificates", file, label);
		*ders = mem_grow(*ders, &cap, *n + 1, sizeof(**ders));
		(*ders)[*n] = (struct buf)BUF_INIT;
		buf_move(&(*ders)[(*n)++], &der);
	}
}

int chain_read_ders(
    const char *file, const struct buf *bytes, struct buf **ret, size_t *ret_n, struct err *err)
{
	struct buf *ders = NULL;
	size_t n = 0;
	int status = 0;

	if (bytes->len > 0 && bytes->data[0] == V_ASN1_SEQUENCE + V_ASN1_CONSTRUCTED) {
		ders = mem_array(1, sizeof(*ders));
		buf_add(&ders[n++], bytes->data, bytes->len);
	} else {
		status = read_blocks(file, bytes, &ders, &n, err);
	}
	if (status == 0 && n == 0)
		status = err_set(err, ERR_FAILED, "'%s' holds no certificate", file);
	if (status < 0) {
		chain_free_ders(ders, n);
		return -1;
	}
	*ret = ders;
	*ret_n = n;
	return 0;
}

static int add_link(
    struct chain *chain, const char *file, const struct buf *der, struct err *err)
{
	struct link *link;

	chain->links = mem_grow(chain->links, &chain->cap, chain->n + 1, sizeof(*chain->links));
	link = &chain->links[chain->n++];
	*link = (struct link){ .file = chain->files };
	if (link_read(link, der->data, der->len) == 0)
		return 0;
	return err_set(err, ERR_FAILED, "'%s' holds a certificate that cannot be read", file);
}

int chain_add(struct chain *chain, const char *file, const struct buf *pem, struct err *err)
{
	struct buf *ders = NULL;
	size_t n = 0;
	int status = chain_read_ders(file, pem, &ders, &n, err);

	for (size_t i = 0; status == 0 && i < n; i++)
		status = add_link(chain, file, &ders[i], err);
	chain->files++;
	chain_free_ders(ders, n);
	return status;
}

size_t chain_count(const struct chain *chain)
{
	return chain->n;
}

const struct buf *chain_der(const struct chain *chain, size_t at)
{
	return &chain->links[at].der;
}

const char *chain_subject(const struct chain *chain, size_t at)
{
	return chain->links[at].subject;
}

size_t chain_file(const struct chain *chain, size_t at)
{
	return chain->links[at].file;
}

/* --- is it a path? ---------------------------------------------------------------------- */

/* RFC 5280 4.2.1.9: how many CAs may stand below. Below the link at this place stand those
 * before it, and the CA itself. */
static char *room_fault(const struct link *link, size_t at)
{
	const BASIC_CONSTRAINTS *basic = parsed_basic(link->parsed);
	long room = basic->pathlen ? ASN1_INTEGER_get(basic->pathlen) : (long)at + 1;

	if (room >= (long)at + 1)
		return NULL;
	if (room == 0)
		return mem_strdup("lets no CA stand below it: its path length is 0");
	return mem_printf("lets %ld CA%s stand below it, not %zu: its path length", room,
	    room == 1 ? "" : "s", at + 1);
}

/* Does the one that issued it stand next? */
static char *order_fault(const struct chain *chain, size_t at)
{
	const struct link *link = &chain->links[at];
	MICA_FREE char *issuer = NULL;

	if (link_is_root(link))
		return at + 1 < chain->n ? mem_strdup("is a root's, and does not stand last")
		                         : NULL;
	if (at + 1 < chain->n && link_names(link, &chain->links[at + 1]))
		return NULL;
	issuer = name_text(X509_get_issuer_name(link->x509));
	for (size_t i = 0; i < chain->n; i++) {
		if (i != at && link_names(link, &chain->links[i]))
			return mem_printf("was issued by '%s', which does not stand next",
			    issuer ? issuer : "");
	}
	return mem_printf("was issued by '%s', which is missing", issuer ? issuer : "");
}

static char *quality_fault(const struct chain *chain, size_t at)
{
	const struct link *link = &chain->links[at];
	const bool signed_by_next = at + 1 < chain->n;
	char *fault = link_key_fault(link);

	/* a root's signature by itself vouches for nothing */
	if (!fault && signed_by_next)
		fault = link_weakness(link);
	if (!fault && signed_by_next)
		fault = link_issuer_fault(link, &chain->links[at + 1]);
	if (!fault)
		fault = room_fault(link, at);
	if (!fault)
		fault = link_purpose_fault(link);
	return fault ? fault : link_constraints_fault(link);
}

int chain_check(const struct chain *chain, size_t *ret_at, struct err *err)
{
	for (size_t at = 0; at < chain->n; at++) {
		const char *issuing = issuing_fault(chain->links[at].parsed);
		MICA_FREE char *order = issuing ? NULL : order_fault(chain, at);
		MICA_FREE char *quality = issuing || order ? NULL : quality_fault(chain, at);
		const char *fault = issuing ? issuing : order ? order : quality;

		if (!fault)
			continue;
		*ret_at = at;
		err_set(err, ERR_FAILED, "the certificate of '%s' %s", chain->links[at].subject,
		    fault);
		return order ? err_hint(err, "nearest first: the CA that signs this one, then "
		                             "who signs that one, the root last")
		             : -1;
	}
	return 0;
}

int chain_check_times(const struct chain *chain, int64_t now, size_t *ret_at, struct err *err)
{
	char date[CLOCK_TEXT];

	for (size_t at = 0; at < chain->n; at++) {
		const struct parsed *parsed = chain->links[at].parsed;
		bool over = parsed->not_after <= now;

		if (!over && parsed->not_before <= now)
			continue;
		*ret_at = at;
		return err_set(err, ERR_FAILED, "the certificate of '%s' %s on %s",
		    chain->links[at].subject, over ? "expired" : "begins to be valid",
		    clock_date(over ? parsed->not_after : parsed->not_before, date));
	}
	return 0;
}
