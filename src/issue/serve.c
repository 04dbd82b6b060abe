// SPDX-License-Identifier: Apache-2.0
/* Step 8 of the gate: Milvus is restarted, and what it presents then is probed, never assumed.
 */
#include "issue_private.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "look.h"
#include "owed.h"
#include "restart.h"
#include "seen.h"

enum {
	GLANCE_MS = 3000, /* to see whether somebody has restarted it meanwhile */
	FIRST_PAUSE_MS = 250,
	LAST_PAUSE_MS = 5000,
	MS = 1000,
};

/* One deployment that can be seen or restarted, and the record of its server. */
struct watched {
	const struct inv_deployment *deployment;
	size_t index;
	struct record record;
	struct owed owed;
	bool seen; /* at every endpoint; where there are none, nothing is to be seen */
};

struct all_watched {
	struct watched *items;
	size_t n;
};

static void all_clear(struct all_watched *all)
{
	for (size_t i = 0; i < all->n; i++)
		record_clear(&all->items[i].record);
	free(all->items);
}

static int watch(struct issue *issue, size_t i, struct watched *ret, struct err *err)
{
	const struct inv_deployment *deployment = &issue->inventory->deployments[i];
	const char *server = issue->inventory->certificates[deployment->server].name;
	int64_t seen = 0;

	ret->deployment = deployment;
	ret->index = i;
	if (ledger_current(issue->ledger, RECORD_SERVER, server, &ret->record, err) < 0 ||
	    seen_read(issue, deployment, &seen, err) < 0 ||
	    owed_read(issue, deployment, &ret->owed, err) < 0)
		return -1;
	ret->seen = deployment->n_endpoints == 0 || seen == ret->record.seq;
	return 0;
}

/* Those whose server has a certificate: with --only, another one may have none yet. */
static int watch_all(struct issue *issue, struct all_watched *all, struct err *err)
{
	const struct inventory *inventory = issue->inventory;

	all->items = mem_array(inventory->n_deployments, sizeof(*all->items));
	for (size_t i = 0; i < inventory->n_deployments; i++) {
		struct watched *next = &all->items[all->n];

		if (!owed_is_kept(&inventory->deployments[i]))
			continue;
		if (watch(issue, i, next, err) == 0) {
			all->n++;
			continue;
		}
		record_clear(&next->record);
		if (err->kind != ERR_NOT_FOUND)
			return -1;
	}
	return 0;
}

/* --- one deployment --------------------------------------------------------------------- */

/* What is left to say when a deployment is not as it should be, from the least urgent on. */
enum ending {
	ENDED_WELL,
	ENDED_UNSEEN, /* Milvus is not there */
	ENDED_OTHER,  /* it has to be restarted by hand, which endpoints will show */
	ENDED_UNTOLD, /* the same, which they will not show */
	ENDED_LATE,   /* it was restarted, and yet does not serve what was delivered */
	ENDED_FAILED, /* the restart failed */
};

struct serving {
	struct issue *issue;
	const struct issue_telling *telling;
	struct issue_served *served;
	enum ending ending;  /* the worst of all */
	const char *by_hand; /* the deployment of ENDED_UNTOLD */
};

static void pause_ms(int64_t ms)
{
	struct timespec left = { ms / MS, (ms % MS) * 1000000L };

	while (nanosleep(&left, &left) < 0)
		;
}

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* Milvus takes its time to start: again and again, with longer and longer pauses. */
static void look_until(struct look *look, int64_t deadline)
{
	int64_t pause = FIRST_PAUSE_MS;
	int64_t left;

	for (;;) {
		look_again(look, deadline);
		left = deadline - look_now();
		if (look_worst(look) == LOOK_GOOD || left <= 0)
			return;
		pause_ms(least(pause, left));
		pause = least(2 * pause, LAST_PAUSE_MS);
	}
}

/* Whether what is seen at the endpoints proves that Milvus was started after the newest change.
 */
static bool shows_restart(const struct watched *watched, const struct look *look)
{
	if (watched->deployment->n_endpoints == 0 || look_worst(look) != LOOK_GOOD)
		return false;
	return watched->owed.sign == OWED_SIGN_CERTIFICATE ||
	       (watched->owed.sign == OWED_SIGN_TRUST && look_shows_trust(look));
}

enum attempt { LEFT_ALONE, RESTARTED, RESTART_FAILED };

/* Restarts it, where that is owed and mica is told how, and looks what came of it. */
static enum attempt restart(struct serving *serving, struct watched *watched, struct look *look)
{
	const struct inv_deployment *deployment = watched->deployment;
	const struct issue_telling *telling = serving->telling;

	if (watched->owed.since == 0 || !deployment->restart)
		return LEFT_ALONE;
	/* by hand, or by a run that died: not a second time */
	if (!serving->issue->owed_now[watched->index] && watched->owed.sign != OWED_SIGN_NONE) {
		look_again(look, look_now() + GLANCE_MS);
		if (shows_restart(watched, look))
			return LEFT_ALONE;
	}
	if (telling && telling->restarting)
		telling->restarting(telling->context, deployment);
	look_forget(look);
	if (!restart_run(serving->issue, deployment))
		return RESTART_FAILED;
	serving->served->restarted++;
	if (deployment->n_endpoints > 0 && telling && telling->waiting)
		telling->waiting(telling->context, deployment);
	look_until(look, look_now() + deployment->deadline * MS);
	return RESTARTED;
}

static enum ending ending_of(
    const struct watched *watched, const struct look *look, enum attempt attempt)
{
	const bool done =
	    attempt == RESTARTED || watched->owed.since == 0 || shows_restart(watched, look);

	if (attempt == RESTART_FAILED && !done)
		return ENDED_FAILED;
	switch (look_worst(look)) {
	case LOOK_GOOD:
		return done ? ENDED_WELL : ENDED_UNTOLD;
	case LOOK_GONE:
		return attempt == RESTARTED ? ENDED_LATE : ENDED_UNSEEN;
	default:
		return attempt == RESTARTED ? ENDED_LATE : ENDED_OTHER;
	}
}

static void tell_ending(struct serving *serving, const struct watched *watched,
    const struct look *look, enum ending ending)
{
	const struct mark where = { watched->deployment->name, 0, 0 };
	BUF_AUTO why = BUF_INIT;

	look_tell(look, ending == ENDED_LATE
	                    ? "does it read what was delivered, and is this its endpoint?"
	                    : "Milvus reads its files once, at start: restart it");
	if (ending == ENDED_UNTOLD) {
		owed_why(watched->owed.changes, &why);
		findings_add(serving->issue->findings, FINDING_WARNING, "restart-owed", &where,
		    NULL, "Milvus is to be restarted, which no endpoint can show: %s",
		    buf_text(&why));
		serving->by_hand = watched->deployment->name;
	}
	if (ending > serving->ending)
		serving->ending = ending;
}

static int serve(struct serving *serving, struct watched *watched, struct err *err)
{
	MICA_AUTO(look_clear) struct look look = { .endpoints = NULL };
	struct issue *issue = serving->issue;
	enum attempt attempt;
	enum ending ending;

	look_begin(&look, issue, watched->deployment, &watched->record.certificate);
	attempt = restart(serving, watched, &look);
	if (attempt != RESTARTED)
		look_again(&look, INT64_MAX);
	watched->seen = look_worst(&look) == LOOK_GOOD;
	ending = ending_of(watched, &look, attempt);
	tell_ending(serving, watched, &look, ending);
	if (watched->seen && watched->deployment->n_endpoints > 0 &&
	    seen_note(issue, watched->deployment, watched->record.seq, err) < 0)
		return -1;
	return ending == ENDED_WELL && watched->owed.since != 0
	           ? owed_settle(issue, watched->deployment, err)
	           : 0;
}

/* --- all of them ------------------------------------------------------------------------ */

/* Served is what every endpoint of every deployment that uses it presents. */
static bool seen_everywhere(const struct all_watched *all, int64_t seq)
{
	bool any = false;

	for (size_t i = 0; i < all->n; i++) {
		const struct watched *watched = &all->items[i];

		if (watched->record.seq != seq || watched->deployment->n_endpoints == 0)
			continue;
		if (!watched->seen)
			return false;
		any = true;
	}
	return any;
}

static int record_served(struct issue *issue, const struct all_watched *all, struct err *err)
{
	for (size_t i = 0; i < all->n; i++) {
		const struct record *record = &all->items[i].record;

		if (record->state == RECORD_SERVED || !seen_everywhere(all, record->seq))
			continue;
		if (ledger_move(issue->ledger, &record->seq, 1, RECORD_SERVED, err) < 0)
			return -1;
	}
	return 0;
}

/* It shares a certificate with the one that --only names. */
static void tell_passed_over(struct issue *issue, const struct watched *watched)
{
	const struct mark where = { watched->deployment->name, 0, 0 };

	if (issue->owed_now[watched->index])
		findings_add(issue->findings, FINDING_NOTE, "restart-owed", &where,
		    "mica apply, without --only",
		    "its files were changed too, and its Milvus is owed a restart");
}

static int serve_all(struct serving *serving, const struct all_watched *all, struct err *err)
{
	const char *only = serving->issue->only;

	for (size_t i = 0; i < all->n; i++) {
		struct watched *watched = &all->items[i];

		if (only && strcmp(only, watched->deployment->name) != 0) {
			tell_passed_over(serving->issue, watched);
			continue;
		}
		if (watched->seen && watched->owed.since == 0)
			continue;
		if (serve(serving, watched, err) < 0)
			return -1;
	}
	return record_served(serving->issue, all, err);
}

static int tell_undone(const struct serving *serving, struct err *err)
{
	switch (serving->ending) {
	case ENDED_WELL:
		return 0;
	case ENDED_FAILED:
		err_set(
		    err, ERR_UNSERVED, "delivered, and the restart of Milvus is still owed");
		return err_hint(err, "mend what 'restart' says, then: mica apply");
	case ENDED_LATE:
		err_set(err, ERR_UNSERVED,
		    "delivered and restarted, but not served within the deadline");
		return err_hint(err, "look at what Milvus logs, then: mica apply");
	case ENDED_UNTOLD:
		err_set(err, ERR_UNSERVED, "delivered, and a restart of Milvus is still owed");
		return err_hint(
		    err, "restart Milvus, then: mica apply --restarted %s", serving->by_hand);
	case ENDED_OTHER:
		err_set(err, ERR_UNSERVED, "delivered, but not yet served");
		return err_hint(err, "restart Milvus, then: mica apply");
	case ENDED_UNSEEN:
		break;
	}
	err_set(err, ERR_UNSERVED, "delivered, but not yet served");
	return err_hint(err, "start Milvus, then: mica apply");
}

int issue_serve(struct issue *issue, const struct issue_telling *telling,
    struct issue_served *ret, struct err *err)
{
	MICA_AUTO(all_clear) struct all_watched all = { NULL, 0 };
	struct issue_served served = { 0 };
	struct serving serving = { .issue = issue, .telling = telling, .served = &served };

	if (watch_all(issue, &all, err) < 0 || serve_all(&serving, &all, err) < 0)
		return -1;
	*ret = served;
	return tell_undone(&serving, err);
}
