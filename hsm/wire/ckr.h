// SPDX-License-Identifier: Apache-2.0
/*
 * ckr: what a Cryptoki return value is called, what it means to the person who reads it, what
 * to do, and what kind of error it is: ERR_LOST where the session or the device is gone and
 * starting anew may cure it, ERR_PIN where the PIN must not be sent again.
 */
#ifndef MICA_HSM_CKR_H
#define MICA_HSM_CKR_H

#include <mica/err.h>

struct ckr {
	unsigned long value;
	enum err_kind kind;
	const char *name;
	const char *meaning;
	const char *hint;
};

/* NULL for a value that the standard does not have */
const struct ckr *ckr_find(unsigned long value);

/* "CKR_X", or the value in hex where the standard does not have it; free() it */
char *ckr_text(unsigned long value);

/* "<what>: <call> said CKR_X: <meaning>", with kind and hint. Returns -1. */
int ckr_fail(struct err *err, unsigned long value, const char *call, const char *fmt, ...)
    MICA_PRINTF(4, 5);

#endif
