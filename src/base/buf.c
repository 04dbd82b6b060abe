// SPDX-License-Identifier: Apache-2.0
#include <mica/buf.h>

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

void buf_clear(struct buf *buf)
{
	if (buf->data)
		explicit_bzero(buf->data, buf->cap);
	free(buf->data);
	*buf = (struct buf)BUF_INIT;
}

void buf_reset(struct buf *buf)
{
	if (buf->data)
		explicit_bzero(buf->data, buf->cap);
	buf->len = 0;
}

/* Never realloc(): it would leave a copy of the bytes behind. */
void buf_reserve(struct buf *buf, size_t more)
{
	size_t need = buf->len + more + 1;
	size_t cap = buf->cap ? buf->cap : 64;
	unsigned char *data;

	assert(need > buf->len);
	if (need <= buf->cap)
		return;
	while (cap < need)
		cap *= 2;
	data = mem_zalloc(cap);
	if (buf->data) {
		memcpy(data, buf->data, buf->len);
		explicit_bzero(buf->data, buf->cap);
		free(buf->data);
	}
	buf->data = data;
	buf->cap = cap;
}

void buf_add(struct buf *buf, const void *bytes, size_t len)
{
	buf_reserve(buf, len);
	if (len > 0)
		memcpy(buf->data + buf->len, bytes, len);
	buf->len += len;
	buf->data[buf->len] = '\0';
}

void buf_addstr(struct buf *buf, const char *text)
{
	buf_add(buf, text, strlen(text));
}

void buf_vprintf(struct buf *buf, const char *fmt, va_list args)
{
	va_list again;
	int len;

	va_copy(again, args);
	len = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	assert(len >= 0);
	buf_reserve(buf, (size_t)len);
	vsnprintf((char *)buf->data + buf->len, (size_t)len + 1, fmt, args);
	buf->len += (size_t)len;
}

void buf_printf(struct buf *buf, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	buf_vprintf(buf, fmt, args);
	va_end(args);
}

void buf_addhex(struct buf *buf, const void *bytes, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *from = bytes;

	buf_reserve(buf, len * 2);
	for (size_t i = 0; i < len; i++) {
		buf->data[buf->len++] = (unsigned char)digits[from[i] >> 4];
		buf->data[buf->len++] = (unsigned char)digits[from[i] & 15];
	}
	buf->data[buf->len] = '\0';
}

void buf_addbase64(struct buf *buf, const void *bytes, size_t len)
{
	const size_t room = (len + 2) / 3 * 4;

	buf_reserve(buf, room + 1); /* a NUL is written as well */
	buf->len += (size_t)EVP_EncodeBlock(buf->data + buf->len, bytes, (int)len);
}

void buf_cut(struct buf *buf, size_t len)
{
	if (len >= buf->len)
		return;
	explicit_bzero(buf->data + len, buf->len - len);
	buf->len = len;
}

void buf_move(struct buf *to, struct buf *from)
{
	buf_clear(to);
	*to = *from;
	*from = (struct buf)BUF_INIT;
}

const char *buf_text(const struct buf *buf)
{
	return buf->data ? (const char *)buf->data : "";
}

bool buf_same(const struct buf *buf, const void *bytes, size_t len)
{
	return buf->len == len && (len == 0 || memcmp(buf->data, bytes, len) == 0);
}
