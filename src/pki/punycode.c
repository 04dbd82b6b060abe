// SPDX-License-Identifier: Apache-2.0
#include "punycode.h"

#include <stdint.h>

/* RFC 3492, section 5 */
enum {
	BASE = 36,
	T_MIN = 1,
	T_MAX = 26,
	SKEW = 38,
	DAMP = 700,
	FIRST_BIAS = 72,
	FIRST_CODE = 0x80
};
enum {
	LAST_CONTROL = 0x9f,
	MOST_CODE = 0x10ffff,
	FIRST_SURROGATE = 0xd800,
	LAST_SURROGATE = 0xdfff
};

static uint32_t adapt(uint32_t delta, uint32_t points, bool first)
{
	uint32_t k = 0;

	delta = first ? delta / DAMP : delta / 2;
	delta += delta / points;
	for (; delta > (BASE - T_MIN) * T_MAX / 2; k += BASE)
		delta /= BASE - T_MIN;
	return k + (BASE - T_MIN + 1) * delta / (delta + SKEW);
}

/* BASE when it is no digit */
static uint32_t digit_of(char c)
{
	if (c >= 'a' && c <= 'z')
		return (uint32_t)(c - 'a');
	if (c >= 'A' && c <= 'Z')
		return (uint32_t)(c - 'A');
	if (c >= '0' && c <= '9')
		return (uint32_t)(c - '0') + 26;
	return BASE;
}

static uint32_t threshold(uint32_t k, uint32_t bias)
{
	if (k <= bias)
		return T_MIN;
	return k >= bias + T_MAX ? T_MAX : k - bias;
}

/* One generalised variable-length integer, added to *i; the text moves on. */
static bool add_delta(const char **text, const char *end, uint32_t bias, uint32_t *i)
{
	uint32_t weight = 1;

	for (uint32_t k = BASE;; k += BASE) {
		uint32_t t = threshold(k, bias);
		uint32_t digit;

		if (*text == end)
			return false;
		digit = digit_of(*(*text)++);
		if (digit >= BASE || digit > (UINT32_MAX - *i) / weight)
			return false;
		*i += digit * weight;
		if (digit < t)
			return true;
		if (weight > UINT32_MAX / (BASE - t))
			return false;
		weight *= BASE - t;
	}
}

/* The characters before the last hyphen are ASCII ones that stand for themselves; a hyphen that
 * comes first is none of them, and would delimit nothing. */
static size_t basic_length(const char *text, size_t len)
{
	size_t basic = 0;

	for (size_t i = 0; i < len; i++) {
		if (text[i] == '-')
			basic = i;
	}
	return basic;
}

bool punycode_is_valid(const char *text, size_t len)
{
	const char *end = text + len;
	size_t basic = basic_length(text, len);
	uint32_t points = (uint32_t)basic;
	uint32_t code = FIRST_CODE;
	uint32_t bias = FIRST_BIAS;
	uint32_t i = 0;

	if (len == 0)
		return false;
	text += basic > 0 ? basic + 1 : 0;
	if (text == end)
		return false;
	while (text < end) {
		uint32_t before = i;

		if (!add_delta(&text, end, bias, &i))
			return false;
		points++;
		bias = adapt(i - before, points, before == 0 && points == basic + 1);
		if (i / points > MOST_CODE - code)
			return false;
		code += i / points;
		if (code <= LAST_CONTROL || (code >= FIRST_SURROGATE && code <= LAST_SURROGATE))
			return false;
		i = i % points + 1;
	}
	return true;
}
