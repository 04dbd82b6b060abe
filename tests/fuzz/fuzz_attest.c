// SPDX-License-Identifier: Apache-2.0
/* An attestation from outside: the first byte says how the rest is read. What a TPM's structure
 * gives out lies inside the bytes that it was read from; whatever fails says why and touches
 * nothing; no certification is taken whose chain is not there. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <mica/attest.h>

#include <pki/attest_chain.h>
#include <pki/tpm.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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
	BUF_AUTO spki = BUF_INIT;
	struct err err = ERR_INIT;

	buf_add(&bytes, all.data, all.len);
	if (attest_file_read("fuzz.pem", &bytes, &file, &err) < 0) {
		assert(!file.certificates && file.n_blocks == 0);
		said_why(&err);
		return;
	}
	/* the file is its own root, at worst; but no key is that of an empty SPKI */
	if (attest_tpm(&bytes, &bytes, &spki, 1790000000, &result, &err) == 0)
		assert(!"no key was certified");
	assert(!result.kind && !result.issuer);
	said_why(&err);
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
	default:
		read_file(all);
	}
	return 0;
}
