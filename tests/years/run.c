// SPDX-License-Identifier: Apache-2.0
/* One run of mica: the whole program but main(), with the clock and the randomness of the
 * history. */
#include "history.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <mica/mem.h>

#include "run.h"

enum { MOST_WORDS = 16 };

/* A run says what it says to the log. */
static int call(const struct history *history, char *const *argv, struct ambient ambient)
{
	int out = dup(STDOUT_FILENO), err = dup(STDERR_FILENO);
	int status;

	fflush(NULL);
	dup2(history->log, STDOUT_FILENO);
	dup2(history->log, STDERR_FILENO);
	status = cli_main(argv, ambient);
	fflush(NULL);
	dup2(out, STDOUT_FILENO);
	dup2(err, STDERR_FILENO);
	close(out);
	close(err);
	return status;
}

static struct outcome run_apart(struct history *history, const struct order *order,
    char *const *argv, struct ambient ambient)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		faults_begin(order->fault, order->at);
		_exit(call(history, argv, ambient));
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		abort();
	if (WIFEXITED(status))
		return (struct outcome){ .status = WEXITSTATUS(status) };
	if (WTERMSIG(status) != SIGKILL)
		history_break(history, "mica ended by signal %d", WTERMSIG(status));
	return (struct outcome){ .status = -1, .killed = true };
}

static struct outcome run_here(struct history *history, const struct order *order,
    char *const *argv, struct ambient ambient)
{
	const size_t before = history->tokens->n_signed;
	struct outcome outcome = { 0 };
	unsigned points;

	faults_begin(order->fault == FAULT_NONE ? FAULT_COUNT : order->fault, order->at);
	outcome.status = call(history, argv, ambient);
	points = faults_end();
	if (history->tokens->n_signed > before && order->fault == FAULT_NONE)
		history->points = points;
	return outcome;
}

static void count(struct tally *tally, const struct order *order, const struct outcome *outcome)
{
	tally->runs++;
	tally->killed += outcome->killed;
	tally->full += order->fault == FAULT_FULL && outcome->status != 0;
	tally->refused += outcome->status == 3;
	tally->failed += outcome->status == 1;
	tally->unserved += outcome->status == 5;
}

struct outcome run_mica(
    struct history *history, const struct order *order, const char *const *words)
{
	MICA_FREE char *inventory = history_path(history, "mica.yaml");
	const char *argv[MOST_WORDS] = { "mica", "-f", inventory };
	struct dice bytes = { history->seed * UINT64_C(1000003) + ++history->runs };
	const struct ambient ambient = { .now = order->now ? order->now : history->now,
		.random = dice_bytes,
		.context = &bytes };
	struct outcome outcome;

	for (size_t i = 0; words[i] && i + 4 < MOST_WORDS; i++)
		argv[3 + i] = words[i];
	outcome = order->fault == FAULT_KILL
	              ? run_apart(history, order, (char *const *)argv, ambient)
	              : run_here(history, order, (char *const *)argv, ambient);
	count(&history->tally, order, &outcome);
	history_note(
	    history, "-- exit %d%s", outcome.status, outcome.killed ? " (killed)" : "");
	return outcome;
}
