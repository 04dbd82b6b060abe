// SPDX-License-Identifier: Apache-2.0
/*
 * soft_token: the door of mica/token.h on keys in memory. It stands in the place of hsm/token.c
 * and what is behind it, so that all of mica but the helper runs in this process: verbs, login,
 * latch, gate, ledger. The devices lie in memory that forked processes share: what a killed run
 * signed and tried is known.
 */
#ifndef MICA_YEARS_SOFT_TOKEN_H
#define MICA_YEARS_SOFT_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mica/digest.h>
#include <mica/err.h>

enum { SOFT_DEVICES = 2, SOFT_MOST_SIGNED = 1 << 16, SOFT_NAME = 64, SOFT_KEY = 512 };

struct soft_device {
	char label[SOFT_NAME];
	char pin[SOFT_NAME]; /* the right one */
	bool away;           /* nobody plugged it in */
	unsigned
	    breaks_after; /* the signatures after which it is lost within a run; 0: never */
	unsigned refused; /* PINs refused since somebody put things right: more than one is a
	                     try too many */
	unsigned logins;  /* that succeeded */
	char key_label[SOFT_NAME];
	uint8_t id[SOFT_NAME];
	size_t id_len;
	uint8_t key[SOFT_KEY]; /* DER */
	size_t key_len;        /* 0: none was made */
};

struct soft_tokens {
	struct soft_device devices[SOFT_DEVICES];
	size_t n_signed;
	struct digest signed_tbs[SOFT_MOST_SIGNED]; /* of all that was ever signed */
};

/* Two empty devices, "token-1" and "token-2", in shared memory; every token of this process is
 * one of them. */
struct soft_tokens *soft_tokens_make(void);

#endif
