// SPDX-License-Identifier: Apache-2.0
#include "ca_private.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>

#include "parsed.h"
#include "pem.h"
#include "pkey.h"
#include "spki.h"

static const struct pem_kind certificate_kind = { "certificate", { "CERTIFICATE" } };

void ca_free(struct ca *ca)
{
	if (!ca)
		return;
	buf_clear(&ca->der);
	buf_clear(&ca->pem);
	buf_clear(&ca->subject);
	free(ca->subject_text);
	buf_clear(&ca->spki);
	buf_clear(&ca->key_id);
	X509_NAME_free(ca->name);
	EVP_MD_CTX_free(ca->verifying);
	NAME_CONSTRAINTS_free(ca->constraints);
	chain_free(ca->chain);
	ca_free(ca->cross);
	buf_clear(&ca->cross_sent);
	free(ca);
}

char *name_text(const X509_NAME *name)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text = NULL;
	char *copy = NULL;
	long len;

	if (bio && X509_NAME_print_ex(bio, name, 0,
	               XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB) >= 0) {
		len = BIO_get_mem_data(bio, &text);
		copy = mem_dup(len > 0 ? text : "", len > 0 ? (size_t)len : 0);
	}
	BIO_free(bio);
	return copy;
}

static int take_name(struct ca *ca, const X509_NAME *name)
{
	const unsigned char *der;
	size_t len;

	ca->name = X509_NAME_dup(name);
	if (!ca->name || X509_NAME_get0_der(ca->name, &der, &len) != 1)
		return -1;
	buf_add(&ca->subject, der, len);
	ca->subject_text = name_text(name);
	return ca->subject_text ? 0 : -1;
}

/* The key: listed, readable, and from now on ready to verify with. */
static int take_key(struct ca *ca, const void *der, size_t len)
{
	MICA_AUTO(spki_freep) struct spki *spki = spki_parse(der, len);
	PKEY_AUTO *pkey = NULL;

	if (!spki || spki_algorithm(spki, &ca->algorithm) < 0)
		return -1;
	buf_add(&ca->spki, der, len);
	pkey = pkey_of_spki(spki);
	if (!pkey)
		return -1;
	ca->verifying = pkey_verifying(pkey, algorithm_info(ca->algorithm)->digest);
	return ca->verifying ? 0 : -1;
}

static void identify(struct ca *ca)
{
	BUF_AUTO both = BUF_INIT;

	buf_add(&both, ca->subject.data, ca->subject.len);
	buf_add(&both, ca->spki.data, ca->spki.len);
	ca->identity = digest_of(both.data, both.len);
}

/* --- of a certificate --- */

/* Bits of RFC 5280 4.2.1.3 */
enum { BIT_KEY_CERT_SIGN = 5, BIT_CRL_SIGN = 6 };

static long path_length(const struct parsed *parsed)
{
	const BASIC_CONSTRAINTS *basic = parsed_basic(parsed);

	return basic && basic->pathlen ? ASN1_INTEGER_get(basic->pathlen) : -1;
}

static int take_certificate(struct ca *ca, const struct parsed *parsed)
{
	size_t len;
	const unsigned char *spki = any_der(parsed->tbs->spki, &len);

	if (!parsed->times || take_name(ca, parsed->tbs->subject) < 0 ||
	    take_key(ca, spki, len) < 0)
		return -1;
	ca->not_before = parsed->not_before;
	ca->not_after = parsed->not_after;
	ca->signs_crls = ASN1_BIT_STRING_get_bit(parsed_usage(parsed), BIT_CRL_SIGN) == 1;
	ca->path_length = path_length(parsed);
	return 0;
}

static bool any_unreadable(const struct parsed *parsed)
{
	const BASIC_CONSTRAINTS *basic = parsed_basic(parsed);

	for (enum extension i = 0; i < EXT_COUNT; i++) {
		const struct extension_facts *facts = &parsed->extensions[i];

		if (facts->count > 1 || (facts->count == 1 && !facts->value))
			return true;
	}
	return basic && basic->pathlen && ASN1_STRING_type(basic->pathlen) != V_ASN1_INTEGER;
}

/* What libcrypto knows, mica's peers are taken to know as well. */
static bool any_unknown(const struct parsed *parsed)
{
	const STACK_OF(X509_EXTENSION) *all = parsed->tbs->extensions;

	for (int i = 0; i < sk_X509_EXTENSION_num(all); i++) {
		X509_EXTENSION *extension = sk_X509_EXTENSION_value(all, i);

		if (X509_EXTENSION_get_critical(extension) &&
		    !X509_supported_extension(extension))
			return true;
	}
	return false;
}

const char *issuing_fault(const struct parsed *parsed)
{
	const BASIC_CONSTRAINTS *basic = parsed_basic(parsed);
	const ASN1_BIT_STRING *usage = parsed_usage(parsed);

	if (any_unreadable(parsed))
		return "has an extension that cannot be read";
	if (any_unknown(parsed))
		return "has a critical extension that mica does not know";
	if (!basic || !basic->ca)
		return "is not a CA's: basicConstraints does not say CA:TRUE";
	if (!usage || !ASN1_BIT_STRING_get_bit(usage, BIT_KEY_CERT_SIGN))
		return "may not issue: keyUsage does not say keyCertSign";
	if (X509_NAME_entry_count(parsed->tbs->subject) == 0)
		return "has an empty subject";
	return NULL;
}

int ca_read(const char *file, const struct buf *bytes, struct ca **ret, struct err *err)
{
	MICA_AUTO(ca_freep) struct ca *ca = mem_zalloc(sizeof(*ca));
	MICA_AUTO(parsed_freep) struct parsed *parsed = NULL;
	const ASN1_OCTET_STRING *id;
	const char *fault;

	if (pem_or_der(file, bytes, &certificate_kind, &ca->der, err) < 0)
		return -1;
	parsed = parsed_of(ca->der.data, ca->der.len);
	if (!parsed) {
		ERR_clear_error(); /* its reasons are those of a parser */
		return err_set(err, ERR_FAILED, "'%s' is not a certificate", file);
	}
	fault = issuing_fault(parsed);
	if (!fault && !parsed_key_id(parsed))
		fault = "has no subject key identifier";
	if (fault) {
		ERR_clear_error();
		return err_set(err, ERR_FAILED, "the certificate in '%s' %s", file, fault);
	}
	if (take_certificate(ca, parsed) < 0)
		return err_openssl(err,
		    "the certificate in '%s' has a key, name or time that mica "
		    "cannot use",
		    file);
	id = parsed_key_id(parsed);
	buf_add(&ca->key_id, ASN1_STRING_get0_data(id), (size_t)ASN1_STRING_length(id));
	ca->constraints_critical = parsed->extensions[EXT_NAME_CONSTRAINTS].critical;
	ca->constraints = mem_give(parsed->extensions[EXT_NAME_CONSTRAINTS].value);
	pem_write("CERTIFICATE", &ca->der, &ca->pem);
	identify(ca);
	*ret = mem_give(ca);
	return 0;
}

/* --- of a name and a key --- */

X509_NAME *name_of_rdns(const struct rdn *rdns, size_t n)
{
	X509_NAME *name = X509_NAME_new();

	for (size_t i = 0; name && i < n; i++) {
		bool country = strcmp(rdns[i].type, "C") == 0;

		if (X509_NAME_add_entry_by_txt(name, rdns[i].type,
		        country ? V_ASN1_PRINTABLESTRING : V_ASN1_UTF8STRING,
		        (const unsigned char *)rdns[i].value, -1, -1, 0) != 1) {
			X509_NAME_free(name);
			return NULL;
		}
	}
	return name;
}

static int take_key_id(struct ca *ca)
{
	MICA_AUTO(spki_freep) struct spki *spki = spki_parse(ca->spki.data, ca->spki.len);
	unsigned char id[KEY_ID_LEN];

	if (!spki || spki_key_id(spki, id) < 0)
		return -1;
	buf_add(&ca->key_id, id, sizeof(id));
	return 0;
}

int ca_of_key(const struct rdn *subject, size_t n_subject, const struct buf *spki,
    struct ca **ret, struct err *err)
{
	MICA_AUTO(ca_freep) struct ca *ca = mem_zalloc(sizeof(*ca));
	X509_NAME *name = name_of_rdns(subject, n_subject);
	int done = name ? take_name(ca, name) : -1;

	X509_NAME_free(name);
	if (done < 0)
		return err_openssl(err, "cannot encode the CA's subject");
	if (n_subject == 0)
		return err_set(err, ERR_FAILED, "the CA's subject is empty");
	if (take_key(ca, spki->data, spki->len) < 0 || take_key_id(ca) < 0)
		return err_openssl(
		    err, "the CA's public key is of a kind that mica does not use");
	ca->path_length = -1;
	identify(ca);
	*ret = mem_give(ca);
	return 0;
}

/* --- what one can ask --- */

const struct buf *ca_der(const struct ca *ca)
{
	return &ca->der;
}

const struct buf *ca_pem(const struct ca *ca)
{
	return &ca->pem;
}

const struct buf *ca_subject(const struct ca *ca)
{
	return &ca->subject;
}

const char *ca_subject_text(const struct ca *ca)
{
	return ca->subject_text;
}

const struct buf *ca_spki(const struct ca *ca)
{
	return &ca->spki;
}

const struct buf *ca_key_id(const struct ca *ca)
{
	return &ca->key_id;
}

enum algorithm ca_algorithm(const struct ca *ca)
{
	return ca->algorithm;
}

int64_t ca_not_before(const struct ca *ca)
{
	return ca->not_before;
}

int64_t ca_not_after(const struct ca *ca)
{
	return ca->not_after;
}

struct digest ca_fingerprint(const struct ca *ca)
{
	return digest_of(buf_text(&ca->der), ca->der.len);
}

/* --- the certificate whole --- */

static X509 *parse(const struct buf *der)
{
	const unsigned char *at = der->data;
	X509 *x509 = d2i_X509(NULL, &at, (long)der->len);

	if (x509 && at == der->data + der->len)
		return x509;
	X509_free(x509);
	return NULL;
}

bool ca_is_root(const struct ca *ca)
{
	X509_AUTO *x509 = parse(&ca->der);
	bool root = x509 && X509_self_signed(x509, 1) == 1;

	ERR_clear_error();
	return root;
}

/* --- bundles --- */

int ca_read_bundle(
    const char *file, const struct buf *bytes, struct buf *ret_pem, struct err *err)
{
	PEM_READER_AUTO reader;
	BUF_AUTO all = BUF_INIT;
	int found;

	pem_reader_init(&reader, file, bytes);
	for (;;) {
		MICA_FREE char *label = NULL;
		X509_AUTO *x509 = NULL;
		BUF_AUTO der = BUF_INIT;

		found = pem_next(&reader, &label, &der, err);
		if (found <= 0)
			break;
		if (strcmp(label, "CERTIFICATE") != 0)
			return err_set(err, ERR_FAILED,
			    "'%s' holds a PEM block '%s', not only certificates", file, label);
		x509 = parse(&der);
		if (!x509) {
			ERR_clear_error();
			return err_set(err, ERR_FAILED,
			    "'%s' holds a certificate that cannot be read", file);
		}
		pem_write("CERTIFICATE", &der, &all);
	}
	if (found < 0)
		return -1;
	if (all.len == 0)
		return err_set(err, ERR_FAILED, "'%s' holds no certificate", file);
	buf_add(ret_pem, all.data, all.len);
	return 0;
}
