// SPDX-License-Identifier: Apache-2.0
#include <mica/names.h>

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include <mica/mem.h>
#include <mica/utf8.h>

/* RFC 5280, appendix A: the upper bounds, in characters */
static const struct {
	const char *type;
	size_t most;
} types[] = { { "C", 2 }, { "ST", 128 }, { "L", 128 }, { "O", 64 }, { "OU", 64 },
	{ "CN", 64 } };

static size_t upper_bound(const char *type)
{
	for (size_t i = 0; i < mem_count(types); i++) {
		if (strcmp(types[i].type, type) == 0)
			return types[i].most;
	}
	return 0;
}

/* The number of characters, or -1 with what is wrong with one of them. */
static int count_characters(const struct rdn *rdn, size_t *ret, struct err *err)
{
	const char *text = rdn->value;
	size_t left = strlen(text);

	for (*ret = 0; left > 0; (*ret)++) {
		uint32_t c;
		const size_t len = utf8_next(text, left, &c);

		if (len == 0)
			return err_set(
			    err, ERR_FAILED, "the value of '%s' is not UTF-8", rdn->type);
		if (utf8_hidden(c))
			return err_set(err, ERR_FAILED,
			    "the value of '%s' has the character U+%04X in it, "
			    "which cannot be seen",
			    rdn->type, c);
		text += len;
		left -= len;
	}
	return 0;
}

int rdn_check(const struct rdn *rdn, struct err *err)
{
	const size_t most = upper_bound(rdn->type);
	const size_t bytes = strlen(rdn->value);
	size_t n;

	if (most == 0)
		return err_set(err, ERR_FAILED,
		    "'%s' is no attribute of a subject: it has C, ST, L, O, OU, CN", rdn->type);
	if (bytes == 0)
		return err_set(err, ERR_FAILED, "the value of '%s' is empty", rdn->type);
	if (count_characters(rdn, &n, err) < 0)
		return -1;
	if (rdn->value[0] == ' ' || rdn->value[bytes - 1] == ' ')
		return err_set(err, ERR_FAILED, "the value of '%s' begins or ends with a blank",
		    rdn->type);
	if (strcmp(rdn->type, "C") == 0) {
		if (bytes != 2 || !isupper((unsigned char)rdn->value[0]) ||
		    !isupper((unsigned char)rdn->value[1]))
			return err_set(
			    err, ERR_FAILED, "'C' must be two capital letters, such as US");
		return 0;
	}
	if (n > most)
		return err_set(err, ERR_FAILED,
		    "the value of '%s' has %zu characters, at most %zu are allowed", rdn->type,
		    n, most);
	return 0;
}

void rdn_clear(struct rdn *rdn)
{
	free(rdn->type);
	free(rdn->value);
	*rdn = (struct rdn){ 0 };
}
