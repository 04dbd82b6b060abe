// SPDX-License-Identifier: Apache-2.0
/* A certification request from outside: whatever the bytes are, csr_read() takes a listed key
 * or says why not, and touches nothing otherwise. What it takes, it takes again from the same
 * bytes. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include <mica/csr.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	BUF_AUTO bytes = BUF_INIT;
	BUF_AUTO spki = BUF_INIT;
	BUF_AUTO again = BUF_INIT;
	enum algorithm algorithm = ALG_RSA_4096;
	struct err err = ERR_INIT;

	buf_add(&bytes, data, size);
	if (csr_read("fuzz.csr", &bytes, &spki, &algorithm, &err) < 0) {
		assert(spki.len == 0 && algorithm == ALG_RSA_4096);
		assert(err.kind != ERR_NONE && err.text[0] != '\0');
		return 0;
	}
	assert(spki.len > 0);
	if (csr_read("fuzz.csr", &bytes, &again, &algorithm, &err) < 0)
		assert(!"it was taken once");
	assert(buf_same(&again, spki.data, spki.len));
	return 0;
}
