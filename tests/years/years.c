// SPDX-License-Identifier: Apache-2.0
/* years: histories, one process each. README.md tells what they are. */
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <mica/file.h>
#include <mica/num.h>

#include "history.h"

struct wishes {
	int64_t first, histories, days, jobs, every;
	bool verbose;     /* the log of each history, whole */
	const char *logs; /* where those of broken ones are kept; NULL: nowhere */
	const char *restart;
};

struct sum {
	struct tally tally;
	unsigned broken, done;
};

enum { TOLD = 4000, MOST_LOG = 64 << 20 };

static void usage(FILE *to)
{
	fputs("usage: years [--seed N | --first N --histories N] [--days N] [--every N] "
	      "[--jobs N]\n             [--logs DIR] [--verbose]\n\n"
	      "  --seed N        this history alone\n"
	      "  --first N       the first seed; 1\n"
	      "  --histories N   how many; 20\n"
	      "  --days N        of each; 1095, three years\n"
	      "  --every N       while all is well only each N-th day is lived; 1\n"
	      "  --jobs N        at once; 2\n"
	      "  --logs DIR      keep there what every run of a broken history said\n"
	      "  --verbose       print what every run said\n",
	    to);
}

static bool read_wishes(int argc, char **argv, struct wishes *ret)
{
	static const struct option options[] = { { "seed", 1, NULL, 's' },
		{ "first", 1, NULL, 'f' }, { "histories", 1, NULL, 'n' },
		{ "days", 1, NULL, 'd' }, { "jobs", 1, NULL, 'j' }, { "every", 1, NULL, 'e' },
		{ "logs", 1, NULL, 'l' }, { "verbose", 0, NULL, 'v' }, { "help", 0, NULL, 'h' },
		{ NULL, 0, NULL, 0 } };
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		int64_t value = 0;

		if (option == 'h')
			usage(stdout);
		if (option == 'h' || option == '?')
			return false;
		if (option == 'l') {
			ret->logs = optarg;
			continue;
		}
		if (option != 'v' && num_parse(optarg, 1, INT32_MAX, &value) < 0)
			return false;
		if (option == 'v')
			ret->verbose = true;
		if (option == 's')
			ret->histories = 1;
		*(option == 'n'     ? &ret->histories
		    : option == 'd' ? &ret->days
		    : option == 'j' ? &ret->jobs
		    : option == 'e' ? &ret->every
		    : option == 'v' ? &value
		                    : &ret->first) = value;
	}
	return true;
}

/* --- one history ------------------------------------------------------------------------ */

static void print_log(const struct history *history, bool whole)
{
	char *path = history_path(history, "log");
	FILE *from = fopen(path, "re");
	char bytes[4096];
	size_t n;

	free(path);
	if (!from)
		return;
	if (!whole && fseek(from, 0, SEEK_END) == 0 && ftell(from) > TOLD)
		(void)fseek(from, -TOLD, SEEK_END);
	else
		rewind(from);
	while ((n = fread(bytes, 1, sizeof(bytes), from)) > 0)
		fwrite(bytes, 1, n, stdout);
	fclose(from);
}

static void keep_log(const struct wishes *wishes, const struct history *history)
{
	char *from = history_path(history, "log");
	char *to = mem_printf("%s/%" PRIu64 ".log", wishes->logs, history->seed);
	BUF_AUTO log = BUF_INIT;
	struct err err = ERR_INIT;

	if (file_read(AT_FDCWD, from, MOST_LOG, &log, &err) < 0 ||
	    file_replace(AT_FDCWD, to, log.data, log.len, 0600, &err) < 0)
		fprintf(stderr, "the log of seed %" PRIu64 " is not kept: %s\n", history->seed,
		    err.text);
	free(from);
	free(to);
}

static void add_tally(struct tally *to, const struct tally *from)
{
	/* both are arrays of counters */
	for (size_t i = 0; i < sizeof(*to) / sizeof(unsigned); i++)
		__atomic_fetch_add(
		    &((unsigned *)to)[i], ((const unsigned *)from)[i], __ATOMIC_SEQ_CST);
}

static void live(const struct wishes *wishes, uint64_t seed, struct sum *sum)
{
	struct history *history = calloc(1, sizeof(*history));
	bool held;

	history->seed = seed;
	history->n_days = (int)wishes->days;
	history->every = (int)wishes->every;
	history->restart = wishes->restart;
	held = history_live(history);
	if (!held || wishes->verbose)
		print_log(history, wishes->verbose);
	if (!held) {
		printf("BROKEN: seed %" PRIu64 ", day %d: %s\n"
		       "again: tests/years/run.sh --seed %" PRIu64 " --days %d --every %d\n",
		    seed, history->day - 1, history->violation, seed, history->n_days,
		    history->every);
		__atomic_fetch_add(&sum->broken, 1, __ATOMIC_SEQ_CST);
		if (wishes->logs)
			keep_log(wishes, history);
	}
	fflush(stdout);
	add_tally(&sum->tally, &history->tally);
	history_end(history);
	free(history);
}

/* --- all of them ------------------------------------------------------------------------ */

static void wait_for_one(struct sum *sum)
{
	int status = 0;

	if (++sum->done % 100 == 0)
		fprintf(stderr, "%u histories, %u broken\n", sum->done, sum->broken);
	if (wait(&status) > 0 && (!WIFEXITED(status) || WEXITSTATUS(status) != 0)) {
		printf("BROKEN: a history ended by %s %d\n",
		    WIFSIGNALED(status) ? "signal" : "status",
		    WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
		sum->broken++;
	}
}

static void live_all(const struct wishes *wishes, struct sum *sum)
{
	int64_t running = 0;

	for (int64_t i = 0; i < wishes->histories; i++) {
		if (running == wishes->jobs) {
			wait_for_one(sum);
			running--;
		}
		fflush(stdout);
		if (fork() == 0) {
			(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
			live(wishes, (uint64_t)(wishes->first + i), sum);
			exit(0);
		}
		running++;
	}
	while (running-- > 0)
		wait_for_one(sum);
}

static void print_sum(const struct wishes *wishes, const struct sum *sum, double seconds)
{
	const struct tally *t = &sum->tally;

	printf("%" PRId64 " histories, seeds %" PRId64 " to %" PRId64
	       ", %u days in %.0f s: %u broken\n",
	    wishes->histories, wishes->first, wishes->first + wishes->histories - 1, t->days,
	    seconds, sum->broken);
	printf("runs %u: %u killed, %u with a full disk, %u refused (3), %u failed (1), %u not "
	       "yet served (5)\n",
	    t->runs, t->killed, t->full, t->refused, t->failed, t->unserved);
	printf("signatures %u, starts of Milvus %u, handshakes of clients %u\n", t->signatures,
	    t->restarts, t->handshakes);
	printf("edits %u, files changed %u, clock back %u, ahead %u, latches cleared %u\n",
	    t->edits, t->tampered, t->clocks_back, t->clocks_ahead, t->latches);
	printf("revoked %u, CAs changed %u (retired too early %u), state directories restored "
	       "%u\n",
	    t->revoked, t->changed_cas, t->not_retired, t->restored);
	for (int i = TROUBLE_NONE + 1; i < TROUBLES; i++)
		printf("%s%s %u", i == TROUBLE_NONE + 1 ? "" : ", ",
		    trouble_name((enum trouble_kind)i), t->troubles[i]);
	printf("\n");
}

static double monotonic(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	struct wishes wishes = { .first = 1,
		.histories = 20,
		.days = 3 * 365,
		.every = 1,
		.jobs = 2,
		.restart = YEARS_RESTART };
	struct sum *sum =
	    mmap(NULL, sizeof(*sum), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	const double begun = monotonic();

	if (!read_wishes(argc, argv, &wishes) || sum == MAP_FAILED) {
		usage(stderr);
		return 2;
	}
	(void)signal(SIGPIPE, SIG_IGN);
	live_all(&wishes, sum);
	print_sum(&wishes, sum, monotonic() - begun);
	return sum->broken > 0;
}
