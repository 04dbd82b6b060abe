// SPDX-License-Identifier: Apache-2.0
/* must: what has to hold whatever the input was; a fuzzer takes an abort for a find. */
#ifndef MICA_FUZZ_MUST_H
#define MICA_FUZZ_MUST_H

#include <stdbool.h>
#include <stdlib.h>

static inline void must(bool holds)
{
	if (!holds)
		abort();
}

#endif
