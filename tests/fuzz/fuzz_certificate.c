// SPDX-License-Identifier: Apache-2.0
/* A certificate from anywhere: read as a CA's, as one of a bundle, and judged by every rule of
 * lint. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include <mica/certificate.h>
#include <mica/chain.h>

#include <pki/lint_private.h>

#include "issuer.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct lint *lint; /* libFuzzer calls without a context */
static struct ca *ca;     /* its issuer */

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	issuer_make(&ca, &lint);
	return 0;
}

/* certified: NULL, or as a cross-certificate for this CA */
static void judge(const struct buf *bytes, enum profile profile, const struct ca *certified)
{
	MICA_AUTO(parsed_freep) struct parsed *parsed = parsed_of(bytes->data, bytes->len);
	FINDINGS_AUTO findings = FINDINGS_INIT;
	const struct lint_case lint_case = {
		.certificate = parsed,
		.profile = profile,
		.certified = certified,
		.entry = "fuzz",
		.now = 1790000000,
	};

	if (!parsed)
		return;
	lint_judge(lint, &lint_case, &findings);
	assert(findings.n == 0 || findings.items[0].text[0] != '\0');
}

/* As what stands above a CA, and as a CA below itself */
static void place(const struct buf *bytes, struct ca *read)
{
	MICA_AUTO(chain_freep) struct chain *chain = chain_new();
	struct err err = ERR_INIT;
	size_t at = 0;

	if (chain_add(chain, "fuzz.pem", bytes, &err) < 0 ||
	    chain_check(chain, &at, &err) < 0 || !read)
		return;
	(void)!ca_check_ready(read, 1790000000, &err);
	(void)!ca_check_certifies(read, &err);
	if (ca_put_under(read, chain, &err) == 0)
		chain = NULL; /* the CA's now */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	BUF_AUTO bytes = BUF_INIT;
	BUF_AUTO pem = BUF_INIT;
	BUF_AUTO spki = BUF_INIT;
	MICA_AUTO(ca_freep) struct ca *read = NULL;
	struct err err = ERR_INIT;

	if (size == 0)
		return 0;
	buf_add(&bytes, data, size);
	if (ca_read("fuzz.pem", &bytes, &read, &err) == 0)
		assert(ca_subject(read)->len > 0 && ca_key_id(read)->len > 0);
	(void)!ca_read_bundle("fuzz.pem", &bytes, &pem, &err);
	(void)!certificate_spki(&bytes, &spki, &err);
	for (enum profile profile = PROFILE_SERVER; profile <= PROFILE_CA; profile++)
		judge(&bytes, profile, NULL);
	judge(&bytes, PROFILE_CA, ca);
	place(&bytes, read);
	return 0;
}
