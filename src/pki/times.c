// SPDX-License-Identifier: Apache-2.0
#include "times.h"

#include <time.h>

bool time_is_well_formed(const ASN1_TIME *time)
{
	int len = ASN1_STRING_length(time);
	const unsigned char *text = ASN1_STRING_get0_data(time);

	if (len < 1 || text[len - 1] != 'Z')
		return false;
	if (ASN1_STRING_type(time) == V_ASN1_UTCTIME)
		return len == 13;
	return len == 15 &&
	       (text[0] > '2' || (text[0] == '2' && (text[1] > '0' || text[2] >= '5')));
}

bool time_read(const ASN1_TIME *time, int64_t *ret)
{
	struct tm tm;

	if (ASN1_TIME_to_tm(time, &tm) != 1)
		return false;
	*ret = (int64_t)timegm(&tm);
	return true;
}
