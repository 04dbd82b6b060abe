// SPDX-License-Identifier: Apache-2.0
#include "edits.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <mica/file.h>

#include "history.h"

/* --- the inventory ------------------------------------------------------------------------ */

void write_inventory(struct history *history)
{
	BUF_AUTO text = BUF_INIT;

	model_write(&history->model, &history->milvus, history->restart, &text);
	history_write(history, "mica.yaml", buf_text(&text));
}

static bool had(const struct model_deployment *deployment, size_t client)
{
	for (size_t i = 0; i < deployment->n_clients; i++)
		if (deployment->clients[i] == client)
			return true;
	return false;
}

/* A client that was here before left files behind, which nobody has looked after since. */
static void forgive_new(struct history *history, const struct model *before)
{
	for (size_t i = 0; i < history->model.n_deployments; i++) {
		const struct model_deployment *now = &history->model.deployments[i];

		for (size_t k = 0; k < now->n_clients; k++)
			if (!had(&before->deployments[i], now->clients[k]))
				judge_forgive(history, i, now->clients[k]);
	}
}

/* What was due by the old margin may not be by the new one: the shorter of both holds until all
 * is well again. */
static void edit(struct history *history)
{
	const struct model before = history->model;
	const char *what = model_edit(&history->model, &history->dice);
	int margin = model_margin(&history->model) - history->every + 1;

	if (!what)
		return;
	forgive_new(history, &before);
	history->tally.edits++;
	history_note(history, "edit: %s", what);
	if (margin < history->margin)
		history->margin = margin;
	write_inventory(history);
}

static void rotate(struct history *history)
{
	const struct model_deployment *of = &history->model.deployments[dice_between(
	    &history->dice, 0, (int)history->model.n_deployments - 1)];
	const char *const named[] = { "rotate", "--unattended",
		history->model.entries[of->server].name, NULL };
	static const char *const all[] = { "rotate", "--unattended", "--all", NULL };

	/* whose lives would begin in the midst of a trouble */
	if (!of->there || history->trouble.kind != TROUBLE_NONE || history->bad_days > 0)
		return;
	(void)run_mica(
	    history, &(struct order){ 0 }, dice_percent(&history->dice, 30) ? all : named);
	judge_day(history);
}

/* --- files ------------------------------------------------------------------------------ */

enum change { DELETED, MODE, EDITED, REPLACED, CHANGES };

/* An editor writes through the link, or puts a file of its own in the place of it. */
static bool change_file(struct history *history, const char *path, enum change change)
{
	BUF_AUTO bytes = BUF_INIT;
	struct err err = ERR_INIT;
	FILE *to;

	if (change == DELETED)
		return unlink(path) == 0;
	if (change == MODE)
		return chmod(path, 0640) == 0;
	if (file_read(AT_FDCWD, path, FILE_MAX_TEXT, &bytes, &err) < 0)
		return false;
	if (change == REPLACED && !history->in_the_way) {
		history->in_the_way = mem_strdup(path);
		return unlink(path) == 0 &&
		       file_replace(AT_FDCWD, path, bytes.data, bytes.len, 0600, &err) == 0;
	}
	to = fopen(path, "ae");
	return to && fputs("\n", to) >= 0 && fclose(to) == 0;
}

void edits_move_away(struct history *history)
{
	if (!history->in_the_way)
		return;
	history_note(history, "%s is moved away", history->in_the_way);
	(void)unlink(history->in_the_way);
	free(mem_give(history->in_the_way));
}

/* One file of one place is deleted, edited or given another mode. */
static void tamper(struct history *history)
{
	static const char *const of_server[] = { "server.key", "server.pem", "ca.pem" };
	static const char *const of_client[] = { "client.key", "client.pem", "ca.pem" };
	struct dice *dice = &history->dice;
	size_t i = (size_t)dice_between(dice, 0, (int)history->model.n_deployments - 1);
	const struct model_deployment *of = &history->model.deployments[i];
	const bool server = dice_percent(dice, 50);
	size_t client = of->clients[dice_between(dice, 0, (int)of->n_clients - 1)];
	int which = dice_between(dice, 0, 2);
	enum change change = (enum change)dice_between(dice, 0, CHANGES - 1);
	MICA_FREE char *name = server
	                           ? mem_printf("out/%s/tls/%s", of->name, of_server[which])
	                           : mem_printf("out/%s/clients/%s/%s", of->name,
	                                 history->model.entries[client].name, of_client[which]);
	MICA_FREE char *path = history_path(history, name);

	if (!of->there || !change_file(history, path, change))
		return;
	history_note(history, "somebody changed %s", name);
	history->tally.tampered++;
	history->tampered = true;
	judge_forgive(history, i, server ? (size_t)JUDGE_SERVER : client);
}

/* What mica writes for people, and can write again. */
static void lose_a_copy(struct history *history)
{
	const struct model_deployment *of = &history->model.deployments[dice_between(
	    &history->dice, 0, (int)history->model.n_deployments - 1)];
	MICA_FREE char *name = dice_percent(&history->dice, 50)
	                           ? mem_strdup("state/g1.pem")
	                           : mem_printf("out/%s/user.yaml", of->name);
	MICA_FREE char *path = history_path(history, name);

	if (unlink(path) < 0)
		return;
	history_note(history, "somebody deleted %s", name);
	history->tampered = true;
}

/* --- Milvus ----------------------------------------------------------------------------- */

/* It ends by itself and is started again, in the midst of whatever mica was about. */
static void crash(struct history *history)
{
	size_t i =
	    (size_t)dice_between(&history->dice, 0, (int)history->model.n_deployments - 1);
	struct milvus_one *one = &history->milvus.all->one[i];

	if (!one->up || history->tampered)
		return;
	history_note(history, "the Milvus of prod-%zu crashes", i);
	if (!milvus_restart(&history->milvus, i))
		history_break(history, "prod-%zu does not start again: %s", i, one->trouble);
}

void edits_of_the_day(struct history *history)
{
	static const struct {
		int permille;
		void (*happens)(struct history *history);
	} all[] = { { 25, edit }, { 5, rotate }, { 10, tamper }, { 5, lose_a_copy },
		{ 15, crash } };

	if (history->trouble.kind == TROUBLE_NONE && history->bad_days == 0 &&
	    history->day > 5 && !history_is_stale(history))
		turns_of_the_day(history);
	for (size_t i = 0; i < mem_count(all); i++)
		if (dice_permille(&history->dice, all[i].permille))
			all[i].happens(history);
}

/* --- the clock -------------------------------------------------------------------------- */

/* Before the newest event of the ledger, which a year always is: refused, and nothing is
 * changed. */
static void jump_back(struct history *history)
{
	static const char *const apply[] = { "apply", "--unattended", NULL };
	const struct order order = {
		.now = history->now - (int64_t)dice_between(&history->dice, 1100, 2000) * DAY
	};
	struct anchor before, after;
	struct outcome outcome;

	known_head(history, &before);
	outcome = run_mica(history, &order, apply);
	known_head(history, &after);
	if (outcome.status != 3)
		history_break(
		    history, "the clock jumped back, and mica ended with %d", outcome.status);
	if (before.events != after.events)
		history_break(history, "the clock jumped back, and mica changed the ledger");
	history->tally.clocks_back++;
}

/* By less than certificates are backdated: nobody else sees one that is not valid yet. What the
 * ledger noted then may be in the future for some hours: it stays so until tomorrow. */
static void jump_ahead(struct history *history)
{
	static const char *const apply[] = { "apply", "--unattended", NULL };
	const int hours = dice_between(
	    &history->dice, 1, history->model.backdate < 20 ? history->model.backdate : 20);
	const struct order order = { .now = history->now + (int64_t)hours * 3600 - 60 };

	(void)run_mica(history, &order, apply);
	history->tally.clocks_ahead++;
}

bool edits_of_the_clock(struct history *history)
{
	if (history->trouble.kind != TROUBLE_NONE || !dice_permille(&history->dice, 15))
		return false;
	if (dice_percent(&history->dice, 50))
		jump_back(history);
	else
		jump_ahead(history);
	history->bad_days++;
	return true;
}
