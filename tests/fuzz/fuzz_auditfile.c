// SPDX-License-Identifier: Apache-2.0
/* The evidence of an audit, from anybody: whatever the bytes are, auditfile_read() makes a
 * ledger of them or says why not; and what it makes can be judged, which finds what is wrong or
 * cannot go on. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/auditfile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	MICA_AUTO(auditfile_clear) struct auditfile file = { .program = NULL };
	MICA_AUTO(audit_result_clear) struct audit_result result = { .records = 0 };
	FINDINGS_AUTO findings = FINDINGS_INIT;
	BUF_AUTO text = BUF_INIT;
	struct err err = ERR_INIT;

	buf_add(&text, data, size);
	if (auditfile_read("fuzz.json", &text, &file, &err) < 0) {
		assert(!file.subject.ledger && !file.program);
		assert(err.kind != ERR_NONE && err.text[0] != '\0');
		return 0;
	}
	assert(file.program && file.state_dir);
	file.subject.now = 1800000000;
	if (audit_judge(&file.subject, &findings, &result, &err) < 0)
		assert(err.kind != ERR_NONE && err.text[0] != '\0');
	return 0;
}
