// SPDX-License-Identifier: Apache-2.0
/* A revocation list from anywhere: read, asked everything, and judged by every rule of lint. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <mica/crl.h>

#include <pki/crl_private.h>

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

static void ask(const struct crl *crl)
{
	static const uint8_t serial[SERIAL_LEN] = { [SERIAL_LEN - 1] = 1 };
	struct revocation found = { 0 };
	struct anchor anchor = { 0 };
	struct err err = ERR_INIT;
	BUF_AUTO tbs = BUF_INIT;
	BUF_AUTO pem = BUF_INIT;

	if (crl_is_from(crl, ca)) /* nobody has that key any more */
		abort();
	if (crl_has(crl, serial, &found) &&
	    (crl_count(crl) == 0 || !revocation_reason_name(found.reason)))
		abort();
	if (crl_anchor(crl, &anchor) && (anchor.events < 0 || anchor.records < 0))
		abort();
	if (crl_number(crl) < -1 || crl_tbs(crl_der(crl), &tbs, &err) < 0)
		abort();
	(void)crl_this_update(crl);
	(void)crl_next_update(crl);
	crl_pem(crl_der(crl), &pem);
}

static void judge(const struct buf *bytes)
{
	MICA_AUTO(crl_parsed_freep)
	struct crl_parsed *parsed = crl_parsed_of(bytes->data, bytes->len);
	const struct crl_case crl_case = { parsed, "fuzz", 1790000000 };
	FINDINGS_AUTO findings = FINDINGS_INIT;

	if (!parsed)
		return;
	lint_judge_crl(lint, &crl_case, &findings);
	assert(findings.n == 0 || findings.items[0].text[0] != '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct crl **all = NULL;
	struct err err = ERR_INIT;
	BUF_AUTO bytes = BUF_INIT;
	BUF_AUTO tbs = BUF_INIT;
	size_t n = 0;

	if (size == 0)
		return 0;
	buf_add(&bytes, data, size);
	if (crl_read("fuzz.pem", &bytes, &all, &n, &err) == 0) {
		assert(n > 0);
		for (size_t i = 0; i < n; i++)
			ask(all[i]);
		crls_free(all, n);
	}
	(void)!crl_tbs(&bytes, &tbs, &err);
	judge(&bytes);
	return 0;
}
