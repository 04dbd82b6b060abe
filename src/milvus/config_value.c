// SPDX-License-Identifier: Apache-2.0
/* What a YAML scalar becomes in Milvus: yaml.v2 makes a value of it, cast.ToString a text of
 * that. */
#include <mica/config.h>

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool is_one_of(const char *text, const char *const *words)
{
	for (; *words; words++) {
		if (strcmp(text, *words) == 0)
			return true;
	}
	return false;
}

static bool is_null(const char *text)
{
	static const char *const words[] = { "", "~", "null", "Null", "NULL", NULL };

	return is_one_of(text, words);
}

static const char *boolean(const char *text)
{
	static const char *const yes[] = { "y", "Y", "yes", "Yes", "YES", "true", "True",
		"TRUE", "on", "On", "ON", NULL };
	static const char *const no[] = { "n", "N", "no", "No", "NO", "false", "False", "FALSE",
		"off", "Off", "OFF", NULL };

	if (is_one_of(text, yes))
		return "true";
	return is_one_of(text, no) ? "false" : NULL;
}

/* Go's numbers may have "_" between digits; bases are those of C and 0b. */
static char *without_underscores(const char *text)
{
	char *plain = mem_strdup(text);
	char *to = plain;

	for (const char *from = text; *from; from++) {
		if (*from != '_')
			*to++ = *from;
	}
	*to = '\0';
	return plain;
}

static bool whole_number(const char *text, long long *ret)
{
	const char *digits = text + (text[0] == '-' || text[0] == '+');
	int base = 0;
	char *end;

	if (digits[0] < '0' || digits[0] > '9')
		return false;
	if (digits[0] == '0' && (digits[1] == 'b' || digits[1] == 'B')) {
		digits += 2;
		base = 2;
		if (digits[0] != '0' && digits[0] != '1')
			return false;
	}
	errno = 0;
	*ret = strtoll(base == 2 ? digits : text, &end, base);
	if (base == 2 && text[0] == '-')
		*ret = -*ret;
	return *end == '\0' && errno == 0;
}

/* What yaml.v2 takes for a floating-point number */
static bool is_float(const char *text)
{
	const char *at = text + (text[0] == '-' || text[0] == '+');
	size_t digits = strspn(at, "0123456789");

	at += digits;
	if (*at == '.') {
		size_t more = strspn(at + 1, "0123456789");

		digits += more;
		at += 1 + more;
	}
	if (digits == 0)
		return false;
	if (*at == 'e' || *at == 'E') {
		at += 1 + (at[1] == '-' || at[1] == '+');
		if (strspn(at, "0123456789") == 0)
			return false;
		at += strspn(at, "0123456789");
	}
	return *at == '\0';
}

/* The shortest decimal that reads as the same number, without an exponent: 1.0 is "1". */
static char *float_text(const char *text)
{
	const double value = strtod(text, NULL);

	if (!isfinite(value) || fabs(value) >= 1e17)
		return mem_strdup(text);
	for (int precision = 0; precision < 18; precision++) {
		MICA_FREE char *shown = mem_printf("%.*f", precision, value);

		if (strtod(shown, NULL) == value)
			return mem_give(shown);
	}
	return mem_strdup(text);
}

char *config_value(const struct doc_node *scalar)
{
	const char *text = scalar->text;
	MICA_FREE char *plain = NULL;
	long long number;

	if (scalar->quoted)
		return mem_strdup(text);
	if (is_null(text))
		return mem_strdup("");
	if (boolean(text))
		return mem_strdup(boolean(text));
	plain = without_underscores(text);
	if (whole_number(plain, &number))
		return mem_printf("%lld", number);
	return is_float(plain) ? float_text(plain) : mem_strdup(text);
}

bool config_is_number(const char *value)
{
	const char *digits = value + (value[0] == '-' || value[0] == '+');

	return digits[0] != '\0' && digits[strspn(digits, "0123456789")] == '\0' &&
	       strlen(digits) < 18;
}

static bool parse_bool(const char *value, bool *ret)
{
	static const char *const yes[] = { "1", "t", "T", "TRUE", "true", "True", NULL };
	static const char *const no[] = { "0", "f", "F", "FALSE", "false", "False", NULL };

	*ret = is_one_of(value, yes);
	return *ret || is_one_of(value, no);
}

bool config_is_bool(const char *value)
{
	bool ignored;

	return parse_bool(value, &ignored);
}

int64_t config_number(const struct config *config, const char *path, int64_t fallback)
{
	const struct setting *setting = config_find(config, path);

	if (!setting)
		return fallback;
	return config_is_number(setting->value) ? strtoll(setting->value, NULL, 10) : 0;
}

bool config_bool(const struct config *config, const char *path, bool fallback)
{
	const struct setting *setting = config_find(config, path);
	bool truth = fallback;

	if (setting)
		(void)parse_bool(setting->value, &truth);
	return truth;
}

const char *config_text(const struct config *config, const char *path, const char *fallback)
{
	const struct setting *setting = config_find(config, path);

	return setting ? setting->value : fallback;
}
