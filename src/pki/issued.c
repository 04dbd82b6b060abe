// SPDX-License-Identifier: Apache-2.0
#include <mica/issued.h>

#include <string.h>

#include <openssl/err.h>

#include "ca_private.h"
#include "lint_private.h"
#include "pem.h"
#include "pkey.h"

static int fill(const struct parsed *parsed, struct issued *ret, struct err *err)
{
	const ASN1_INTEGER *serial = parsed->tbs->serial;
	const size_t len = (size_t)ASN1_STRING_length(serial);
	const unsigned char *spki;
	size_t spki_len;

	if (len > SERIAL_LEN)
		return err_set(err, ERR_FAILED, "the serial number has more than 20 octets");
	if (!parsed->times)
		return err_set(err, ERR_FAILED, "the dates of the certificate cannot be read");
	spki = any_der(parsed->tbs->spki, &spki_len);
	*ret = (struct issued){
		.not_before = parsed->not_before,
		.not_after = parsed->not_after,
		.key = digest_of(spki, spki_len),
	};
	memcpy(ret->serial + SERIAL_LEN - len, ASN1_STRING_get0_data(serial), len);
	ret->tbs = envelope_tbs(parsed->envelope, &ret->tbs_len);
	return 0;
}

int issued_read(const struct buf *der, struct issued *ret, struct err *err)
{
	MICA_AUTO(parsed_freep) struct parsed *parsed = parsed_of(der->data, der->len);

	if (!parsed) {
		ERR_clear_error();
		return err_set(err, ERR_FAILED, "this is not a certificate");
	}
	if (fill(parsed, ret, err) < 0)
		return -1;
	ret->inside = mem_give(parsed);
	return 0;
}

void issued_clear(struct issued *issued)
{
	parsed_free(issued->inside);
	*issued = (struct issued){ .inside = NULL };
}

bool issued_names(const struct issued *issued, const struct ca *ca)
{
	return any_same(issued->inside->tbs->issuer, &ca->subject);
}

bool issued_signed_by(const struct issued *issued, const struct ca *ca)
{
	const ASN1_BIT_STRING *signature = issued->inside->envelope->signature;

	return pkey_verify(ca->verifying, ASN1_STRING_get0_data(signature),
	           (size_t)ASN1_STRING_length(signature), issued->tbs, issued->tbs_len) == 0;
}

void issued_lint(const struct issued *issued, const struct lint *lint, enum profile profile,
    const char *entry, struct findings *findings)
{
	const struct lint_case lint_case = {
		.certificate = issued->inside,
		.profile = profile,
		.entry = entry,
		.now = issued->not_before,
	};

	lint_judge(lint, &lint_case, findings);
}

void issued_lint_cross(const struct issued *issued, const struct lint *lint,
    const struct ca *certified, const char *entry, struct findings *findings)
{
	const struct lint_case lint_case = {
		.certificate = issued->inside,
		.profile = PROFILE_CA,
		.certified = certified,
		.entry = entry,
		.now = issued->not_before,
	};

	lint_judge(lint, &lint_case, findings);
}

int issued_tbs(const struct buf *der, struct buf *ret_tbs, struct err *err)
{
	MICA_AUTO(envelope_freep)
	struct envelope *envelope = envelope_open(der->data, der->len);
	const unsigned char *tbs;
	size_t len;

	ERR_clear_error();
	if (!envelope)
		return err_set(err, ERR_FAILED, "this is nothing that was signed");
	tbs = envelope_tbs(envelope, &len);
	buf_add(ret_tbs, tbs, len);
	return 0;
}

int issued_der(const char *file, const char *label, const struct buf *pem, struct buf *ret,
    struct err *err)
{
	PEM_READER_AUTO reader;
	MICA_FREE char *first = NULL;
	MICA_FREE char *second = NULL;
	BUF_AUTO der = BUF_INIT;
	BUF_AUTO more = BUF_INIT;
	int found;

	pem_reader_init(&reader, file, pem);
	found = pem_next(&reader, &first, &der, err);
	if (found < 0)
		return -1;
	if (found == 0 || strcmp(first, label) != 0)
		return err_set(err, ERR_FAILED, "'%s' holds no PEM block '%s'", file, label);
	found = pem_next(&reader, &second, &more, err);
	if (found > 0)
		return err_set(err, ERR_FAILED, "'%s' holds more than one PEM block", file);
	if (found == 0)
		buf_move(ret, &der);
	return found;
}
