// SPDX-License-Identifier: Apache-2.0
/* turns: what happens to a CA once in some years, in the order in which people do it:
 * certificates are revoked, a new CA takes over, a state directory is lost and comes back from
 * a backup. */
#ifndef MICA_YEARS_TURNS_H
#define MICA_YEARS_TURNS_H

#include <stdbool.h>
#include <stddef.h>

struct turns {
	int begins; /* the day on which somebody begins with a new CA; never: 0 */
	int stage;  /* of it */
	int since;  /* the day of that stage */
	int listed; /* the day on which the CRL of the CA that does not issue was signed anew */
	bool backed_up;
	size_t signed_then; /* signatures, when that backup was made */
};

struct history;
struct outcome;

void turns_begin(struct history *history);
/* A client that comes back after a restore brings a CRL of the lost past, and mica refuses as
 * it did then: it is accepted once more, and the run made again. */
void turns_accept_again(struct history *history, struct outcome *outcome);
/* On a day on which all is well. */
void turns_of_the_day(struct history *history);

#endif
