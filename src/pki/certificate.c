// SPDX-License-Identifier: Apache-2.0
#include <mica/certificate.h>

#include <openssl/err.h>

#include "parsed.h"
#include "pem.h"

void certificate_pem(const struct buf *der, struct buf *ret)
{
	pem_write("CERTIFICATE", der, ret);
}

int certificate_spki(const struct buf *der, struct buf *ret, struct err *err)
{
	MICA_AUTO(parsed_freep) struct parsed *parsed = parsed_of(der->data, der->len);
	const ASN1_STRING *spki;

	ERR_clear_error();
	if (!parsed)
		return err_set(err, ERR_FAILED, "this is not a certificate");
	spki = parsed->tbs->spki->value.sequence;
	buf_add(ret, ASN1_STRING_get0_data(spki), (size_t)ASN1_STRING_length(spki));
	return 0;
}
