// SPDX-License-Identifier: Apache-2.0
#include <mica/domain.h>

#include <strings.h>

bool domain_within(struct domain name, struct domain base)
{
	const char *tail;

	if (base.len == 0)
		return true;
	if (name.len < base.len)
		return false;
	tail = name.text + (name.len - base.len);
	if (strncasecmp(tail, base.text, base.len) != 0)
		return false;
	if (name.len == base.len)
		return base.text[0] != '.';
	return base.text[0] == '.' || tail[-1] == '.';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_';
}

bool domain_like(struct domain name)
{
	bool dotted = false;

	for (size_t i = 0; i < name.len; i++) {
		const char c = name.text[i];

		if (is_letter(c))
			continue;
		if (i == 0 || i + 1 == name.len || (c != '-' && c != '.'))
			return false;
		if (c == '-')
			continue;
		if (name.text[i - 1] == '-' || name.text[i + 1] == '-' ||
		    name.text[i + 1] == '.')
			return false;
		dotted = true;
	}
	return dotted;
}
