// SPDX-License-Identifier: Apache-2.0
#include <mica/certificate.h>

#include <string.h>

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

int certificate_parts(
    const struct buf *der, struct buf *ret_tbs, uint8_t ret_serial[static 20], struct err *err)
{
	MICA_AUTO(parsed_freep) struct parsed *parsed = parsed_of(der->data, der->len);
	const ASN1_STRING *serial;
	const ASN1_STRING *tbs;
	size_t len;

	ERR_clear_error();
	if (!parsed)
		return err_set(err, ERR_FAILED, "this is not a certificate");
	serial = parsed->tbs->serial;
	tbs = parsed->envelope->tbs->value.sequence;
	len = (size_t)ASN1_STRING_length(serial);
	if (len > 20)
		return err_set(err, ERR_FAILED, "the serial number has more than 20 octets");
	memset(ret_serial, 0, 20);
	memcpy(ret_serial + 20 - len, ASN1_STRING_get0_data(serial), len);
	buf_add(ret_tbs, ASN1_STRING_get0_data(tbs), (size_t)ASN1_STRING_length(tbs));
	return 0;
}
