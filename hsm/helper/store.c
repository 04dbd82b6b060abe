// SPDX-License-Identifier: Apache-2.0
#include "helper.h"

#include <openssl/x509.h>

#include <mica/mem.h>

#include "../wire/ckr.h"

MICA_DEFINE_FREEP(X509, X509_free)

/* The same bytes are there already, as a certificate under this id or label. */
static int is_stored(
    struct hsm *hsm, const struct hsm_wanted *wanted, struct wire_span der, struct err *err)
{
	struct hsm_found found;

	if (hsm_search(hsm, CKO_CERTIFICATE, wanted, &found, err) < 0)
		return -1;
	for (CK_ULONG i = 0; i < found.n; i++) {
		BUF_AUTO value = BUF_INIT;

		if (hsm_bytes(hsm, found.handles[i], CKA_VALUE, &value, err) < 0)
			return -1;
		if (buf_same(&value, der.data, der.len))
			return 1;
	}
	return 0;
}

struct names {
	unsigned char *subject, *issuer, *serial;
	int subject_len, issuer_len, serial_len;
};

static int encode_names(const X509 *certificate, struct names *ret)
{
	ret->subject_len = i2d_X509_NAME(X509_get_subject_name(certificate), &ret->subject);
	ret->issuer_len = i2d_X509_NAME(X509_get_issuer_name(certificate), &ret->issuer);
	ret->serial_len = i2d_ASN1_INTEGER(X509_get0_serialNumber(certificate), &ret->serial);
	return ret->subject_len > 0 && ret->issuer_len > 0 && ret->serial_len > 0 ? 0 : -1;
}

static void free_names(struct names *names)
{
	OPENSSL_free(names->subject);
	OPENSSL_free(names->issuer);
	OPENSSL_free(names->serial);
}

static CK_RV create(struct hsm *hsm, const struct hsm_wanted *wanted, struct wire_span der,
    const struct names *names)
{
	CK_OBJECT_CLASS class = CKO_CERTIFICATE;
	CK_CERTIFICATE_TYPE type = CKC_X_509;
	CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
	CK_OBJECT_HANDLE made;
	CK_ATTRIBUTE template[] = {
		{ CKA_CLASS, &class, sizeof(class) },
		{ CKA_CERTIFICATE_TYPE, &type, sizeof(type) },
		{ CKA_TOKEN, &yes, sizeof(yes) },
		{ CKA_PRIVATE, &no, sizeof(no) },
		{ CKA_SUBJECT, names->subject, (CK_ULONG)names->subject_len },
		{ CKA_ISSUER, names->issuer, (CK_ULONG)names->issuer_len },
		{ CKA_SERIAL_NUMBER, names->serial, (CK_ULONG)names->serial_len },
		{ CKA_VALUE, (void *)der.data, der.len },
		{ CKA_LABEL, (void *)wanted->label, wanted->label ? strlen(wanted->label) : 0 },
		{ CKA_ID, (void *)wanted->id.data, wanted->id.len },
	};

	hsm_step(hsm, STEP_CREATE);
	return hsm->ck->C_CreateObject(hsm->session, template, mem_count(template), &made);
}

/* What a token says now, and may not say the next time. */
static bool may_pass(CK_RV rv)
{
	return rv == CKR_HOST_MEMORY || rv == CKR_DEVICE_MEMORY || rv == CKR_FUNCTION_FAILED;
}

int hsm_store(
    struct hsm *hsm, const struct hsm_wanted *wanted, struct wire_span der, struct err *err)
{
	const unsigned char *at = der.data;
	MICA_AUTO(X509_freep)
	X509 *certificate = der.len > 0 ? d2i_X509(NULL, &at, (long)der.len) : NULL;
	struct names names = { 0 };
	int stored;
	CK_RV rv;

	if (!certificate || at != der.data + der.len)
		return err_openssl(
		    err, "what is to be stored on %s is no certificate", hsm->name);
	stored = is_stored(hsm, wanted, der, err);
	if (stored != 0)
		return stored < 0 ? -1 : 0;
	if (encode_names(certificate, &names) < 0) {
		free_names(&names);
		return err_openssl(err, "cannot encode the certificate's names");
	}
	rv = create(hsm, wanted, der, &names);
	free_names(&names);
	if (rv == CKR_OK)
		return 0;
	ckr_fail(err, rv, "C_CreateObject", "cannot store the CA certificate on %s", hsm->name);
	if (err->kind == ERR_FAILED && !may_pass(rv))
		err->kind = ERR_REFUSED;
	return -1;
}
