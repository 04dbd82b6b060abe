// SPDX-License-Identifier: Apache-2.0
#include "effort.h"

#include "changes.h"
#include "run.h"

int effort_expect(struct issue *issue, const struct inv_ca *ca, size_t signatures,
    struct effort *ret, struct err *err)
{
	enum issue_key_pin pin = ISSUE_KEY_PIN_ONCE;

	if (issue_key_pin(issue, ca, &pin, err) < 0)
		return -1;
	*ret = (struct effort){ ca, signatures, ca->touch, pin == ISSUE_KEY_PIN_EACH };
	return 0;
}

int effort_check(const struct effort *effort, const struct options *options, struct err *err)
{
	if (!options->unattended || effort->signatures == 0 ||
	    (!effort->touch && !effort->pin_each))
		return 0;
	err_set(err, ERR_REFUSED,
	    "the key of CA '%s' wants %s for each signature, and --unattended says that nobody "
	    "is there",
	    effort->ca->name, effort->touch ? "a touch" : "the PIN");
	return err_hint(err, "do it by hand, without --unattended; --ahead 30d does what would "
	                     "be due in the next days as well");
}

bool effort_learn(struct effort *effort, const struct token_key *key)
{
	bool each = key->always_authenticate == TOKEN_FLAG_TRUE;
	bool news = each != effort->pin_each;

	effort->pin_each = each;
	return news;
}

/* What the runs before have seen may be over: another key, or none has seen it. */
int effort_settle(struct effort *effort, struct run *run, struct issue *issue,
    const struct token_key *key, struct err *err)
{
	if (!effort_learn(effort, key))
		return 0;
	if (issue_key_pin_note(issue, effort->ca,
	        effort->pin_each ? ISSUE_KEY_PIN_EACH : ISSUE_KEY_PIN_ONCE, err) < 0 ||
	    effort_check(effort, &run->options, err) < 0)
		return -1;
	effort_tell(effort, &run->report);
	return 0;
}

void effort_text(const struct effort *effort, struct buf *ret)
{
	char count[64];

	if (effort->signatures == 0 || (!effort->touch && !effort->pin_each))
		return;
	buf_printf(ret, "%s", count_of(effort->signatures, "signature", "signatures", count));
	if (effort->touch)
		buf_printf(
		    ret, ", %s", count_of(effort->signatures, "touch", "touches", count));
	if (effort->pin_each)
		buf_addstr(ret, ", the PIN for each");
}

void effort_tell(const struct effort *effort, struct report *report)
{
	BUF_AUTO text = BUF_INIT;

	effort_text(effort, &text);
	if (text.len > 0)
		report_talk(report, "%s", buf_text(&text));
}

void effort_ask(const struct effort *effort, size_t signature, struct report *report)
{
	bool pad = effort->pin_each && effort->ca->pin.source == PIN_PAD;

	if (effort->touch || pad)
		report_talk(report, "%s%s%s for signature %zu of %zu",
		    pad ? "enter the PIN on the pad" : "", pad && effort->touch ? " and " : "",
		    effort->touch ? "touch the token" : "", signature, effort->signatures);
}
