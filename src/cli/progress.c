// SPDX-License-Identifier: Apache-2.0
#include "progress.h"

#include <time.h>
#include <unistd.h>

enum { SHOW_AFTER_MS = 400, REDRAW_MS = 80, BAR_WIDTH = 30 };

static int64_t milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void progress_begin(struct progress *progress, const char *what, const struct report *report)
{
	*progress = (struct progress){ .what = what, .begun = milliseconds() };
	pthread_mutex_init(&progress->lock, NULL);
	if (report->volume != REPORT_QUIET && isatty(fileno(report->to)))
		progress->to = report->to;
}

void progress_ask(struct progress *progress, const struct effort *effort, struct report *report)
{
	if (!effort->touch && !effort->pin_each)
		return;
	progress->to = NULL;
	progress->effort = effort;
	progress->report = report;
	effort_ask(effort, 1, report);
}

static void draw(struct progress *progress, size_t done, size_t total)
{
	char bar[BAR_WIDTH + 1];
	size_t full = total ? done * BAR_WIDTH / total : 0;

	for (size_t i = 0; i < BAR_WIDTH; i++)
		bar[i] = i < full ? '#' : '.';
	bar[BAR_WIDTH] = '\0';
	fprintf(progress->to, "\r%s [%s] %zu/%zu\033[K", progress->what, bar, done, total);
	fflush(progress->to);
	progress->visible = true;
}

static void update(void *context, size_t done, size_t total)
{
	struct progress *progress = context;
	int64_t now;

	if (progress->effort && done < total)
		effort_ask(progress->effort, done + 1, progress->report);
	if (!progress->to)
		return;
	now = milliseconds();
	pthread_mutex_lock(&progress->lock);
	if (now - progress->begun >= SHOW_AFTER_MS && now - progress->drawn >= REDRAW_MS) {
		draw(progress, done, total);
		progress->drawn = now;
	}
	pthread_mutex_unlock(&progress->lock);
}

struct approvals_progress progress_callback(struct progress *progress)
{
	return (struct approvals_progress){ .call = update, .context = progress };
}

void progress_end(struct progress *progress)
{
	if (progress->visible)
		fprintf(progress->to, "\r\033[K");
	pthread_mutex_destroy(&progress->lock);
}
