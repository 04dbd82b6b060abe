// SPDX-License-Identifier: Apache-2.0
#include <mica/clock.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <openssl/rand.h>

static int system_random(void *context, void *bytes, size_t len)
{
	(void)context;
	return RAND_bytes(bytes, (int)len) == 1 ? 0 : -1;
}

struct ambient ambient_system(void)
{
	return (struct ambient){ .now = (int64_t)time(NULL), .random = system_random };
}

__attribute__((format(strftime, 2, 0)))
static const char *format(int64_t when, const char *fmt, char ret[static CLOCK_TEXT])
{
	time_t seconds = (time_t)when;
	struct tm utc;

	if (!gmtime_r(&seconds, &utc) || strftime(ret, CLOCK_TEXT, fmt, &utc) == 0)
		snprintf(ret, CLOCK_TEXT, "@%" PRId64, when);
	return ret;
}

const char *clock_text(int64_t when, char ret[static CLOCK_TEXT])
{
	return format(when, "%Y-%m-%dT%H:%M:%SZ", ret);
}

const char *clock_date(int64_t when, char ret[static CLOCK_TEXT])
{
	return format(when, "%Y-%m-%d", ret);
}

const char *clock_span(int64_t seconds, char ret[static CLOCK_TEXT])
{
	static const struct {
		int64_t seconds;
		const char *name;
	} units[] = { { CLOCK_DAY, "day" }, { 3600, "hour" }, { 60, "minute" }, { 1, "second" } };
	int64_t left = seconds < 0 ? -seconds : seconds;

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		int64_t count = left / units[i].seconds;

		if (count == 0)
			continue;
		snprintf(ret, CLOCK_TEXT, "%" PRId64 " %s%s%s", count, units[i].name,
		    count == 1 ? "" : "s", seconds < 0 ? " ago" : "");
		return ret;
	}
	snprintf(ret, CLOCK_TEXT, "now");
	return ret;
}

int clock_parse(const char *text, int64_t *ret)
{
	static const char *const formats[] = { "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d" };

	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		struct tm utc = { 0 };
		char again[CLOCK_TEXT];
		const char *end = strptime(text, formats[i], &utc);
		int64_t when;

		if (!end || *end != '\0')
			continue;
		when = (int64_t)timegm(&utc);
		/* strptime takes 02-31 and single digits: what it read must print as it was */
		if (strcmp(format(when, formats[i], again), text) != 0)
			return -1;
		*ret = when;
		return 0;
	}
	return -1;
}
