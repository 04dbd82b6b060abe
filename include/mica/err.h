// SPDX-License-Identifier: Apache-2.0
/*
 * err: what went wrong, in words that can be printed as they are.
 *
 * A function that can fail takes a `struct err *` last and returns 0, or -1 with the error filled
 * in; its outputs are then untouched. The text says what failed first, in lower case, its subject
 * in quotes, without a full stop; the hint says what to do about it. Foreign error codes are turned
 * into words where the foreign library ends, once.
 *
 * `err` is for the world; assert() is for our own bugs. Memory that cannot be had ends the program
 * (mem.h), so no function here or elsewhere reports it.
 */
#ifndef MICA_ERR_H
#define MICA_ERR_H

#define MICA_CHECKED __attribute__((warn_unused_result))
#define MICA_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

enum err_kind {
	ERR_NONE = 0,
	ERR_FAILED,     /* it was tried and did not work: exit 1 */
	ERR_USAGE,      /* the command line is wrong: exit 2 */
	ERR_REFUSED,    /* policy or lint forbids it: exit 3 */
	ERR_UNSERVED,   /* delivered, but not yet served: exit 5 */
	ERR_NOT_FOUND,  /* what was named is not there */
	ERR_EXISTS,     /* what was to be made is there already */
	ERR_AMBIGUOUS,  /* more than one thing matches */
	ERR_BUSY,       /* another process holds it */
	ERR_TIMEOUT,    /* a deadline passed */
	ERR_LOST,       /* a session, a device or the helper is gone: starting anew may cure it */
	ERR_PIN,        /* a PIN was refused: never try it again */
};

struct err {
	enum err_kind kind;
	char text[1024];
	char hint[512]; /* empty: none */
};

#define ERR_INIT { .kind = ERR_NONE }

/* Sets kind and text, clears the hint. Returns -1, so that `return err_set(...)` reads well.
 * Control characters in the result are shown as \xNN: a text can quote anything. */
int err_set(struct err *err, enum err_kind kind, const char *fmt, ...) MICA_PRINTF(3, 4);

/* The same, followed by ": " and the words for errnum. */
int err_errno(struct err *err, int errnum, const char *fmt, ...) MICA_PRINTF(3, 4);

/* The same, followed by the reasons in OpenSSL's error queue, which is emptied. */
int err_openssl(struct err *err, const char *fmt, ...) MICA_PRINTF(2, 3);

/* Adds the hint. Returns -1. */
int err_hint(struct err *err, const char *fmt, ...) MICA_PRINTF(2, 3);

/* Puts "prefix: " before the text that is there; kind and hint stay. Returns -1. */
int err_prefix(struct err *err, const char *fmt, ...) MICA_PRINTF(2, 3);

#endif
