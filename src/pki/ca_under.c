// SPDX-License-Identifier: Apache-2.0
/* An intermediate CA below its parents, and a CA's certificate held against the inventory. */
#include "ca_private.h"

#include <string.h>
#include <strings.h>

#include <openssl/err.h>

#include <mica/clock.h>

#include "constraints.h"
#include "pem.h"

static const char *certificate_of(const struct ca *ca)
{
	return ca->subject_text;
}

/* --- below others ----------------------------------------------------------------------- */

static int under_fault(
    const struct ca *ca, const struct link *link, const struct link *parent, struct err *err)
{
	MICA_FREE char *issuer = NULL;
	MICA_FREE char *fault = NULL;

	if (link_is_root(link)) {
		err_set(err, ERR_REFUSED,
		    "the certificate of '%s' is a root's: its own key signed it",
		    certificate_of(ca));
		return err_hint(err, "a root has no 'parent'");
	}
	if (!link_names(link, parent)) {
		issuer = name_text(X509_get_issuer_name(link->x509));
		err_set(err, ERR_REFUSED,
		    "the certificate of '%s' was issued by '%s', not by '%s'",
		    certificate_of(ca), issuer ? issuer : "", parent->subject);
		return err_hint(
		    err, "the first of 'parent' must be the CA that signed this one");
	}
	fault = link_weakness(link);
	if (!fault)
		fault = link_issuer_fault(link, parent);
	if (!fault)
		fault = link_purpose_fault(link);
	if (!fault)
		fault = link_constraints_fault(link);
	return fault ? err_set(err, ERR_REFUSED, "the certificate of '%s' %s",
	                   certificate_of(ca), fault)
	             : 0;
}

static void free_store(X509_STORE **store)
{
	X509_STORE_free(*store);
}

static void free_context(X509_STORE_CTX **context)
{
	X509_STORE_CTX_free(*context);
}

static void free_stack(STACK_OF(X509) * *stack)
{
	sk_X509_free(*stack); /* what it holds is the chain's */
}

/* The whole path once more, by OpenSSL's own rules: a second pair of eyes. */
static int verify_path(
    const struct ca *ca, const struct link *link, const struct chain *chain, struct err *err)
{
	const struct link *root = &chain->links[chain->n - 1];
	MICA_AUTO(free_store) X509_STORE *store = X509_STORE_new();
	MICA_AUTO(free_context) X509_STORE_CTX *context = X509_STORE_CTX_new();
	MICA_AUTO(free_stack) STACK_OF(X509) *above = sk_X509_new_null();

	if (!store || !context || !above || X509_STORE_add_cert(store, root->x509) != 1)
		return err_openssl(err, "cannot verify the chain of '%s'", certificate_of(ca));
	for (size_t i = 0; i < chain->n; i++) {
		if (sk_X509_push(above, chain->links[i].x509) <= 0)
			return err_openssl(
			    err, "cannot verify the chain of '%s'", certificate_of(ca));
	}
	if (X509_STORE_CTX_init(context, store, link->x509, above) != 1)
		return err_openssl(err, "cannot verify the chain of '%s'", certificate_of(ca));
	X509_STORE_CTX_set_flags(context, X509_V_FLAG_NO_CHECK_TIME);
	if (X509_verify_cert(context) == 1)
		return 0;
	err_set(err, ERR_REFUSED, "the chain of '%s' does not verify: %s", certificate_of(ca),
	    X509_verify_cert_error_string(X509_STORE_CTX_get_error(context)));
	ERR_clear_error();
	return -1;
}

int ca_put_under(struct ca *ca, struct chain *chain, struct err *err)
{
	struct link link = { 0 };
	int status = link_read(&link, ca->der.data, ca->der.len);

	if (status < 0)
		err_set(err, ERR_FAILED, "the certificate of '%s' cannot be read",
		    certificate_of(ca));
	else
		status = under_fault(ca, &link, &chain->links[0], err);
	if (status == 0)
		status = verify_path(ca, &link, chain, err);
	link_clear(&link);
	if (status == 0)
		ca->chain = chain;
	return status;
}

const struct chain *ca_chain(const struct ca *ca)
{
	return ca->chain;
}

int64_t ca_ends(const struct ca *ca, const char **ret_subject)
{
	int64_t end = ca->not_after;

	*ret_subject = NULL;
	for (size_t i = 0; ca->chain && i < ca->chain->n; i++) {
		const struct link *link = &ca->chain->links[i];

		if (link->parsed->not_after >= end)
			continue;
		end = link->parsed->not_after;
		*ret_subject = link->subject;
	}
	return end;
}

static void add_links(const struct ca *ca, size_t n, struct buf *ret)
{
	for (size_t i = 0; i < n; i++)
		pem_write("CERTIFICATE", &ca->chain->links[i].der, ret);
}

void ca_add_sent(const struct ca *ca, struct buf *ret)
{
	buf_add(ret, ca->cross_sent.data, ca->cross_sent.len);
	if (!ca->chain)
		return;
	buf_add(ret, ca->pem.data, ca->pem.len);
	add_links(ca, ca->chain->n - 1, ret);
}

void ca_add_above(const struct ca *ca, struct buf *ret)
{
	if (ca->chain)
		add_links(ca, ca->chain->n, ret);
}

/* --- held against the inventory --------------------------------------------------------- */

int ca_check_subject(const struct ca *ca, const struct rdn *subject, size_t n, struct err *err)
{
	X509_NAME *wanted = name_of_rdns(subject, n);
	MICA_FREE char *text = wanted ? name_text(wanted) : NULL;
	bool same = wanted && X509_NAME_cmp(wanted, ca->name) == 0;

	X509_NAME_free(wanted);
	if (!text)
		return err_openssl(err, "cannot encode the CA's subject");
	if (same)
		return 0;
	err_set(err, ERR_REFUSED, "the certificate's subject is '%s', the inventory's '%s'",
	    ca->subject_text, text);
	return err_hint(err, "the same attributes in the same order, or take 'subject' out");
}

int ca_check_permitted(const struct ca *ca, char *const *domains, size_t n, struct err *err)
{
	BUF_AUTO said = BUF_INIT;
	BUF_AUTO wanted = BUF_INIT;

	if (n == 0 ||
	    (constraints_permit(ca->constraints, domains, n) && ca->constraints_critical))
		return 0;
	for (size_t i = 0; i < n; i++)
		buf_printf(&wanted, "%s%s", i ? ", " : "", domains[i]);
	if (!ca->constraints)
		return err_set(err, ERR_REFUSED,
		    "the certificate of '%s' has no name constraints, 'permitted-dns' says: %s",
		    certificate_of(ca), buf_text(&wanted));
	constraints_text(ca->constraints, &said);
	if (!constraints_permit(ca->constraints, domains, n))
		return err_set(err, ERR_REFUSED,
		    "the name constraints of '%s' say: %s; 'permitted-dns' says: %s",
		    certificate_of(ca), buf_text(&said), buf_text(&wanted));
	return err_set(err, ERR_REFUSED, "the name constraints of '%s' are not critical",
	    certificate_of(ca));
}

int ca_check_ready(const struct ca *ca, int64_t now, struct err *err)
{
	char date[CLOCK_TEXT];

	if (!ca->signs_crls)
		return err_set(err, ERR_REFUSED,
		    "the certificate of '%s' may sign no CRLs: keyUsage does not say cRLSign",
		    certificate_of(ca));
	if (ca->not_after <= now)
		return err_set(err, ERR_REFUSED, "the certificate of '%s' expired on %s",
		    certificate_of(ca), clock_date(ca->not_after, date));
	if (ca->not_before > now)
		return err_set(err, ERR_REFUSED,
		    "the certificate of '%s' begins to be valid on %s", certificate_of(ca),
		    clock_date(ca->not_before, date));
	return 0;
}
