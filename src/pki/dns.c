// SPDX-License-Identifier: Apache-2.0
#include "dns.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "punycode.h"

enum { MOST_NAME = 253, MOST_LABEL = 63 };

/* Cuts the first label off; false when there is none left. */
static bool next_label(struct dns_name *rest, struct dns_name *ret)
{
	const char *dot;

	if (!rest->text)
		return false;
	dot = memchr(rest->text, '.', rest->len);
	ret->text = rest->text;
	ret->len = dot ? (size_t)(dot - rest->text) : rest->len;
	if (dot) {
		rest->text = dot + 1;
		rest->len -= ret->len + 1;
	} else {
		rest->text = NULL;
	}
	return true;
}

static bool is_wildcard(struct dns_name name)
{
	return name.len >= 2 && name.text[0] == '*' && name.text[1] == '.';
}

static const char *label_fault(struct dns_name label)
{
	if (label.len == 0)
		return "has an empty label";
	if (label.len > MOST_LABEL)
		return "has a label of more than 63 octets";
	for (size_t i = 0; i < label.len; i++) {
		unsigned char c = (unsigned char)label.text[i];

		if (c == '_')
			return "has an underscore, which no host name has";
		if (!isascii(c) || (!isalnum(c) && c != '-' && c != '*'))
			return "has a character that is no letter, digit or hyphen";
	}
	if (label.text[0] == '-' || label.text[label.len - 1] == '-')
		return "has a label that begins or ends with a hyphen";
	return NULL;
}

const char *dns_form_fault(struct dns_name name)
{
	struct dns_name label;
	const char *words;

	if (name.len == 0)
		return "is empty";
	if (name.len > MOST_NAME)
		return "has more than 253 octets";
	if (name.text[name.len - 1] == '.')
		return "ends with a dot";
	while (next_label(&name, &label)) {
		words = label_fault(label);
		if (words)
			return words;
	}
	return NULL;
}

const char *dns_wildcard_fault(struct dns_name name)
{
	struct dns_name rest = name;

	if (is_wildcard(name)) {
		rest.text += 2;
		rest.len -= 2;
	}
	if (memchr(rest.text, '*', rest.len))
		return "has a wildcard that is not the whole left-most label";
	if (is_wildcard(name) && !memchr(rest.text, '.', rest.len))
		return "has a wildcard with fewer than two labels behind it";
	return NULL;
}

/* Labels with "--" third and fourth are kept for encodings, of which xn-- is the only one. */
const char *dns_alabel_fault(struct dns_name name)
{
	struct dns_name label;

	while (next_label(&name, &label)) {
		if (label.len < 4 || label.text[2] != '-' || label.text[3] != '-')
			continue;
		if (strncasecmp(label.text, "xn", 2) != 0)
			return "has a label with '--' third and fourth that is no A-label";
		if (!punycode_is_valid(label.text + 4, label.len - 4))
			return "has a label that begins with xn-- but is no A-label";
	}
	return NULL;
}

bool dns_has_upper_case(struct dns_name name)
{
	for (size_t i = 0; i < name.len; i++) {
		if (name.text[i] >= 'A' && name.text[i] <= 'Z')
			return true;
	}
	return false;
}

/* A last label of digits alone is how clients tell an address from a name. */
bool dns_is_address(struct dns_name name)
{
	char text[INET6_ADDRSTRLEN];
	unsigned char address[16];
	struct dns_name rest = name;
	struct dns_name label = { NULL, 0 };

	if (name.len > 0 && name.len < sizeof(text)) {
		memcpy(text, name.text, name.len);
		text[name.len] = '\0';
		if (inet_pton(AF_INET, text, address) == 1 ||
		    inet_pton(AF_INET6, text, address) == 1)
			return true;
	}
	while (next_label(&rest, &label))
		continue;
	for (size_t i = 0; i < label.len; i++) {
		if (!isdigit((unsigned char)label.text[i]))
			return false;
	}
	return label.len > 0;
}
