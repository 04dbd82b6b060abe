// SPDX-License-Identifier: Apache-2.0
#include <mica/names.h>

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <idn2.h>

#include <mica/mem.h>
#include <mica/utf8.h>

enum { MAX_NAME = 253, MAX_LABEL = 63, MAX_INPUT = 1000 };

static bool is_ip(const char *text)
{
	unsigned char bytes[16];

	return inet_pton(AF_INET, text, bytes) == 1 || inet_pton(AF_INET6, text, bytes) == 1;
}

static int bad_label(const char *text, const char *label, size_t len, struct err *err)
{
	if (len == 0)
		return err_set(err, ERR_FAILED,
		    "'%s' has an empty label (two dots, or one at an end)", text);
	if (len > MAX_LABEL)
		return err_set(err, ERR_FAILED, "'%s' has a label of more than %d characters",
		    text, MAX_LABEL);
	if (label[0] == '-' || label[len - 1] == '-')
		return err_set(
		    err, ERR_FAILED, "'%s' has a label that begins or ends with '-'", text);
	if (len >= 4 && label[2] == '-' && label[3] == '-' && strncmp(label, "xn--", 4) != 0)
		return err_set(err, ERR_FAILED,
		    "'%s' has a label with '--' as its third and fourth character", text);
	return 0;
}

/* A-labels and ordinary labels in lower case, RFC 1123 2.1 and RFC 5890 2.3.1; text is for
 * messages */
static int check_labels(const char *text, const char *name, struct err *err)
{
	const char *last = name;
	size_t odd;

	if (strlen(name) > MAX_NAME)
		return err_set(
		    err, ERR_FAILED, "'%s' has more than %d characters", text, MAX_NAME);
	odd = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-.");
	if (name[odd] == '*')
		return err_set(
		    err, ERR_FAILED, "'%s' has a '*' that is not its whole first label", text);
	if (name[odd] == '_') {
		err_set(
		    err, ERR_FAILED, "'%s' has a '_' in it, which no host name may have", text);
		return err_hint(err, "give the service a name with '-' instead");
	}
	if (name[odd] == ':' || name[odd] == '/') {
		err_set(err, ERR_FAILED, "'%s' has the character '%c' in it", text, name[odd]);
		return err_hint(err, "a name alone: no scheme, no port, no path");
	}
	if (name[odd] != '\0')
		return err_set(
		    err, ERR_FAILED, "'%s' has the character '%c' in it", text, name[odd]);
	for (const char *label = name;; label += strcspn(label, ".") + 1) {
		const size_t len = strcspn(label, ".");

		if (bad_label(text, label, len, err) < 0)
			return -1;
		last = label;
		if (label[len] == '\0')
			break;
	}
	if (last[strspn(last, "0123456789")] == '\0')
		return err_set(
		    err, ERR_FAILED, "'%s' ends with a number, so it is no DNS name", text);
	return 0;
}

static void lower(char *text)
{
	for (; *text; text++) {
		if (*text >= 'A' && *text <= 'Z')
			*text = (char)(*text - 'A' + 'a');
	}
}

static bool needs_idn(const char *name)
{
	for (const char *c = name; *c; c++) {
		if ((unsigned char)*c >= 0x80)
			return true;
	}
	return strcasestr(name, "xn--") != NULL;
}

/* What IDNA's mapping would quietly drop, a reader of the inventory cannot see. */
static int check_visible(const char *text, struct err *err)
{
	uint32_t c;

	for (size_t len; *text; text += len) {
		len = utf8_next(text, strlen(text), &c);
		if (len == 0)
			return err_set(err, ERR_FAILED, "a DNS name is not UTF-8");
		if (utf8_hidden(c))
			return err_set(err, ERR_FAILED,
			    "a DNS name has the character U+%04X in it, which cannot be seen",
			    c);
	}
	return 0;
}

/* The name in A-labels and lower case; free() it. */
static int to_ascii(const char *text, const char *name, char **ret, struct err *err)
{
	const int flags = IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL | IDN2_USE_STD3_ASCII_RULES;
	char *ascii = NULL;
	int result;

	if (!needs_idn(name)) {
		*ret = mem_strdup(name);
		lower(*ret);
		return 0;
	}
	result = idn2_to_ascii_8z(name, &ascii, flags);
	if (result != IDN2_OK)
		return err_set(err, ERR_FAILED, "'%s' is no internationalised name: %s", text,
		    idn2_strerror(result));
	*ret = mem_strdup(ascii);
	idn2_free(ascii);
	return 0;
}

/* RFC 6125 6.4.3; OpenSSL's clients match a wildcard only when two labels stand behind it */
static int check_wildcard(const char *text, const char *behind, struct err *err)
{
	if (strchr(behind, '.'))
		return 0;
	err_set(err, ERR_FAILED, "'%s' is matched by no OpenSSL client", text);
	return err_hint(err, "a wildcard needs two labels or more behind it: '*.example.com'");
}

int name_parse_dns(const char *text, struct name *ret, struct err *err)
{
	const bool wildcard = strncmp(text, "*.", 2) == 0;
	MICA_FREE char *ascii = NULL;

	if (text[0] == '\0')
		return err_set(err, ERR_FAILED, "a DNS name must not be empty");
	if (strlen(text) > MAX_INPUT)
		return err_set(
		    err, ERR_FAILED, "a DNS name has more than %d characters", MAX_NAME);
	if (check_visible(text, err) < 0)
		return -1;
	if (is_ip(text)) {
		err_set(err, ERR_FAILED, "'%s' is an IP address, no DNS name", text);
		return err_hint(err, "put it under ip");
	}
	if (to_ascii(text, wildcard ? text + 2 : text, &ascii, err) < 0)
		return -1;
	if (check_labels(text, ascii, err) < 0)
		return -1;
	if (wildcard && check_wildcard(text, ascii, err) < 0)
		return -1;
	if (wildcard && strlen(ascii) + 2 > MAX_NAME)
		return err_set(
		    err, ERR_FAILED, "'%s' has more than %d characters", text, MAX_NAME);
	*ret = (struct name){ .kind = NAME_DNS };
	ret->text = mem_printf("%s%s", wildcard ? "*." : "", ascii);
	return 0;
}

static bool all_zero(const uint8_t *bytes, size_t len)
{
	while (len > 0 && bytes[len - 1] == 0)
		len--;
	return len == 0;
}

int name_parse_ip(const char *text, struct name *ret, struct err *err)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	struct name name = { .kind = NAME_IP };
	char shown[INET6_ADDRSTRLEN];
	int family = AF_INET;

	if (inet_pton(AF_INET, text, name.ip) == 1)
		name.ip_len = 4;
	else if (inet_pton(AF_INET6, text, name.ip) == 1)
		name.ip_len = 16;
	else
		return err_set(err, ERR_FAILED, "'%s' is no IP address", text);
	if (all_zero(name.ip, name.ip_len))
		return err_set(
		    err, ERR_FAILED, "'%s' is no address that a client could reach", text);
	if (name.ip_len == 16 && memcmp(name.ip, mapped, sizeof(mapped)) == 0) {
		inet_ntop(AF_INET, name.ip + 12, shown, sizeof(shown));
		err_set(err, ERR_FAILED,
		    "'%s' is an IPv4 address in IPv6 clothes, which no client looks for", text);
		return err_hint(err, "write it as %s", shown);
	}
	if (name.ip_len == 16)
		family = AF_INET6;
	inet_ntop(family, name.ip, shown, sizeof(shown));
	name.text = mem_strdup(shown);
	*ret = name;
	return 0;
}

void name_clear(struct name *name)
{
	free(name->text);
	*name = (struct name){ 0 };
}
