// SPDX-License-Identifier: Apache-2.0
#include <mica/runs.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <mica/buf.h>
#include <mica/clock.h>
#include <mica/file.h>
#include <mica/num.h>

enum { FIELDS = 4, MOST_VERBS = 32 };

static const char heading[] = "# when each verb last ran, its exit status, and when it last "
                              "ended well; for mica status\n";

void runs_clear(struct runs *runs)
{
	for (size_t i = 0; i < runs->n; i++)
		free(runs->items[i].verb);
	free(runs->items);
	*runs = (struct runs){ NULL, 0 };
}

bool runs_is_past(const struct runs *runs, const struct ran *ran)
{
	for (size_t i = 0; i < runs->n; i++)
		if (strcmp(runs->items[i].verb, "apply") == 0 && runs->items[i].good > ran->at)
			return true;
	return false;
}

/* --- reading ----------------------------------------------------------------------------- */

/* The one of this verb, or a new one. */
static struct ran *entry(struct runs *runs, const char *verb)
{
	for (size_t i = 0; i < runs->n; i++)
		if (strcmp(runs->items[i].verb, verb) == 0)
			return &runs->items[i];
	runs->items[runs->n] = (struct ran){ .verb = mem_strdup(verb) };
	return &runs->items[runs->n++];
}

/* "apply 2026-11-22T08:37:00Z 0 2026-11-22T08:37:00Z"; "-": never */
static void read_line(struct runs *runs, char *line)
{
	char *fields[FIELDS];
	char *rest = line;
	struct ran ran = { .good = 0 };
	int64_t status;
	struct ran *to;

	for (size_t i = 0; i < FIELDS; i++) {
		fields[i] = strtok_r(NULL, " ", &rest);
		if (!fields[i])
			return;
	}
	if (clock_parse(fields[1], &ran.at) < 0 || num_parse(fields[2], 0, 255, &status) < 0 ||
	    (strcmp(fields[3], "-") != 0 && clock_parse(fields[3], &ran.good) < 0) ||
	    runs->n >= MOST_VERBS)
		return;
	to = entry(runs, fields[0]);
	to->at = ran.at;
	to->status = (int)status;
	to->good = ran.good;
}

int runs_read(const char *state_dir, struct runs *ret, struct err *err)
{
	MICA_FREE char *path = file_join(state_dir, "runs");
	MICA_FREE char *copy = NULL;
	BUF_AUTO text = BUF_INIT;
	struct err why = ERR_INIT;
	char *rest;
	char *line;

	if (file_read(AT_FDCWD, path, FILE_MAX_TEXT, &text, &why) < 0 &&
	    why.kind != ERR_NOT_FOUND) {
		*err = why;
		return -1;
	}
	*ret = (struct runs){ mem_array(MOST_VERBS + 1, sizeof(*ret->items)), 0 };
	copy = mem_strdup(buf_text(&text));
	rest = copy;
	while ((line = strtok_r(NULL, "\n", &rest)))
		read_line(ret, line);
	return 0;
}

/* --- writing ----------------------------------------------------------------------------- */

static void write_line(const struct ran *ran, struct buf *out)
{
	char at[CLOCK_TEXT];
	char good[CLOCK_TEXT];

	buf_printf(out, "%s %s %d %s\n", ran->verb, clock_text(ran->at, at), ran->status,
	    ran->good ? clock_text(ran->good, good) : "-");
}

int runs_note(const char *state_dir, const char *verb, int64_t at, int status, struct err *err)
{
	MICA_FREE char *path = file_join(state_dir, "runs");
	MICA_AUTO(runs_clear) struct runs runs = { NULL, 0 };
	BUF_AUTO text = BUF_INIT;
	struct ran *ran;
	struct stat st;

	if (stat(state_dir, &st) < 0 || !S_ISDIR(st.st_mode))
		return 0;
	if (runs_read(state_dir, &runs, err) < 0)
		return -1;
	ran = entry(&runs, verb);
	ran->at = at;
	ran->status = status;
	if (status == 0)
		ran->good = at;
	buf_addstr(&text, heading);
	for (size_t i = 0; i < runs.n; i++)
		write_line(&runs.items[i], &text);
	return file_replace(AT_FDCWD, path, text.data, text.len, 0600, err);
}
