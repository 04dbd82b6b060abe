// SPDX-License-Identifier: Apache-2.0
#include "latchview.h"

#include <string.h>

#include <mica/clock.h>
#include <mica/mem.h>

#include "json.h"

static bool is_known(const struct token_latches *latches, const struct token_latch *latch)
{
	for (size_t i = 0; i < latches->n; i++) {
		if (strcmp(latches->items[i].path, latch->path) == 0)
			return true;
	}
	return false;
}

/* Moves those that are not there yet. */
static void merge(struct token_latches *all, struct token_latches *more)
{
	size_t cap = all->n;

	for (size_t i = 0; i < more->n; i++) {
		if (is_known(all, &more->items[i]))
			continue;
		all->items = mem_grow(all->items, &cap, all->n + 1, sizeof(*all->items));
		all->items[all->n++] = more->items[i];
		more->items[i] = (struct token_latch){ 0 };
	}
}

int latchview_find(const struct inventory *inventory, const struct inv_ca *ca,
    struct token_latches *ret, struct err *err)
{
	MICA_AUTO(token_latches_clear) struct token_latches all = { NULL, 0 };

	for (size_t i = 0; i < inventory->n_cas; i++) {
		const struct inv_ca *of = &inventory->cas[i];
		MICA_AUTO(token_latches_clear) struct token_latches more = { NULL, 0 };

		if (ca && ca != of)
			continue;
		if (token_latches(inventory->state_dir, of->key, &more, err) < 0)
			return -1;
		merge(&all, &more);
	}
	token_latches_clear(ret);
	*ret = all;
	all = (struct token_latches){ NULL, 0 };
	return 0;
}

void latchview_name(const struct token_latch *latch, struct buf *ret)
{
	if (latch->label[0] == '\0')
		buf_printf(ret, "an unknown token (in '%s')", latch->path);
	else
		buf_printf(ret, "token '%s' (serial %s)", latch->label, latch->serial);
}

void latchview_tell(
    struct findings *findings, const struct token_latch *latch, const char *hint)
{
	BUF_AUTO name = BUF_INIT;
	char date[CLOCK_TEXT];

	latchview_name(latch, &name);
	findings_add(findings, FINDING_WARNING, "pin-latch", NULL, hint,
	    "the login of %s to %s did not succeed: %s",
	    latch->since ? clock_text(latch->since, date) : "an unknown time", buf_text(&name),
	    latch->why);
}

void latchview_tell_all(struct findings *findings, const struct token_latches *latches)
{
	for (size_t i = 0; i < latches->n; i++)
		latchview_tell(findings, &latches->items[i],
		    "no PIN but a typed one is tried: put it right, then: mica token "
		    "--clear-latch");
}

json_t *latchview_json(const struct token_latches *latches)
{
	json_t *list = json_array();

	for (size_t i = 0; i < latches->n; i++) {
		const struct token_latch *latch = &latches->items[i];
		json_t *item = json_object();

		json_set_text(item, "token", latch->label);
		json_set_text(item, "serial", latch->serial);
		json_set_time(item, "since", latch->since);
		json_set_text(item, "why", latch->why);
		json_set_text(item, "file", latch->path);
		json_add(list, item);
	}
	return list;
}
