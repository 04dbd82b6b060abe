// SPDX-License-Identifier: Apache-2.0
/*
 * effort: what signatures ask of a person beside the one login, said before they begin: a touch
 * for each (`touch: true`: no module tells), the PIN for each (CKA_ALWAYS_AUTHENTICATE: noted
 * by the runs that saw the key). --unattended refuses both.
 */
#ifndef MICA_CLI_EFFORT_H
#define MICA_CLI_EFFORT_H

#include <mica/issue.h>
#include <mica/token.h>

#include "opt.h"
#include "report.h"

struct run;

struct effort {
	const struct inv_ca *ca;
	size_t signatures;
	bool touch;
	bool pin_each;
};

/* As far as it is known without the token. */
int effort_expect(struct issue *issue, const struct inv_ca *ca, size_t signatures,
    struct effort *ret, struct err *err) MICA_CHECKED;

/* ERR_REFUSED when it needs a person and options say that nobody is there. */
int effort_check(
    const struct effort *effort, const struct options *options, struct err *err) MICA_CHECKED;

/* What the key says of itself, now that it was found. True: it is another effort than expected.
 */
bool effort_learn(struct effort *effort, const struct token_key *key);

/* The same, and when it is another: noted for the runs to come, checked and told. */
int effort_settle(struct effort *effort, struct run *run, struct issue *issue,
    const struct token_key *key, struct err *err) MICA_CHECKED;

/* "7 signatures, 7 touches"; "7 signatures, the PIN for each". Empty when nothing is asked. */
void effort_text(const struct effort *effort, struct buf *ret);
/* The same as a line of talk. */
void effort_tell(const struct effort *effort, struct report *report);

/* "touch the token for signature 3 of 7", as that one begins, where somebody must do something.
 */
void effort_ask(const struct effort *effort, size_t signature, struct report *report);

#endif
