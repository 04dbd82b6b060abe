// SPDX-License-Identifier: Apache-2.0
#include <mica/attest.h>

#include "attest_chain.h"

int attest_verify(const struct buf *pem, const struct buf *root_pem, const struct buf *spki,
    int64_t now, struct attest_result *ret, struct err *err)
{
	ATTEST_FILE_AUTO file = ATTEST_FILE_INIT;

	if (attest_file_read("attestation", pem, &file, err) < 0)
		return -1;
	if (file.n_blocks == 0)
		return attest_piv(pem, root_pem, spki, now, ret, err);
	return attest_tpm(pem, root_pem, spki, now, ret, err);
}
