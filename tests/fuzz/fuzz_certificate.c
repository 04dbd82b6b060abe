// SPDX-License-Identifier: Apache-2.0
/* A certificate from anywhere: read as a CA's, as one of a bundle, and judged by every rule of
 * lint. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <mica/ca.h>
#include <mica/certificate.h>
#include <mica/chain.h>

#include <pki/lint_private.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct lint *lint; /* libFuzzer calls without a context */

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const struct rdn subject[] = { { (char *)"CN", (char *)"Milvus CA" } };
	EVP_PKEY *pkey = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	BUF_AUTO spki = BUF_INIT;
	struct ca *ca = NULL;
	struct err err = ERR_INIT;
	unsigned char *der = NULL;
	int len = i2d_PUBKEY(pkey, &der);

	(void)argc;
	(void)argv;
	buf_add(&spki, der, (size_t)len);
	OPENSSL_free(der);
	EVP_PKEY_free(pkey);
	if (ca_of_key(subject, 1, &spki, &ca, &err) < 0 || lint_new(ca, &lint, &err) < 0)
		abort();
	return 0;
}

static void judge(const struct buf *bytes)
{
	for (enum profile profile = PROFILE_SERVER; profile <= PROFILE_CA; profile++) {
		MICA_AUTO(parsed_freep)
		struct parsed *parsed = parsed_of(bytes->data, bytes->len);
		FINDINGS_AUTO findings = FINDINGS_INIT;
		struct lint_case lint_case = { parsed, profile, "fuzz", 1790000000 };

		if (!parsed)
			return;
		lint_judge(lint, &lint_case, &findings);
		assert(findings.n == 0 || findings.items[0].text[0] != '\0');
	}
}

/* As what stands above a CA, and as a CA below itself */
static void place(const struct buf *bytes, struct ca *ca)
{
	MICA_AUTO(chain_freep) struct chain *chain = chain_new();
	struct err err = ERR_INIT;
	size_t at = 0;

	if (chain_add(chain, "fuzz.pem", bytes, &err) < 0 ||
	    chain_check(chain, &at, &err) < 0 || !ca)
		return;
	(void)!ca_check_ready(ca, 1790000000, &err);
	if (ca_put_under(ca, chain, &err) == 0)
		chain = NULL; /* the CA's now */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	BUF_AUTO bytes = BUF_INIT;
	BUF_AUTO pem = BUF_INIT;
	BUF_AUTO spki = BUF_INIT;
	MICA_AUTO(ca_freep) struct ca *ca = NULL;
	struct err err = ERR_INIT;

	if (size == 0)
		return 0;
	buf_add(&bytes, data, size);
	if (ca_read("fuzz.pem", &bytes, &ca, &err) == 0)
		assert(ca_subject(ca)->len > 0 && ca_key_id(ca)->len > 0);
	(void)!ca_read_bundle("fuzz.pem", &bytes, &pem, &err);
	(void)!certificate_spki(&bytes, &spki, &err);
	judge(&bytes);
	place(&bytes, ca);
	return 0;
}
