// SPDX-License-Identifier: Apache-2.0
#include <mica/profile.h>

const char *profile_name(enum profile profile)
{
	static const char *const names[] = { "server", "client", "ca" };

	return names[profile];
}
