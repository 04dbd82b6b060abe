// SPDX-License-Identifier: Apache-2.0
#include "nearest.h"

#include <string.h>

enum { LONGEST = 63 };

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* optimal string alignment, both at most LONGEST long */
static size_t edits(const char *a, const char *b)
{
	size_t rows[LONGEST + 1][LONGEST + 1];
	size_t n = strlen(a);
	size_t m = strlen(b);

	for (size_t i = 0; i <= n; i++)
		rows[i][0] = i;
	for (size_t k = 0; k <= m; k++)
		rows[0][k] = k;
	for (size_t i = 1; i <= n; i++) {
		for (size_t k = 1; k <= m; k++) {
			size_t best = rows[i - 1][k - 1] + (a[i - 1] != b[k - 1]);

			best = least(best, least(rows[i - 1][k], rows[i][k - 1]) + 1);
			if (i > 1 && k > 1 && a[i - 1] == b[k - 2] && a[i - 2] == b[k - 1])
				best = least(best, rows[i - 2][k - 2] + 1);
			rows[i][k] = best;
		}
	}
	return rows[n][m];
}

const char *nearest(const char *word, const char *const *candidates, size_t n)
{
	size_t limit = (strlen(word) + 2) / 3;
	const char *found = NULL;

	if (strlen(word) > LONGEST)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		size_t distance;

		if (strlen(candidates[i]) > LONGEST)
			continue;
		distance = edits(word, candidates[i]);
		if (distance <= limit && (!found || distance < edits(word, found)))
			found = candidates[i];
	}
	return found;
}
