// SPDX-License-Identifier: Apache-2.0
#include "crl_parsed.h"

#include <stdlib.h>

#include <openssl/x509v3.h>

#include "times.h"

void crl_parsed_free(struct crl_parsed *parsed)
{
	if (!parsed)
		return;
	envelope_free(parsed->envelope);
	crl_tbs_free(parsed->tbs);
	free(parsed->revoked);
	free(parsed);
}

static bool is_der(const struct crl_tbs *tbs, const void *der, size_t len)
{
	BUF_AUTO again = BUF_INIT;

	return crl_tbs_encode(tbs, &again) == 0 && buf_same(&again, der, len);
}

static bool read_times(struct crl_parsed *parsed)
{
	const struct crl_tbs *tbs = parsed->tbs;

	return time_read(tbs->this_update, &parsed->this_update) &&
	       (!tbs->next_update || time_read(tbs->next_update, &parsed->next_update));
}

/* Takes the entries over: libcrypto needs ten times the room for each. */
static bool read_entries(struct crl_parsed *parsed)
{
	struct crl_tbs *tbs = parsed->tbs;
	const int n = sk_X509_REVOKED_num(tbs->revoked);

	parsed->has_list = tbs->revoked != NULL;
	if (n <= 0)
		return true;
	parsed->revoked = mem_array((size_t)n, sizeof(*parsed->revoked));
	for (int i = 0; i < n; i++) {
		const char *odd = NULL;

		if (crl_entry_read(
		        sk_X509_REVOKED_value(tbs->revoked, i), &parsed->revoked[i], &odd) < 0)
			return false;
		if (odd && !parsed->odd) {
			parsed->odd = odd;
			parsed->odd_at = (size_t)i;
		}
	}
	parsed->n_revoked = (size_t)n;
	sk_X509_REVOKED_pop_free(mem_give(tbs->revoked), X509_REVOKED_free);
	return true;
}

struct crl_parsed *crl_parsed_of(const void *der, size_t len)
{
	MICA_AUTO(crl_parsed_freep)
	struct crl_parsed *parsed = mem_zalloc(sizeof(*parsed));
	const unsigned char *bytes;

	parsed->envelope = envelope_open(der, len);
	if (!parsed->envelope)
		return NULL;
	bytes = envelope_tbs(parsed->envelope, &len);
	parsed->tbs = crl_tbs_decode(bytes, len);
	if (!parsed->tbs)
		return NULL;
	parsed->der = is_der(parsed->tbs, bytes, len);
	if (!read_times(parsed) || !read_entries(parsed))
		return NULL;
	return mem_give(parsed);
}

X509_EXTENSION *crl_parsed_find(
    const struct crl_parsed *parsed, const ASN1_OBJECT *oid, size_t *ret_count)
{
	const STACK_OF(X509_EXTENSION) *all = parsed->tbs->extensions;
	const int first = X509v3_get_ext_by_OBJ(all, oid, -1);

	if (ret_count)
		*ret_count = 0;
	for (int at = first; ret_count && at >= 0; at = X509v3_get_ext_by_OBJ(all, oid, at))
		++*ret_count;
	return first < 0 ? NULL : X509v3_get_ext(all, first);
}

ASN1_INTEGER *crl_parsed_number(const struct crl_parsed *parsed)
{
	X509_EXTENSION *extension = crl_parsed_find(parsed, OBJ_nid2obj(NID_crl_number), NULL);

	return extension ? X509V3_EXT_d2i(extension) : NULL;
}

bool crl_parsed_anchor(const struct crl_parsed *parsed, struct anchor *ret)
{
	ASN1_OBJECT *oid = crl_anchor_oid();
	X509_EXTENSION *extension = oid ? crl_parsed_find(parsed, oid, NULL) : NULL;
	const ASN1_OCTET_STRING *value = extension ? X509_EXTENSION_get_data(extension) : NULL;

	ASN1_OBJECT_free(oid);
	return value && crl_anchor_decode(ASN1_STRING_get0_data(value),
	                    (size_t)ASN1_STRING_length(value), ret);
}
