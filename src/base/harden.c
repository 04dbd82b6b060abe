// SPDX-License-Identifier: Apache-2.0
#include <mica/harden.h>

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <openssl/crypto.h>

enum { SECURE_HEAP = 1 << 20, SECURE_MIN = 32 };

void harden_process(void)
{
	const struct rlimit none = { 0, 0 };

	(void)setrlimit(RLIMIT_CORE, &none);
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	umask(077);
	/* where the pages cannot be locked the heap still cleanses what it held */
	(void)CRYPTO_secure_malloc_init(SECURE_HEAP, SECURE_MIN);
}
