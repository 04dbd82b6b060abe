// SPDX-License-Identifier: Apache-2.0
/*
 * buf: bytes that grow, and are cleansed when they are freed or moved.
 *
 * Every buffer is treated as if it held a secret. A NUL always stands behind the last byte, so a
 * buffer of text can be read as a string. The owner of the struct owns the bytes.
 */
#ifndef MICA_BUF_H
#define MICA_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mica/err.h>
#include <mica/mem.h>

struct buf {
	unsigned char *data; /* NULL when nothing was ever added; use buf_text() for a string */
	size_t len;
	size_t cap;
};

#define BUF_INIT { NULL, 0, 0 }
#define BUF_AUTO MICA_AUTO(buf_clear) struct buf

void buf_clear(struct buf *buf); /* cleanse, free, ready for use again */
void buf_reset(struct buf *buf); /* cleanse, keep the memory */
void buf_reserve(struct buf *buf, size_t more);
void buf_add(struct buf *buf, const void *bytes, size_t len);
void buf_addstr(struct buf *buf, const char *text);
void buf_printf(struct buf *buf, const char *fmt, ...) MICA_PRINTF(2, 3);
void buf_vprintf(struct buf *buf, const char *fmt, va_list args) MICA_PRINTF(2, 0);
void buf_addhex(struct buf *buf, const void *bytes, size_t len); /* lower case, no separators */
void buf_addbase64(struct buf *buf, const void *bytes, size_t len); /* RFC 4648 4, one line */
void buf_cut(struct buf *buf, size_t len);                       /* to at most len bytes */
void buf_move(struct buf *to, struct buf *from);                 /* `to` is cleared first */
const char *buf_text(const struct buf *buf);                     /* never NULL */
bool buf_same(const struct buf *buf, const void *bytes, size_t len);

#endif
