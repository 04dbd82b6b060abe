// SPDX-License-Identifier: Apache-2.0
/*
 * wire: the messages between mica and mica-token.
 *
 * One SOCK_SEQPACKET pair: one datagram is one message, in this machine's byte order, since
 * both ends are one build on one machine (OPEN compares their versions). A request is a header
 * (type, id) and its fields; a reply is a header (id, err_kind, text, hint) and its fields, in
 * the order that hsm/README.md lists. Requests other than SIGN go one at a time; SIGN requests
 * are put in the socket many at once, and any thread of the helper takes the next.
 *
 * Reading never fails half-way: a field that is not there reads as zero or empty and leaves a
 * mark, and wire_end() tells whether all was there and nothing was left over.
 */
#ifndef MICA_HSM_WIRE_H
#define MICA_HSM_WIRE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mica/buf.h>
#include <mica/err.h>
#include <mica/token.h>

enum {
	WIRE_MAX = 64 << 10,    /* the longest datagram */
	WIRE_INLINE = 32 << 10, /* TBS bytes of one SIGN; a longer job goes alone, by memfd */
	WIRE_JOBS = 16,         /* the most jobs in one SIGN */
	WIRE_THREADS = 16,      /* the most at once */
	WIRE_FD = 3,            /* the helper's end of the pair */
	WIRE_PAGE_FD = 4,       /* the page below */
};

enum wire_type {
	WIRE_OPEN = 1, /* version, module path, module args */
	WIRE_LIST, /* -> count, { slot, info } each, why a slot could not be read and a hint */
	WIRE_SELECT,   /* slot, label, serial */
	WIRE_LOGIN,    /* pin or nothing, enum token_pin_care */
	WIRE_FIND,     /* label, id -> key */
	WIRE_GENERATE, /* algorithm, label, id -> key */
	WIRE_STORE,    /* label, id, certificate */
	WIRE_USE,      /* enum token_use, touch (0, 1), issuer, the key that CROSS certifies or
	                  nothing */
	WIRE_WIDEN,    /* jobs that are to come -> jobs to put in one SIGN */
	WIRE_SIGN, /* count, { TBS bytes } each, or count 0 and a memfd -> { signature } each */
	WIRE_PROVE, /* SPKI of the key that was found -> proof (proof.h) */
};

/* What each thread of the helper is doing now, in a page that both see: so that a hang has a
 * name. */
enum wire_step {
	STEP_IDLE,
	STEP_LOAD,
	STEP_FUNCTIONS,
	STEP_START,
	STEP_INITIALIZE,
	STEP_SLOTS,
	STEP_TOKEN_INFO,
	STEP_SESSION,
	STEP_LOGIN,
	STEP_FIND_BEGIN,
	STEP_FIND,
	STEP_FIND_END,
	STEP_ATTRIBUTES,
	STEP_GENERATE,
	STEP_CREATE,
	STEP_DESTROY,
	STEP_SIGN_BEGIN,
	STEP_SIGN,
	STEP_GENERATE_SECRET,
	STEP_WRAP,
	STEP_COPY,
	STEP_SET,
	STEP_ENCRYPT,
	STEP_DECRYPT,
	STEP_DERIVE,
	STEP_CLOSE,
	STEP_FINALIZE,
	STEP_COUNT
};

/* Whether the last LOGIN may have cost a try of the PIN: told before C_Login is called, so that
 * it is known of a helper that hung or died, too. */
enum wire_try { WIRE_TRY_KEPT, WIRE_TRY_SPENT };

struct wire_page {
	_Atomic uint32_t steps[WIRE_THREADS]; /* the first: of what is done alone */
	_Atomic uint32_t spent;               /* enum wire_try */
};

/* "C_Login"; any number is answered */
const char *wire_step_name(uint32_t step);

/* --- writing ------------------------------------------------------------------- */

void wire_put_u32(struct buf *out, uint32_t value);
void wire_put_u64(struct buf *out, uint64_t value);
void wire_put_bytes(struct buf *out, const void *bytes, size_t len);
void wire_put_buf(struct buf *out, const struct buf *bytes);
void wire_put_text(struct buf *out, const char *text); /* NULL arrives as NULL */
void wire_put_info(struct buf *out, const struct token_info *info);
void wire_put_key(struct buf *out, const struct token_key *key);

void wire_begin_request(struct buf *out, enum wire_type type, uint32_t id);
/* err NULL: the request succeeded */
void wire_begin_reply(struct buf *out, uint32_t id, const struct err *err);

/* --- reading ------------------------------------------------------------------- */

struct wire_in {
	const uint8_t *at;
	size_t left;
	bool bad;
};

struct wire_span {
	const uint8_t *data; /* inside the message; NULL: a NULL text */
	size_t len;
};

struct wire_in wire_in(const void *bytes, size_t len);
uint32_t wire_get_u32(struct wire_in *in);
uint64_t wire_get_u64(struct wire_in *in);
struct wire_span wire_get_span(struct wire_in *in);
void wire_get_buf(struct wire_in *in, struct buf *ret); /* ret is cleared first */
char *wire_get_text(struct wire_in *in);                /* free() it; a NUL inside is a fault */
void wire_get_info(struct wire_in *in, struct token_info *ret);
void wire_get_key(struct wire_in *in, struct token_key *ret);
bool wire_end(const struct wire_in *in);

struct wire_request {
	enum wire_type type;
	uint32_t id;
};

/* Reads a header. A type or kind that is not known is a fault. */
struct wire_request wire_get_request(struct wire_in *in);
/* Returns the id; err is filled in with what the reply says, kind ERR_NONE for success. */
uint32_t wire_get_reply(struct wire_in *in, struct err *err);

/* --- the socket ---------------------------------------------------------------- */

/* One datagram and, unless fd is negative, one descriptor. flags as sendmsg(2). 0, or -1 and
 * errno. */
int wire_send(int socket, const struct buf *message, int fd, int flags) MICA_CHECKED;

/* One datagram of at most cap bytes; *ret_fd is -1 or a descriptor to close. The length, 0 at
 * the end, or -1 and errno (EMSGSIZE: it was longer). */
long wire_receive(int socket, void *bytes, size_t cap, int *ret_fd, int flags) MICA_CHECKED;

/* Whether it is a memfd whose bytes can change no more, by whoever has it open. */
bool wire_is_sealed(int fd);

#endif
