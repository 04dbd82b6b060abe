// SPDX-License-Identifier: Apache-2.0
#include "scan.h"

#include <string.h>

#include <mica/doc.h>
#include <mica/utf8.h>

/* Says what is wrong with one character, if anything is. */
static void judge(const struct mark *at, uint32_t c, bool before_lf, struct findings *findings)
{
	if (c == '\n' || c == '\t' || (c == '\r' && before_lf))
		return;
	if (c == '\r')
		doc_fault(findings, "control-character", at, "end lines with a line feed",
		    "a carriage return that does not end its line");
	else if (c == 0xfeff && at->line == 1 && at->column == 1)
		doc_fault(findings, "byte-order-mark", at, "save the file as UTF-8 without it",
		    "the text begins with a byte order mark");
	else if (utf8_hidden(c))
		doc_fault(findings, "control-character", at,
		    "take it out; between double quotes it can be written as an escape",
		    "the character U+%04X cannot be seen", c);
}

bool scan_text(const char *file, const char *text, size_t len, struct findings *findings)
{
	const size_t errors = findings->errors;
	struct mark at = { .file = file, .line = 1, .column = 1 };
	size_t i = 0;

	while (i < len) {
		uint32_t c;
		size_t width = 1;

		if (text[i] >= 0x20 && text[i] < 0x7f) {
			i++;
			at.column++;
			continue;
		}
		width = utf8_next(text + i, len - i, &c);
		if (width == 0) {
			doc_fault(findings, "not-utf8", &at, "save the file as UTF-8",
			    "the byte 0x%02x is not UTF-8", (unsigned char)text[i]);
			return false;
		}
		judge(&at, c, i + 1 < len && text[i + 1] == '\n', findings);
		i += width;
		at.column++;
		if (c == '\n')
			at = (struct mark){ .file = file, .line = at.line + 1, .column = 1 };
	}
	return findings->errors == errors;
}

long scan_value(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		const unsigned char c = (unsigned char)text[i];
		const unsigned char next = i + 1 < len ? (unsigned char)text[i + 1] : 0;

		if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f)
			return c;
		if (c == 0xc2 && next < 0xa0 && next >= 0x80)
			return next;
	}
	return -1;
}
