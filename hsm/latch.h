// SPDX-License-Identifier: Apache-2.0
/* latch: the file that stands for a login that was begun and did not succeed (mica/token.h). */
#ifndef MICA_HSM_LATCH_H
#define MICA_HSM_LATCH_H

#include <stdbool.h>
#include <stdint.h>

#include <mica/err.h>
#include <mica/token.h>

/* That of one token. */
struct latch {
	char *dir; /* owned; NULL: none is kept */
	enum token_latch_rule rule;
	int64_t now;
	struct token_latch file; /* path NULL: no token was selected */
	bool made_dir;           /* the directory was made for it */
};

/* Names the file after the token. */
void latch_name(struct latch *latch, const struct token_info *info);
void latch_clear(struct latch *latch);

bool latch_is_armed(const struct latch *latch);
/* ERR_REFUSED when it is armed and heeded. ret: what is there all the same, its path NULL for
 * nothing; it may be NULL. */
int latch_check(
    const struct latch *latch, struct token_latch *ret, struct err *err) MICA_CHECKED;

/* Durable when it returns. One that is armed already stays as it is. */
int latch_arm(struct latch *latch, struct err *err) MICA_CHECKED;
/* The login succeeded, or no PIN was judged. One that cannot be removed would refuse every
 * later run, so a login that leaves it behind has failed. */
int latch_disarm(struct latch *latch, struct err *err) MICA_CHECKED;
/* Neither: it stays, with the reason. Where it is heeded, the hint of a refused PIN then says
 * how to be rid of it. */
void latch_keep(struct latch *latch, struct err *why);

#endif
