// SPDX-License-Identifier: Apache-2.0
#include <mica/verify.h>

#include "pkey.h"
#include "spki.h"

static EVP_MD_CTX *verifying_by(const struct buf *spki)
{
	MICA_AUTO(spki_freep) struct spki *parsed = spki_parse(spki->data, spki->len);
	PKEY_AUTO *pkey = NULL;
	enum algorithm algorithm;

	if (!parsed || spki_algorithm(parsed, &algorithm) < 0)
		return NULL;
	pkey = pkey_of_spki(parsed);
	return pkey ? pkey_verifying(pkey, algorithm_info(algorithm)->digest) : NULL;
}

int verify_signature(const struct buf *spki, const void *bytes, size_t len,
    const struct buf *signature, struct err *err)
{
	MD_CTX_AUTO *verifying = verifying_by(spki);

	if (!verifying)
		return err_openssl(err, "the public key cannot be used");
	if (pkey_verify(verifying, signature->data, signature->len, bytes, len) == 0)
		return 0;
	return err_set(err, ERR_FAILED, "the signature does not verify");
}
