// SPDX-License-Identifier: Apache-2.0
#include "constraints.h"

#include <string.h>
#include <strings.h>

#include <openssl/err.h>

#include <mica/mem.h>

static GENERAL_SUBTREE *make_subtree(const char *domain)
{
	GENERAL_SUBTREE *tree = GENERAL_SUBTREE_new();
	ASN1_IA5STRING *text = ASN1_IA5STRING_new();

	if (tree && text && ASN1_STRING_set(text, domain, -1) == 1) {
		GENERAL_NAME_set0_value(tree->base, GEN_DNS, text);
		return tree;
	}
	GENERAL_SUBTREE_free(tree);
	ASN1_IA5STRING_free(text);
	return NULL;
}

NAME_CONSTRAINTS *constraints_make(char *const *domains, size_t n)
{
	NAME_CONSTRAINTS *constraints = NAME_CONSTRAINTS_new();

	if (constraints)
		constraints->permittedSubtrees = sk_GENERAL_SUBTREE_new_null();
	for (size_t i = 0; constraints && i < n; i++) {
		GENERAL_SUBTREE *tree = make_subtree(domains[i]);

		if (tree && constraints->permittedSubtrees &&
		    sk_GENERAL_SUBTREE_push(constraints->permittedSubtrees, tree) > 0)
			continue;
		GENERAL_SUBTREE_free(tree);
		NAME_CONSTRAINTS_free(constraints);
		return NULL;
	}
	return constraints;
}

/* minimum is 0, and not written, and there is no maximum (RFC 5280 4.2.1.10) */
static bool is_domain(const GENERAL_SUBTREE *tree, const char *domain)
{
	const ASN1_STRING *text = tree->base->d.dNSName;

	return tree->base->type == GEN_DNS && !tree->minimum && !tree->maximum &&
	       (size_t)ASN1_STRING_length(text) == strlen(domain) &&
	       strncasecmp((const char *)ASN1_STRING_get0_data(text), domain, strlen(domain)) ==
	           0;
}

static bool has_domain(const STACK_OF(GENERAL_SUBTREE) * trees, const char *domain)
{
	for (int i = 0; i < sk_GENERAL_SUBTREE_num(trees); i++) {
		if (is_domain(sk_GENERAL_SUBTREE_value(trees, i), domain))
			return true;
	}
	return false;
}

bool constraints_permit(const NAME_CONSTRAINTS *constraints, char *const *domains, size_t n)
{
	if (!constraints || constraints->excludedSubtrees ||
	    sk_GENERAL_SUBTREE_num(constraints->permittedSubtrees) != (int)n)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (!has_domain(constraints->permittedSubtrees, domains[i]))
			return false;
	}
	return true;
}

static bool encode(const NAME_CONSTRAINTS *constraints, struct buf *ret)
{
	unsigned char *der = NULL;
	int len = ASN1_item_i2d(
	    (const ASN1_VALUE *)constraints, &der, ASN1_ITEM_rptr(NAME_CONSTRAINTS));

	if (len > 0)
		buf_add(ret, der, (size_t)len);
	OPENSSL_free(der);
	return len > 0;
}

bool constraints_same(const NAME_CONSTRAINTS *a, const NAME_CONSTRAINTS *b)
{
	BUF_AUTO first = BUF_INIT;
	BUF_AUTO second = BUF_INIT;

	if (!a || !b)
		return a == b;
	return encode(a, &first) && encode(b, &second) &&
	       buf_same(&first, second.data, second.len);
}

static void add_trees(
    const STACK_OF(GENERAL_SUBTREE) * trees, const char *what, struct buf *ret)
{
	for (int i = 0; i < sk_GENERAL_SUBTREE_num(trees); i++) {
		const GENERAL_SUBTREE *tree = sk_GENERAL_SUBTREE_value(trees, i);
		BIO *bio = BIO_new(BIO_s_mem());
		char *text = NULL;
		long len = 0;

		if (bio && tree->base->type == GEN_IPADD)
			BIO_puts(bio, "IP");
		else if (bio)
			GENERAL_NAME_print(bio, tree->base);
		if (bio)
			len = BIO_get_mem_data(bio, &text);
		buf_printf(ret, "%s%s %.*s", ret->len > 0 ? ", " : "", what, (int)len,
		    len > 0 ? text : "");
		BIO_free(bio);
	}
}

void constraints_text(const NAME_CONSTRAINTS *constraints, struct buf *ret)
{
	add_trees(constraints->permittedSubtrees, "permitted", ret);
	add_trees(constraints->excludedSubtrees, "excluded", ret);
	ERR_clear_error();
}
