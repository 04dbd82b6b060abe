// SPDX-License-Identifier: Apache-2.0
#include "plain.h"

#include <string.h>

#include <mica/mem.h>

bool plain_is(const struct doc_node *node, const char *word)
{
	return node->kind == DOC_SCALAR && !node->quoted && strcmp(node->text, word) == 0;
}

bool plain_null(const struct doc_node *node)
{
	return plain_is(node, "") || plain_is(node, "null") || plain_is(node, "~") ||
	       plain_is(node, "Null") || plain_is(node, "NULL");
}

bool plain_boolean(const struct doc_node *node)
{
	static const char *const words[] = { "true", "false", "yes", "no", "on", "off", "y",
		"n" };

	if (node->kind != DOC_SCALAR || node->quoted)
		return false;
	for (size_t i = 0; i < mem_count(words); i++) {
		if (strcasecmp(words[i], node->text) == 0)
			return true;
	}
	return false;
}

static size_t skip_digits(const char *text)
{
	return strspn(text, "0123456789_");
}

bool plain_numeric(const struct doc_node *node)
{
	const char *text = node->text + (node->text[0] == '-' || node->text[0] == '+');
	size_t digits = skip_digits(text);

	if (strcasecmp(text, ".inf") == 0 || strcasecmp(text, ".nan") == 0)
		return true;
	if (text[0] == '0' && text[1] != '\0' && strchr("xXoObB", text[1]))
		return text[2] != '\0' &&
		       text[2 + strspn(text + 2, "0123456789abcdefABCDEF_")] == '\0';
	text += digits;
	if (text[0] == '.') {
		digits += skip_digits(text + 1);
		text += 1 + skip_digits(text + 1);
	}
	if (digits > 0 && (text[0] == 'e' || text[0] == 'E')) {
		text += 1 + (text[1] == '-' || text[1] == '+');
		text += skip_digits(text);
	}
	return digits > 0 && text[0] == '\0';
}
