// SPDX-License-Identifier: Apache-2.0
/* dice: what a history is made of. The same seed throws the same, on every machine
 * (splitmix64). */
#ifndef MICA_YEARS_DICE_H
#define MICA_YEARS_DICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct dice {
	uint64_t state;
};

static inline uint64_t dice_next(struct dice *dice)
{
	uint64_t z = (dice->state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

/* from least to most, both included */
static inline int dice_between(struct dice *dice, int least, int most)
{
	return least + (int)(dice_next(dice) % (uint64_t)(most - least + 1));
}

static inline bool dice_percent(struct dice *dice, int percent)
{
	return dice_between(dice, 0, 99) < percent;
}

static inline bool dice_permille(struct dice *dice, int permille)
{
	return dice_between(dice, 0, 999) < permille;
}

/* for struct ambient */
static inline int dice_bytes(void *context, void *bytes, size_t len)
{
	uint8_t *to = bytes;

	for (size_t done = 0; done < len;) {
		uint64_t some = dice_next(context);
		size_t n = len - done < sizeof(some) ? len - done : sizeof(some);

		memcpy(to + done, &some, n);
		done += n;
	}
	return 0;
}

#endif
