// SPDX-License-Identifier: Apache-2.0
#include <mica/inventory.h>

#include <string.h>

#include <mica/buf.h>

/* Each part with its length, so that no two definitions read the same. */
static void add_part(struct buf *buf, const char *text)
{
	buf_printf(buf, "%zu:%s,", strlen(text), text);
}

struct digest inventory_definition(const struct inv_certificate *certificate)
{
	BUF_AUTO parts = BUF_INIT;

	add_part(&parts, profile_name(certificate->profile));
	add_part(&parts, certificate->common_name);
	add_part(&parts,
	    certificate->csr ? "request" : algorithm_info(certificate->algorithm)->name);
	for (size_t i = 0; i < certificate->n_names; i++) {
		add_part(&parts, certificate->names[i].kind == NAME_DNS ? "dns" : "ip");
		add_part(&parts, certificate->names[i].text);
	}
	return digest_of(parts.data, parts.len);
}
