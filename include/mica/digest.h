// SPDX-License-Identifier: Apache-2.0
/* digest: SHA-256 (FIPS 180-4). */
#ifndef MICA_DIGEST_H
#define MICA_DIGEST_H

#include <stddef.h>
#include <stdint.h>

enum { DIGEST_LEN = 32 };

struct digest {
	uint8_t bytes[DIGEST_LEN];
};

struct digest digest_of(const void *bytes, size_t len);

#endif
