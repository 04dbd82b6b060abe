// SPDX-License-Identifier: Apache-2.0
#include "wire/proof.h"

#include <stdlib.h>

#include <mica/file.h>
#include <mica/mem.h>

#include "token_private.h"

enum { MAX_MODULE = 512 << 20 };

/* The file that was loaded, as it lies there now. */
static int read_module(
    const struct token *token, struct token_identity *identity, struct err *err)
{
	BUF_AUTO bytes = BUF_INIT;
	MICA_FREE char *path = NULL;

	if (file_absolute(token->module, &path, err) < 0 ||
	    file_read(-1, path, MAX_MODULE, &bytes, err) < 0)
		return err_prefix(err, "cannot tell which module this is");
	identity->module_sha256 = digest_of(bytes.data, bytes.len);
	free(identity->module);
	identity->module = mem_give(path);
	return 0;
}

static int call_prove(
    struct token *token, const struct token_key *key, struct token_proof *ret, struct err *err)
{
	/* again after a restart: it begins with destroying what the first left */
	CALL_AUTO call = call_new(token, WIRE_PROVE, CALL_AGAIN);
	BUF_AUTO reply = BUF_INIT;
	struct wire_in in;

	call.deadline_ms = token->generate_ms;
	wire_put_buf(&call.fields, &key->spki);
	if (token_call(token, &call, &reply, &in, err) < 0)
		return -1;
	wire_get_proof(&in, ret);
	return wire_end(&in) ? 0 : token_bad_reply(token, err);
}

int token_prove(
    struct token *token, const struct token_key *key, struct token_proof *ret, struct err *err)
{
	struct token_proof proof = { 0 };

	if (token->key.len == 0)
		return err_set(err, ERR_FAILED, "cannot prove anything: no key was looked for");
	if (call_prove(token, key, &proof, err) < 0) {
		token_proof_clear(&proof);
		if (err->kind == ERR_LOST || err->kind == ERR_TIMEOUT)
			err_hint(err,
			    "a key pair labelled '%s' may be left on the token: the next "
			    "'mica token --prove' destroys it",
			    TOKEN_SIBLING_LABEL);
		return -1;
	}
	if (read_module(token, &proof.identity, err) < 0) {
		token_proof_clear(&proof);
		return -1;
	}
	token_proof_clear(ret);
	*ret = proof;
	return 0;
}
