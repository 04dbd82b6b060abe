// SPDX-License-Identifier: Apache-2.0
/* What the CA key asks of a person, noted: a token hides its private keys until somebody logs
 * in. */
#include "issue_private.h"

static const char each_time[] = "each signature";

static char *note_name(const struct inv_ca *ca)
{
	return mem_printf("key-pin:%s", ca->name);
}

int issue_key_pin(
    struct issue *issue, const struct inv_ca *ca, enum issue_key_pin *ret, struct err *err)
{
	MICA_FREE char *note = note_name(ca);
	BUF_AUTO value = BUF_INIT;
	bool noted = false;

	if (issue->ledger && ledger_noted(issue->ledger, note, &value, &noted, err) < 0)
		return -1;
	*ret = noted ? ISSUE_KEY_PIN_EACH : ISSUE_KEY_PIN_ONCE;
	return 0;
}

int issue_key_pin_note(
    struct issue *issue, const struct inv_ca *ca, enum issue_key_pin seen, struct err *err)
{
	MICA_FREE char *note = note_name(ca);
	enum issue_key_pin noted = ISSUE_KEY_PIN_ONCE;
	BUF_AUTO value = BUF_INIT;

	if (issue_key_pin(issue, ca, &noted, err) < 0)
		return -1;
	if (noted == seen)
		return 0;
	buf_addstr(&value, each_time);
	return ledger_note(
	    issue->ledger, note, seen == ISSUE_KEY_PIN_EACH ? &value : NULL, err);
}
