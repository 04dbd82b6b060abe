// SPDX-License-Identifier: Apache-2.0
#include "turns.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <mica/file.h>

#include "edits.h"
#include "history.h"

enum { STANDBY_DAYS = 3, RETRY_DAYS = 25, LIST_DAYS = 60 };

static const struct order plainly = { 0 };

void turns_begin(struct history *history)
{
	if (dice_percent(&history->dice, 60))
		history->turns.begins = dice_between(&history->dice, 20, 700);
}

/* --- revocation ------------------------------------------------------------------------- */

static void revoke_one(struct history *history)
{
	struct dice *dice = &history->dice;
	const struct model_entry *entry =
	    &history->model.entries[dice_between(dice, 0, (int)history->model.n_entries - 1)];
	const char *const words[] = { "revoke", entry->name, "--reason",
		dice_percent(dice, 50) ? "keyCompromise" : "superseded", "--unattended", NULL };

	/* not there: nothing is found, and that is told */
	if (run_mica(history, &plainly, words).status == 0)
		history->tally.revoked++;
}

/* That of a CA which does not issue is signed by nobody else. */
static void list_anew(struct history *history)
{
	const size_t other = !model_issuing(&history->model);
	const char *const words[] = { "revoke", "--crl", other == 0 ? "g1" : "g2",
		"--unattended", NULL };

	if (history->model.cas[other] != MODEL_TRUSTED ||
	    history->day < history->turns.listed + LIST_DAYS)
		return;
	history->turns.listed = history->day;
	if (run_mica(history, &plainly, words).status != 0)
		history_break(history, "revoke --crl failed");
}

/* --- a new CA --------------------------------------------------------------------------- */

static void edit_cas(struct history *history, enum model_ca g1, enum model_ca g2)
{
	struct turns *turns = &history->turns;

	history->model.cas[0] = g1;
	history->model.cas[1] = g2;
	turns->stage++;
	turns->since = history->day;
	turns->backed_up = false;
	history_note(history, "CAs: stage %d", turns->stage);
	write_inventory(history);
}

static void bring_standby(struct history *history)
{
	static const char *const init[] = { "init", NULL };

	history->model.cross_sign = dice_percent(&history->dice, 30);
	edit_cas(history, MODEL_ISSUING, MODEL_TRUSTED);
	history->turns.listed = history->day;
	if (run_mica(history, &plainly, init).status != 0)
		history_break(history, "init of the second CA failed");
}

/* The CRL of the one that issued until now is a day or some months old: one of each comes soon.
 */
static void take_over(struct history *history)
{
	edit_cas(history, MODEL_TRUSTED, MODEL_ISSUING);
	history->turns.listed = history->day - LIST_DAYS + 1;
}

/* Refused as long as anything needs it: then it stays for some time. */
static void retire(struct history *history)
{
	static const char *const apply[] = { "apply", "--unattended", NULL };
	edit_cas(history, MODEL_RETIRED, MODEL_ISSUING);
	if (run_mica(history, &plainly, apply).status != 3)
		return;
	edit_cas(history, MODEL_TRUSTED, MODEL_ISSUING);
	history->turns.stage -= 2;
	history->tally.not_retired++;
}

static void change_cas(struct history *history)
{
	struct turns *turns = &history->turns;

	switch (turns->stage) {
	case 0:
		if (turns->begins > 0 && history->day >= turns->begins)
			bring_standby(history);
		break;
	case 1:
		if (history->day >= turns->since + STANDBY_DAYS)
			take_over(history);
		break;
	case 2:
		if (history->day >= turns->since + RETRY_DAYS)
			retire(history);
		break;
	case 3:
		if (history->day < turns->since + RETRY_DAYS)
			break;
		edit_cas(history, MODEL_ABSENT, MODEL_ISSUING);
		history->tally.changed_cas++;
		break;
	default:
		break;
	}
}

/* --- a backup --------------------------------------------------------------------------- */

static void copy(const struct history *history, const char *from, const char *to)
{
	MICA_FREE char *command =
	    mem_printf("cd '%s' && rm -rf '%s' && cp -a '%s' '%s'", history->dir, to, from, to);

	if (system(command) != 0) /* NOLINT(cert-env33-c) */
		abort();
}

static void back_up(struct history *history)
{
	copy(history, "state", "backup");
	history->turns.backed_up = true;
	history->turns.signed_then = history->tokens->n_signed;
}

static void accept_restore(struct history *history)
{
	static const char *const accept[] = { "audit", "--accept-restore", NULL };

	if (run_mica(history, &plainly, accept).status != 0)
		history_break(history, "the restored ledger is not accepted");
	known_after_restore(history);
	judge_after_restore(history);
}

void turns_accept_again(struct history *history, struct outcome *outcome)
{
	static const char *const apply[] = { "apply", "--unattended", NULL };

	if (outcome->status != 3 || history->tally.restored == 0 || history->in_the_way)
		return;
	accept_restore(history);
	*outcome = run_mica(history, &plainly, apply);
}

/* What was signed meanwhile lies outside and not in the ledger: refused, until somebody has
 * looked. */
static void restore(struct history *history)
{
	static const char *const apply[] = { "apply", "--unattended", NULL };
	const bool older = history->tokens->n_signed > history->turns.signed_then;
	struct outcome outcome;

	if (!history->turns.backed_up)
		return;
	history_note(history, "the state directory is restored from a backup");
	copy(history, "backup", "state");
	outcome = run_mica(history, &plainly, apply);
	if (older && outcome.status != 3)
		history_break(history, "an older ledger is not refused, but ends with %d",
		    outcome.status);
	if (outcome.status == 3)
		accept_restore(history);
	known_after_restore(history);
	judge_after_restore(history);
	history->tampered = true; /* NAME.crl is as old as the backup */
	history->turns.backed_up = false;
	history->tally.restored++;
}

void turns_of_the_day(struct history *history)
{
	static const struct {
		int permille;
		void (*happens)(struct history *history);
	} all[] = { { 6, revoke_one }, { 8, back_up }, { 5, restore }, { 1000, list_anew },
		{ 1000, change_cas } };

	for (size_t i = 0; i < mem_count(all); i++)
		if (dice_permille(&history->dice, all[i].permille))
			all[i].happens(history);
}
