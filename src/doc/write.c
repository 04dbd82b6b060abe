// SPDX-License-Identifier: Apache-2.0
#include <mica/doc.h>

#include <string.h>

#include <mica/utf8.h>

/* The escapes used here mean the same in YAML 1.1 and YAML 1.2. */
static void quote_character(struct buf *buf, uint32_t c, const char *bytes, size_t len)
{
	switch (c) {
	case '"':
		buf_addstr(buf, "\\\"");
		return;
	case '\\':
		buf_addstr(buf, "\\\\");
		return;
	case '\n':
		buf_addstr(buf, "\\n");
		return;
	case '\t':
		buf_addstr(buf, "\\t");
		return;
	case '\r':
		buf_addstr(buf, "\\r");
		return;
	default:
		break;
	}
	if (!utf8_hidden(c))
		buf_add(buf, bytes, len);
	else if (c > 0xffff)
		buf_printf(buf, "\\U%08x", c);
	else
		buf_printf(buf, "\\u%04x", c);
}

/* How many bytes from here on stand for themselves, whatever the language. */
static size_t plain(const char *text)
{
	size_t n = 0;

	while (text[n] >= ' ' && text[n] <= '~' && text[n] != '"' && text[n] != '\\')
		n++;
	return n;
}

void doc_quote(struct buf *buf, const char *text)
{
	size_t left = strlen(text);

	buf_addstr(buf, "\"");
	while (left > 0) {
		uint32_t c = 0xfffd;
		size_t len = plain(text);

		if (len > 0) {
			buf_add(buf, text, len);
			text += len;
			left -= len;
			continue;
		}
		len = utf8_next(text, left, &c);
		if (len == 0)
			buf_addstr(buf, "\\ufffd");
		else
			quote_character(buf, c, text, len);
		len += len == 0;
		text += len;
		left -= len;
	}
	buf_addstr(buf, "\"");
}
