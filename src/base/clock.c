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

const char *clock_text(int64_t when, char ret[static CLOCK_TEXT])
{
	time_t seconds = (time_t)when;
	struct tm utc;

	if (!gmtime_r(&seconds, &utc) ||
	    strftime(ret, CLOCK_TEXT, "%Y-%m-%dT%H:%M:%SZ", &utc) == 0)
		snprintf(ret, CLOCK_TEXT, "@%" PRId64, when);
	return ret;
}

const char *clock_date(int64_t when, char ret[static CLOCK_TEXT])
{
	clock_text(when, ret);
	ret[strcspn(ret, "T")] = '\0';
	return ret;
}

const char *clock_span(int64_t seconds, char ret[static CLOCK_TEXT])
{
	static const struct {
		int64_t seconds;
		const char *name;
	} units[] = { { CLOCK_DAY, "day" }, { 3600, "hour" }, { 60, "minute" },
		{ 1, "second" } };
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
	struct tm utc = { 0 };
	char whole[CLOCK_TEXT];
	char again[CLOCK_TEXT];
	const char *end;
	int64_t when;

	snprintf(whole, sizeof(whole), strchr(text, 'T') ? "%s" : "%sT00:00:00Z", text);
	end = strptime(whole, "%Y-%m-%dT%H:%M:%SZ", &utc);
	if (!end || *end != '\0')
		return -1;
	when = (int64_t)timegm(&utc);
	/* strptime takes single digits, timegm takes February 31: what was read must print as
	 * it was */
	if (strcmp(clock_text(when, again), whole) != 0)
		return -1;
	*ret = when;
	return 0;
}
