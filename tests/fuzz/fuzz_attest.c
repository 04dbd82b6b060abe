// SPDX-License-Identifier: Apache-2.0
/* An attestation from outside: the first byte says how the rest is read. What a TPM's structure
 * gives out lies inside the bytes that it was read from; whatever fails says why and touches
 * nothing; no certification is taken whose chain is not there. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <mica/attest.h>
#include <mica/certificate.h>

#include <pki/attest_chain.h>
#include <pki/tpm.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct buf root, fresh; /* libFuzzer calls without a context */

/* A root that signed nothing, and its key: no file tells of one that was just made */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	EVP_PKEY *pkey = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	X509 *x509 = X509_new();
	unsigned char *bytes = NULL;
	BUF_AUTO der = BUF_INIT;
	int len;

	(void)argc;
	(void)argv;
	X509_set_version(x509, X509_VERSION_3);
	X509_gmtime_adj(X509_getm_notBefore(x509), 0);
	X509_gmtime_adj(X509_getm_notAfter(x509), 86400);
	X509_set_pubkey(x509, pkey);
	X509_sign(x509, pkey, EVP_sha256());
	len = i2d_X509(x509, &bytes);
	assert(len > 0);
	buf_add(&der, bytes, (size_t)len);
	certificate_pem(&der, &root);
	OPENSSL_free(bytes);
	bytes = NULL;
	len = i2d_PUBKEY(pkey, &bytes);
	assert(len > 0);
	buf_add(&fresh, bytes, (size_t)len);
	OPENSSL_free(bytes);
	X509_free(x509);
	EVP_PKEY_free(pkey);
	return 0;
}

static void inside(struct tpm_span all, struct tpm_span part)
{
	if (part.len > 0)
		assert(part.data >= all.data && part.data + part.len <= all.data + all.len);
}

static void said_why(const struct err *err)
{
	assert(err->kind != ERR_NONE && err->text[0] != '\0');
}

static void read_attest(struct tpm_span all)
{
	struct tpm_attest attest = { .magic = 7 };
	struct err err = ERR_INIT;

	if (tpm_read_attest(all, &attest, &err) < 0) {
		assert(attest.magic == 7);
		said_why(&err);
		return;
	}
	inside(all, attest.extra);
	inside(all, attest.attested);
}

static void read_public(struct tpm_span all)
{
	struct tpm_public key = { .type = 7 };
	struct err err = ERR_INIT;

	if (tpm_read_public(all, &key, &err) < 0) {
		assert(key.type == 7);
		said_why(&err);
		return;
	}
	inside(all, key.n);
	inside(all, key.x);
	inside(all, key.y);
}

static void read_signature(struct tpm_span all)
{
	struct tpm_signature signature = { .alg = 7 };
	struct err err = ERR_INIT;

	if (tpm_read_signature(all, &signature, &err) < 0) {
		assert(signature.alg == 7);
		said_why(&err);
		return;
	}
	inside(all, signature.signature);
	inside(all, signature.r);
	inside(all, signature.s);
}

static void read_file(struct tpm_span all)
{
	MICA_AUTO(attest_result_clear) struct attest_result result = { 0 };
	ATTEST_FILE_AUTO file = ATTEST_FILE_INIT;
	BUF_AUTO bytes = BUF_INIT;
	struct err err = ERR_INIT;

	buf_add(&bytes, all.data, all.len);
	if (attest_file_read("fuzz.pem", &bytes, &file, &err) < 0) {
		assert(!file.certificates && file.n_blocks == 0);
		said_why(&err);
		return;
	}
	/* the file is its own root, at worst */
	if (attest_tpm(&bytes, &bytes, &fresh, 1790000000, &result, &err) == 0)
		assert(!"no key was certified");
	assert(!result.kind && !result.issuer);
	said_why(&err);
}

/* The CA's key is whatever key the first certificate has: what follows is read, too. The
 * vendor's root is not there, so nothing is ever attested. */
static void read_piv(struct tpm_span all)
{
	MICA_AUTO(attest_result_clear) struct attest_result result = { 0 };
	ATTEST_FILE_AUTO file = ATTEST_FILE_INIT;
	struct buf der = BUF_INIT;
	BUF_AUTO bytes = BUF_INIT;
	BUF_AUTO spki = BUF_INIT;
	BUF_AUTO pem = BUF_INIT;
	struct err err = ERR_INIT;
	unsigned char *first = NULL;
	int len;

	buf_add(&bytes, all.data, all.len);
	if (attest_file_read("fuzz.pem", &bytes, &file, &err) < 0)
		return;
	len = i2d_X509(sk_X509_value(file.certificates, 0), &first);
	buf_add(&der, first, len > 0 ? (size_t)len : 0);
	OPENSSL_free(first);
	if (certificate_spki(&der, &spki, &err) == 0) {
		if (attest_piv(&bytes, &root, &spki, 1790000000, &result, &err) == 0)
			assert(!"nothing was attested");
		assert(!result.kind && result.n_facts == 0);
		said_why(&err);
		if (attest_piv_gather(&der, 1, &spki, &pem, &err) < 0)
			assert(pem.len == 0);
	}
	buf_clear(&der);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tpm_span all = { data + 1, size - 1 };

	if (size == 0)
		return 0;
	switch (data[0]) {
	case 'a':
		read_attest(all);
		break;
	case 'p':
		read_public(all);
		break;
	case 's':
		read_signature(all);
		break;
	case 'v':
		read_piv(all);
		break;
	default:
		read_file(all);
	}
	return 0;
}
