// SPDX-License-Identifier: Apache-2.0
#include <mica/num.h>

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

int num_parse(const char *text, int64_t min, int64_t max, int64_t *ret)
{
	const char *digits = text + (min < 0 && text[0] == '-');
	size_t len = strspn(digits, "0123456789");
	intmax_t value;

	if (len == 0 || digits[len] != '\0' || (len > 1 && digits[0] == '0'))
		return -1;
	errno = 0;
	value = strtoimax(text, NULL, 10);
	if (errno != 0 || value < min || value > max)
		return -1;
	*ret = value;
	return 0;
}

int num_parse_duration(const char *text, int64_t *ret_seconds)
{
	static const struct {
		char unit;
		int64_t seconds;
	} units[] = { { 'd', 86400 }, { 'h', 3600 }, { 'm', 60 }, { 's', 1 } };
	const int64_t most = INT64_C(36500) * 86400;
	size_t len = strlen(text);
	char digits[16];
	int64_t value;

	if (len < 2 || len > sizeof(digits))
		return -1;
	memcpy(digits, text, len - 1);
	digits[len - 1] = '\0';
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (text[len - 1] != units[i].unit)
			continue;
		if (num_parse(digits, 0, most / units[i].seconds, &value) < 0)
			return -1;
		*ret_seconds = value * units[i].seconds;
		return 0;
	}
	return -1;
}

int num_parse_mode(const char *text, unsigned *ret)
{
	const size_t len = strspn(text, "01234567");

	if (text[len] != '\0' || len < 3 || len > 4 || (len == 4 && text[0] != '0'))
		return -1;
	*ret = (unsigned)strtoul(text, NULL, 8);
	return 0;
}
