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

/* NULL, and an error, when it is none. */
static struct parsed *parse(const struct buf *der, struct err *err)
{
	struct parsed *parsed = parsed_of(der->data, der->len);

	ERR_clear_error();
	if (!parsed)
		(void)err_set(err, ERR_FAILED, "this is not a certificate");
	return parsed;
}

int certificate_spki(const struct buf *der, struct buf *ret, struct err *err)
{
	MICA_AUTO(parsed_freep) struct parsed *parsed = parse(der, err);
	const unsigned char *spki;
	size_t len;

	if (!parsed)
		return -1;
	spki = any_der(parsed->tbs->spki, &len);
	buf_add(ret, spki, len);
	return 0;
}

int certificate_parts(
    const struct buf *der, struct buf *ret_tbs, uint8_t ret_serial[static 20], struct err *err)
{
	MICA_AUTO(parsed_freep) struct parsed *parsed = parse(der, err);
	const unsigned char *tbs;
	size_t serial_len;
	size_t len;

	if (!parsed)
		return -1;
	serial_len = (size_t)ASN1_STRING_length(parsed->tbs->serial);
	if (serial_len > 20)
		return err_set(err, ERR_FAILED, "the serial number has more than 20 octets");
	memset(ret_serial, 0, 20);
	memcpy(ret_serial + 20 - serial_len, ASN1_STRING_get0_data(parsed->tbs->serial),
	    serial_len);
	tbs = envelope_tbs(parsed->envelope, &len);
	buf_add(ret_tbs, tbs, len);
	return 0;
}
