// SPDX-License-Identifier: Apache-2.0
#include <mica/findings.h>

#include <stdlib.h>
#include <string.h>

#include <mica/mem.h>

#include "visible.h"

void findings_clear(struct findings *findings)
{
	for (size_t i = 0; i < findings->n; i++) {
		free(findings->items[i].file);
		free(findings->items[i].text);
		free(findings->items[i].hint);
	}
	free(findings->items);
	*findings = (struct findings)FINDINGS_INIT;
}

void findings_add(struct findings *findings, enum finding_level level, const char *rule,
    const struct mark *where, const char *hint, const char *fmt, ...)
{
	struct finding finding = { .level = level, .rule = rule };
	MICA_FREE char *raw = NULL;
	va_list args;

	va_start(args, fmt);
	raw = mem_vprintf(fmt, args);
	va_end(args);
	finding.text = visible_dup(raw);
	if (hint)
		finding.hint = visible_dup(hint);
	if (where && where->file) {
		finding.file = visible_dup(where->file);
		finding.line = where->line;
		finding.column = where->column;
	}
	findings->items =
	    mem_grow(findings->items, &findings->cap, findings->n + 1, sizeof(finding));
	findings->items[findings->n++] = finding;
	findings->errors += level == FINDING_ERROR;
	findings->warnings += level == FINDING_WARNING;
}

/* insertion sort: stable, and a list of faults is short or already in order */
static int before(const struct finding *a, const struct finding *b)
{
	int order;

	if (!a->file || !b->file)
		return a->file && !b->file;
	order = strcmp(a->file, b->file);
	if (order != 0)
		return order < 0;
	if (a->line != b->line)
		return a->line < b->line;
	return a->column < b->column;
}

void findings_sort(struct findings *findings)
{
	for (size_t i = 1; i < findings->n; i++) {
		struct finding moved = findings->items[i];
		size_t k = i;

		for (; k > 0 && before(&moved, &findings->items[k - 1]); k--)
			findings->items[k] = findings->items[k - 1];
		findings->items[k] = moved;
	}
}
