// SPDX-License-Identifier: Apache-2.0
#include "history.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <mica/file.h>
#include <mica/token.h>

#include "edits.h"
#include "scratch.h"

enum { START = 1790000000, PERSON_COMES = 4, MOST_POINTS_IDLE = 12 };

static const char *const apply[] = { "apply", "--unattended", NULL };

/* --- small tools ------------------------------------------------------------------------ */

void history_break(struct history *history, const char *fmt, ...)
{
	va_list args;

	if (history->violation[0] != '\0')
		return;
	va_start(args, fmt);
	vsnprintf(history->violation, sizeof(history->violation), fmt, args);
	va_end(args);
	history_note(history, "BROKEN: %s", history->violation);
}

void history_note(const struct history *history, const char *fmt, ...)
{
	MICA_FREE char *text = NULL;
	va_list args;

	va_start(args, fmt);
	text = mem_vprintf(fmt, args);
	va_end(args);
	dprintf(history->log, "[day %d] %s\n", history->day, text);
}

char *history_path(const struct history *history, const char *name)
{
	return mem_printf("%s/%s", history->dir, name);
}

void history_write(const struct history *history, const char *name, const char *text)
{
	MICA_FREE char *path = history_path(history, name);
	struct err err = ERR_INIT;

	if (file_replace(AT_FDCWD, path, text, strlen(text), 0600, &err) < 0)
		abort();
}

/* --- a day ------------------------------------------------------------------------------- */

static bool needs_a_person(const struct model_deployment *deployment)
{
	return deployment->there && deployment->runs && !deployment->restart;
}

static bool anybody_is_needed(const struct history *history)
{
	for (size_t i = 0; i < history->model.n_deployments; i++)
		if (needs_a_person(&history->model.deployments[i]))
			return true;
	return false;
}

/* Of a Milvus that mica neither sees nor restarts, it says once that it is to be restarted: the
 * rest is people's. */
static bool is_stale(const struct history *history, size_t i)
{
	const struct model_deployment *deployment = &history->model.deployments[i];

	return needs_a_person(deployment) && !deployment->endpoint &&
	       history->milvus.all->one[i].up && judge_is_stale(history, i);
}

bool history_is_stale(const struct history *history)
{
	for (size_t i = 0; i < history->model.n_deployments; i++)
		if (is_stale(history, i))
			return true;
	return false;
}

/* Its files are there, and nobody has spoiled them. */
static bool may_start(const struct history *history, size_t i)
{
	const struct judged_place *place = &history->judge.tls[i];
	MICA_FREE char *path = file_join(history->milvus.all->one[i].out, "user.yaml");

	return place->seen && !place->forgiven && access(path, R_OK) == 0;
}

/* Those that mica does not restart, restarted, and mica told of it. */
static void restart_by_hand(struct history *history)
{
	for (size_t i = 0; i < history->model.n_deployments; i++) {
		const struct model_deployment *deployment = &history->model.deployments[i];
		const char *const told[] = { "apply", "--unattended", "--restarted",
			deployment->name, NULL };

		if (!needs_a_person(deployment) || !may_start(history, i))
			continue;
		history_note(history, "%s is restarted by hand", deployment->name);
		if (!milvus_restart(&history->milvus, i))
			history_break(history, "%s does not start: %s", deployment->name,
			    history->milvus.all->one[i].trouble);
		if (deployment->endpoint)
			(void)run_mica(history, &(struct order){ 0 }, told);
	}
	history->unserved = 0;
}

/* A Milvus that nobody has started yet is started by whoever set it up, once its files are
 * there. */
static void start_new(struct history *history)
{
	for (size_t i = 0; i < history->model.n_deployments; i++) {
		const struct model_deployment *deployment = &history->model.deployments[i];
		struct milvus_one *one = &history->milvus.all->one[i];

		if (!deployment->there) {
			if (one->up)
				milvus_stop(&history->milvus, i);
			continue;
		}
		if (!deployment->runs || one->up || !may_start(history, i))
			continue;
		if (!milvus_restart(&history->milvus, i))
			history_break(
			    history, "%s does not start: %s", deployment->name, one->trouble);
	}
}

/* How the disk or this process may fail in the run of today. */
static struct order any_order(struct history *history)
{
	struct dice *dice = &history->dice;
	const bool busy = history->bad_days > 0 || dice_percent(dice, 30);
	struct order order = { 0 };

	if (history->trouble.kind == TROUBLE_FULL)
		order.fault = FAULT_FULL;
	else if (dice_percent(dice, history->bad_days > 0 ? 30 : 12))
		order.fault = FAULT_KILL;
	order.at = (unsigned)dice_between(
	    dice, 1, busy ? (int)history->points * 5 / 4 + MOST_POINTS_IDLE : MOST_POINTS_IDLE);
	return order;
}

static bool latch_is_there(const struct history *history)
{
	MICA_FREE char *dir = history_path(history, "state");
	MICA_FREE char *uri =
	    mem_printf("pkcs11:token=token-%zu;object=ca", model_issuing(&history->model) + 1);
	struct token_latches latches = { NULL, 0 };
	struct err err = ERR_INIT;
	bool there;

	if (token_latches(dir, uri, &latches, &err) < 0)
		abort();
	there = latches.n > 0;
	token_latches_clear(&latches);
	return there;
}

/* What mica may say on a day on which nothing of its own was made to fail. */
static void judge_status(
    struct history *history, const struct order *order, const struct outcome *outcome)
{
	const enum trouble_kind trouble = history->trouble.kind;
	const bool token =
	    trouble == TROUBLE_AWAY || trouble == TROUBLE_BREAKS || trouble == TROUBLE_PIN;

	if (order->fault != FAULT_NONE || token || outcome->status == 0 ||
	    latch_is_there(history))
		return;
	if (outcome->status == 3 && history->in_the_way)
		return;
	if (outcome->status == 5 && (anybody_is_needed(history) || trouble == TROUBLE_RESTARTS))
		return;
	history_break(history, "an undisturbed run ended with %d", outcome->status);
}

/* Then all was delivered anew, if not served yet: what was passed over is looked at again. */
static void see_delivered(struct history *history, const struct outcome *outcome)
{
	if (outcome->status != 0 && outcome->status != 5)
		return;
	history->tampered = false;
	if (judge_forgive_nothing(history))
		judge_day(history);
}

static void learn(struct history *history, const struct outcome *outcome)
{
	bool stale;

	see_delivered(history, outcome);
	stale = history_is_stale(history);
	if (outcome->status == 0 && !stale) {
		history->bad_days = 0;
		history->margin = model_margin(&history->model) - history->every + 1;
	} else {
		history->bad_days++;
	}
	history->unserved = outcome->status == 5 || stale ? history->unserved + 1 : 0;
	history->latched = latch_is_there(history) ? history->latched + 1 : 0;
}

/* Somebody comes, after some days; on vacation later. */
static void people(struct history *history)
{
	const int patience = dice_between(&history->dice, 1, PERSON_COMES);

	if (history->trouble.kind == TROUBLE_NOBODY)
		return;
	if (history->latched > patience && history->trouble.kind != TROUBLE_PIN)
		trouble_clear_latch(history);
	if (history->unserved > patience)
		restart_by_hand(history);
	if (history->in_the_way && history->bad_days > patience)
		edits_move_away(history);
}

/* The margin is used up: everything that can be put right is, and then mica must be content. */
static void put_right(struct history *history)
{
	static const char *const plan[] = { "plan", "--exit-code", NULL };
	struct outcome outcome;

	history_note(history, "everything is put right");
	trouble_end(history);
	if (latch_is_there(history))
		trouble_clear_latch(history);
	edits_move_away(history);
	outcome = run_mica(history, &(struct order){ 0 }, apply);
	see_delivered(history, &outcome);
	start_new(history);
	judge_day(history);
	if (outcome.status == 5 || history_is_stale(history)) {
		restart_by_hand(history);
		outcome = run_mica(history, &(struct order){ 0 }, apply);
	}
	if (outcome.status != 0)
		history_break(
		    history, "with everything put right, apply ends with %d", outcome.status);
	learn(history, &outcome);
	outcome = run_mica(history, &(struct order){ 0 }, plan);
	if (outcome.status != 0)
		history_break(history, "after an apply that ended with 0, plan ends with %d",
		    outcome.status);
}

static void run_today(struct history *history)
{
	const struct order order = any_order(history);
	struct outcome outcome;

	outcome = run_mica(history, &order, apply);
	if (!latch_is_there(history))
		turns_accept_again(history, &outcome);
	judge_status(history, &order, &outcome);
	judge_day(history);
	if (outcome.killed && dice_percent(&history->dice, 50)) {
		outcome = run_mica(history, &(struct order){ 0 }, apply);
		judge_day(history);
	}
	learn(history, &outcome);
}

static void live_through(struct history *history)
{
	edits_of_the_day(history);
	if (history->trouble.kind == TROUBLE_OFF) {
		history->bad_days++;
		judge_day(history);
	} else if (edits_of_the_clock(history)) {
		judge_day(history);
	} else {
		run_today(history);
	}
	people(history);
}

static void audit(struct history *history)
{
	static const char *const words[] = { "audit", NULL };

	known_ledger(history);
	if (run_mica(history, &(struct order){ 0 }, words).status != 0)
		history_break(history, "on a day when all is well, the audit finds something");
}

/* Of a day between two runs that have nothing to do, nothing is to be learnt. */
static bool is_quiet(const struct history *history)
{
	return history->day % history->every != 0 && history->trouble.kind == TROUBLE_NONE &&
	       history->bad_days == 0 && !history->tampered && !history->in_the_way;
}

static void live_a_day(struct history *history)
{
	history->tally.days++;
	if (is_quiet(history))
		return;
	history->now =
	    START + (int64_t)history->day * DAY + dice_between(&history->dice, 0, 3600);
	history->milvus.all->now = history->now;
	trouble_morning(history);
	if (history->bad_days + PERSON_COMES >= history->margin) {
		put_right(history);
		judge_day(history);
	} else {
		live_through(history);
	}
	start_new(history);
	if (history->bad_days == 0 && history->day % 10 == 0)
		judge_revoked(history);
	if (history->bad_days == 0 && history->day % 50 == 0)
		audit(history);
}

/* When everything was delivered anew, nothing is left over of runs that died. */
static void end_clean(struct history *history)
{
	static const char *const rotate[] = { "rotate", "--unattended", "--all", NULL };

	if (history->violation[0] == '\0' &&
	    run_mica(history, &(struct order){ 0 }, rotate).status % 5 != 0)
		history_break(history, "the last rotation failed");
	judge_leftovers(history);
}

/* --- all days --------------------------------------------------------------------------- */

static void begin(struct history *history)
{
	static const char *const init[] = { "init", NULL };
	MICA_FREE char *log = NULL;
	const char *base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";

	history->dice.state = history->seed;
	history->dir = scratch_in(base);
	log = history_path(history, "log");
	history->log = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	history->tokens = soft_tokens_make();
	milvus_begin(&history->milvus, history->dir);
	model_begin(&history->model, &history->dice);
	turns_begin(history);
	for (size_t i = 0; i < MILVUS_MOST; i++)
		snprintf(history->milvus.all->one[i].out, MILVUS_TEXT, "%s/out/prod-%zu",
		    history->dir, i);
	history->now = START;
	history->milvus.all->now = START;
	history->points = 60;
	history_write(history, "pin-1", history->tokens->devices[0].pin);
	history_write(history, "pin-2", history->tokens->devices[1].pin);
	write_inventory(history);
	history->margin = model_margin(&history->model) - history->every + 1;
	if (run_mica(history, &(struct order){ 0 }, init).status != 0)
		history_break(history, "init failed");
}

bool history_live(struct history *history)
{
	begin(history);
	for (history->day = 1; history->day <= history->n_days && history->violation[0] == '\0';
	     history->day++)
		live_a_day(history);
	if (history->violation[0] == '\0') {
		history->now += DAY;
		history->milvus.all->now = history->now;
		put_right(history);
		judge_day(history);
		audit(history);
		end_clean(history);
	}
	for (size_t i = 0; i < MILVUS_MOST; i++)
		history->tally.restarts += history->milvus.all->one[i].starts;
	return history->violation[0] == '\0';
}

void history_end(struct history *history)
{
	milvus_end(&history->milvus);
	known_clear(&history->known);
	free(history->in_the_way);
	if (history->log >= 0)
		close(history->log);
	scratch_freep(&history->dir);
}
