// SPDX-License-Identifier: Apache-2.0
#include "trouble.h"

#include <stdio.h>
#include <string.h>

#include <mica/mem.h>

#include "history.h"

enum { FAILING_RESTARTS = 10, SPARE_DAYS = 4 };

static const struct {
	const char *name;
	int most; /* days */
} kinds[] = {
	[TROUBLE_NONE] = { "none", 0 },
	[TROUBLE_AWAY] = { "token away", 20 },
	[TROUBLE_BREAKS] = { "token breaks", 3 },
	[TROUBLE_PIN] = { "stale PIN", 6 },
	[TROUBLE_RESTARTS] = { "restarts fail", 10 },
	[TROUBLE_FULL] = { "disk full", 3 },
	[TROUBLE_OFF] = { "machine off", 10 },
	[TROUBLE_NOBODY] = { "nobody there", 8 },
};

const char *trouble_name(enum trouble_kind kind)
{
	return kinds[kind].name;
}

static int least(int a, int b)
{
	return a < b ? a : b;
}

/* The one that signs. */
static struct soft_device *device_of(const struct history *history)
{
	return &history->tokens->devices[model_issuing(&history->model)];
}

static void change_pin(struct history *history)
{
	snprintf(device_of(history)->pin, SOFT_NAME, "pin of day %d", history->day);
}

static void fail_restarts(struct history *history, unsigned n)
{
	for (size_t i = 0; i < MILVUS_MOST; i++)
		history->milvus.all->one[i].failing = n;
}

/* As long as the dice say, or as the margin allows. */
static void begin(struct history *history)
{
	struct trouble *trouble = &history->trouble;
	int left = history->margin - SPARE_DAYS - history->bad_days;
	enum trouble_kind kind =
	    (enum trouble_kind)dice_between(&history->dice, TROUBLE_AWAY, TROUBLES - 1);

	if (left < 1)
		return;
	*trouble = (struct trouble){ kind,
		least(left, dice_between(&history->dice, 1, kinds[kind].most)) };
	/* the whole of it now and then */
	if (left >= kinds[kind].most && dice_percent(&history->dice, 30))
		trouble->days = kinds[kind].most;
	history->tally.troubles[kind]++;
	history_note(history, "trouble: %s for %d days", kinds[kind].name, trouble->days);
	if (kind == TROUBLE_PIN)
		change_pin(history);
	if (kind == TROUBLE_RESTARTS)
		fail_restarts(history, FAILING_RESTARTS);
	if (kind == TROUBLE_BREAKS)
		device_of(history)->breaks_after = (unsigned)dice_between(&history->dice, 1, 3);
	device_of(history)->away = kind == TROUBLE_AWAY;
}

void trouble_clear_latch(struct history *history)
{
	static const char *const clear[] = { "token", "--clear-latch", NULL };
	MICA_FREE char *pin = mem_printf("pin-%zu", model_issuing(&history->model) + 1);

	history_write(history, pin, device_of(history)->pin);
	device_of(history)->refused = 0;
	if (run_mica(history, &(struct order){ 0 }, clear).status != 0)
		history_break(history, "the latch cannot be cleared");
	history->latched = 0;
	history->tally.latches++;
}

void trouble_end(struct history *history)
{
	if (history->trouble.kind == TROUBLE_PIN)
		trouble_clear_latch(history);
	for (size_t i = 0; i < SOFT_DEVICES; i++) {
		history->tokens->devices[i].away = false;
		history->tokens->devices[i].breaks_after = 0;
	}
	fail_restarts(history, 0);
	history->trouble = (struct trouble){ TROUBLE_NONE, 0 };
}

void trouble_morning(struct history *history)
{
	struct trouble *trouble = &history->trouble;

	if (trouble->kind != TROUBLE_NONE &&
	    (--trouble->days <= 0 || history->bad_days + SPARE_DAYS > history->margin))
		trouble_end(history);
	if (trouble->kind == TROUBLE_NONE && dice_permille(&history->dice, 35))
		begin(history);
}
