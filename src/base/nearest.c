// SPDX-License-Identifier: Apache-2.0
#include <mica/nearest.h>

#include <stdint.h>
#include <string.h>

#include <mica/mem.h>

enum { MAX_WORD = 64 };

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Edits from a to b: letters put in, taken out, replaced, or two neighbours swapped. */
static size_t distance(const char *a, const char *b)
{
	const size_t len_a = strlen(a);
	const size_t len_b = strlen(b);
	size_t rows[3][MAX_WORD + 1];

	if (len_a > MAX_WORD || len_b > MAX_WORD)
		return SIZE_MAX;
	for (size_t k = 0; k <= len_b; k++)
		rows[0][k] = k;
	for (size_t i = 1; i <= len_a; i++) {
		const size_t *above = rows[(i - 1) % 3];
		size_t *row = rows[i % 3];

		row[0] = i;
		for (size_t k = 1; k <= len_b; k++) {
			row[k] = above[k - 1] + (a[i - 1] != b[k - 1]);
			row[k] = least(row[k], least(above[k], row[k - 1]) + 1);
			if (i > 1 && k > 1 && a[i - 1] == b[k - 2] && a[i - 2] == b[k - 1])
				row[k] = least(row[k], rows[(i - 2) % 3][k - 2] + 1);
		}
	}
	return rows[len_a % 3][len_b];
}

void nearest_offer(struct nearest *nearest, const char *candidate)
{
	const size_t edits = distance(nearest->word, candidate);
	const size_t most = strlen(nearest->word) / 3 + 1;

	if (edits > most || edits >= strlen(candidate) ||
	    (nearest->best && edits >= nearest->distance))
		return;
	nearest->best = candidate;
	nearest->distance = edits;
}

char *nearest_hint(const struct nearest *nearest)
{
	return nearest->best ? mem_printf("did you mean '%s'?", nearest->best) : NULL;
}
