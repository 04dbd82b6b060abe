// SPDX-License-Identifier: Apache-2.0
/*
 * The CA's own certification request. It is judged as a certificate is: a twin of it, signed by
 * a throw-away key, is taken apart, and the approval holds the twin's bytes.
 */
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "approval_private.h"
#include "ca_private.h"
#include "constraints.h"
#include "lint_private.h"
#include "spki.h"

static void request_freep(X509_REQ **request)
{
	X509_REQ_free(*request);
}

#define REQUEST_AUTO MICA_AUTO(request_freep) X509_REQ

typedef STACK_OF(X509_EXTENSION) extensions;

static void extensions_freep(extensions **list)
{
	sk_X509_EXTENSION_pop_free(*list, X509_EXTENSION_free);
}

#define EXTENSIONS_AUTO MICA_AUTO(extensions_freep) extensions

/* --- making it -------------------------------------------------------------------------- */

static int add(extensions **list, int nid, void *value)
{
	return X509V3_add1_i2d(list, nid, value, 1, X509V3_ADD_APPEND) == 1 ? 0 : -1;
}

static int add_basic_constraints(extensions **list)
{
	BASIC_CONSTRAINTS *basic = BASIC_CONSTRAINTS_new();
	int done = -1;

	if (basic) {
		basic->ca = 0xff;
		basic->pathlen = ASN1_INTEGER_new();
	}
	if (basic && basic->pathlen && ASN1_INTEGER_set(basic->pathlen, 0) == 1)
		done = add(list, NID_basic_constraints, basic);
	BASIC_CONSTRAINTS_free(basic);
	return done;
}

/* Bits of RFC 5280 4.2.1.3 */
enum { BIT_KEY_CERT_SIGN = 5, BIT_CRL_SIGN = 6 };

static int add_usage(extensions **list)
{
	ASN1_BIT_STRING *usage = ASN1_BIT_STRING_new();
	int done = -1;

	if (usage && ASN1_BIT_STRING_set_bit(usage, BIT_KEY_CERT_SIGN, 1) == 1 &&
	    ASN1_BIT_STRING_set_bit(usage, BIT_CRL_SIGN, 1) == 1)
		done = add(list, NID_key_usage, usage);
	ASN1_BIT_STRING_free(usage);
	return done;
}

static int add_constraints(extensions **list, const struct request_spec *spec)
{
	NAME_CONSTRAINTS *constraints;
	int done;

	if (spec->n_permitted_dns == 0)
		return 0;
	constraints = constraints_make(spec->permitted_dns, spec->n_permitted_dns);
	done = constraints ? add(list, NID_name_constraints, constraints) : -1;
	NAME_CONSTRAINTS_free(constraints);
	return done;
}

static int wanted_extensions(const struct request_spec *spec, extensions **ret)
{
	if (add_basic_constraints(ret) < 0 || add_usage(ret) < 0)
		return -1;
	return add_constraints(ret, spec);
}

/* The CertificationRequestInfo (RFC 2986 4.1) */
static int draft_request(
    const struct ca *ca, const struct request_spec *spec, struct buf *ret_info)
{
	REQUEST_AUTO *request = X509_REQ_new();
	EXTENSIONS_AUTO *list = NULL;
	MICA_AUTO(spki_freep) struct spki *spki = spki_parse(ca->spki.data, ca->spki.len);
	unsigned char *der = NULL;
	int len;

	if (!request || !spki || wanted_extensions(spec, &list) < 0 ||
	    X509_REQ_set_version(request, X509_REQ_VERSION_1) != 1 ||
	    X509_REQ_set_subject_name(request, ca->name) != 1 ||
	    spki_put(spki, X509_REQ_get_X509_PUBKEY(request)) < 0 ||
	    X509_REQ_add_extensions(request, list) != 1)
		return -1;
	len = i2d_re_X509_REQ_tbs(request, &der);
	if (len > 0)
		buf_add(ret_info, der, (size_t)len);
	OPENSSL_free(der);
	return len > 0 ? 0 : -1;
}

/* --- judging it ------------------------------------------------------------------------- */

struct judged_request {
	const struct lint *lint;
	const struct request_spec *spec;
	X509_REQ *request;
	extensions *list; /* that it asks for; NULL: none */
};

static bool is_version_1(const struct judged_request *judged)
{
	return X509_REQ_get_version(judged->request) == X509_REQ_VERSION_1;
}

static bool has_subject(const struct judged_request *judged)
{
	const unsigned char *der;
	size_t len;

	return X509_NAME_get0_der(X509_REQ_get_subject_name(judged->request), &der, &len) ==
	           1 &&
	       buf_same(ca_subject(lint_issuer(judged->lint)), der, len);
}

static bool has_key(const struct judged_request *judged)
{
	unsigned char *der = NULL;
	int len = i2d_X509_PUBKEY(X509_REQ_get_X509_PUBKEY(judged->request), &der);
	bool same = len > 0 && buf_same(ca_spki(lint_issuer(judged->lint)), der, (size_t)len);

	OPENSSL_free(der);
	return same;
}

static bool has_algorithm(const struct judged_request *judged)
{
	const X509_ALGOR *algorithm = NULL;

	X509_REQ_get0_signature(judged->request, NULL, &algorithm);
	return algorithm && X509_ALGOR_cmp(algorithm, lint_identifier(judged->lint)) == 0;
}

static bool has_one_attribute(const struct judged_request *judged)
{
	return X509_REQ_get_attr_count(judged->request) == 1 &&
	       X509_REQ_get_attr_by_NID(judged->request, NID_ext_req, -1) == 0;
}

/* The value of the only one, and critical; NULL otherwise. Free it. */
static void *critical_value(const struct judged_request *judged, int nid)
{
	int at = X509v3_get_ext_by_NID(judged->list, nid, -1);
	X509_EXTENSION *one = at < 0 ? NULL : X509v3_get_ext(judged->list, at);

	if (!one || X509v3_get_ext_by_NID(judged->list, nid, at) >= 0 ||
	    X509_EXTENSION_get_critical(one) != 1)
		return NULL;
	return X509V3_EXT_d2i(one);
}

static bool asks_for_a_ca(const struct judged_request *judged)
{
	BASIC_CONSTRAINTS *basic = critical_value(judged, NID_basic_constraints);
	bool good =
	    basic && basic->ca && basic->pathlen && ASN1_INTEGER_get(basic->pathlen) == 0;

	BASIC_CONSTRAINTS_free(basic);
	return good;
}

static bool asks_for_usage(const struct judged_request *judged)
{
	ASN1_BIT_STRING *usage = critical_value(judged, NID_key_usage);
	bool good = usage && ASN1_STRING_length(usage) == 1 &&
	            ASN1_STRING_get0_data(usage)[0] ==
	                (0x80 >> BIT_KEY_CERT_SIGN | 0x80 >> BIT_CRL_SIGN);

	ASN1_BIT_STRING_free(usage);
	return good;
}

static bool asks_for_constraints(const struct judged_request *judged)
{
	const struct request_spec *spec = judged->spec;
	NAME_CONSTRAINTS *said = critical_value(judged, NID_name_constraints);
	bool good = spec->n_permitted_dns == 0
	                ? !said
	                : constraints_permit(said, spec->permitted_dns, spec->n_permitted_dns);

	NAME_CONSTRAINTS_free(said);
	return good;
}

static bool asks_for_nothing_else(const struct judged_request *judged)
{
	return sk_X509_EXTENSION_num(judged->list) ==
	       2 + (judged->spec->n_permitted_dns > 0 ? 1 : 0);
}

static const struct {
	const char *name;
	bool (*holds)(const struct judged_request *judged);
	const char *sentence;
} rules[] = {
	{ "request-version", is_version_1, "the version of a request is 1 (RFC 2986 4.1)" },
	{ "request-subject", has_subject, "a request's subject is the CA's, byte by byte" },
	{ "request-key", has_key, "a request's public key is the CA key's" },
	{ "request-algorithm", has_algorithm,
	    "a request's signature algorithm is the one that goes with the CA's key" },
	{ "request-attributes", has_one_attribute,
	    "a request has one attribute, the extensions that it asks for (RFC 2985 5.4.2)" },
	{ "request-ca", asks_for_a_ca,
	    "a request asks for critical basicConstraints CA:TRUE with path length 0" },
	{ "request-usage", asks_for_usage,
	    "a request asks for critical keyUsage, keyCertSign and cRLSign alone" },
	{ "request-constraints", asks_for_constraints,
	    "a request asks for the name constraints of the inventory, critical" },
	{ "request-extensions", asks_for_nothing_else,
	    "a request asks for no other extension" },
};

const char *lint_request_rule(size_t i, const char **ret_sentence)
{
	if (i >= mem_count(rules))
		return NULL;
	if (ret_sentence)
		*ret_sentence = rules[i].sentence;
	return rules[i].name;
}

/* NULL when der is anything but one request. */
static X509_REQ *parse(const struct buf *der)
{
	const unsigned char *at = der->data;
	X509_REQ *request = d2i_X509_REQ(NULL, &at, (long)der->len);

	if (request && at == der->data + der->len)
		return request;
	X509_REQ_free(request);
	return NULL;
}

int lint_judge_request(const struct lint *lint, const struct request_spec *spec,
    const struct buf *der, struct findings *findings)
{
	const struct mark where = { .file = spec->entry };
	REQUEST_AUTO *request = parse(der);
	EXTENSIONS_AUTO *list = request ? X509_REQ_get_extensions(request) : NULL;
	const struct judged_request judged = { lint, spec, request, list };

	if (!request)
		return -1;
	for (size_t i = 0; i < mem_count(rules); i++) {
		if (!rules[i].holds(&judged))
			findings_add(findings, FINDING_ERROR, rules[i].name, &where, NULL,
			    "it does not hold that %s", rules[i].sentence);
	}
	ERR_clear_error();
	return 0;
}

int lint_approve_request(struct lint *lint, const struct request_spec *spec,
    struct findings *findings, struct approval **ret, struct err *err)
{
	MICA_AUTO(envelope_freep) struct envelope *twin = NULL;
	BUF_AUTO info = BUF_INIT;
	BUF_AUTO der = BUF_INIT;
	size_t errors = findings->errors;

	if (draft_request(lint_issuer(lint), spec, &info) < 0 ||
	    lint_twin(lint, &info, &der) < 0)
		return err_openssl(err, "cannot draft a request for '%s'", spec->entry);
	twin = envelope_open(der.data, der.len);
	if (!twin || lint_judge_request(lint, spec, &der, findings) < 0)
		return err_openssl(err, "the draft for '%s' is not a request", spec->entry);
	if (findings->errors > errors)
		return err_set(err, ERR_REFUSED, "the request for '%s' is refused: %s",
		    spec->entry, findings->items[findings->n - 1].text);
	*ret = lint_approval(lint, twin, spec->entry);
	(*ret)->noun = "request";
	return 0;
}
