// SPDX-License-Identifier: Apache-2.0
/* What an audit is about: the ledger of an issue, and every file in which its CAs may have
 * signed. */
#include "audit_private.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "issue_private.h"

enum { MOST_BYTES = 256 << 20 }; /* a CRL of some million entries */

struct gathering {
	struct audit_subject *subject;
	size_t cap;
};

static void close_dir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

/* What cannot be read, or is not there, holds nothing. */
static void add_file(
    struct gathering *gathering, const char *dir, const char *name, size_t place, bool current)
{
	struct audit_subject *subject = gathering->subject;
	struct audit_file file = { .place = place, .current = current };
	struct err ignored = ERR_INIT;

	file.path = mem_printf("%s/%s", dir, name);
	if (file_read(AT_FDCWD, file.path, MOST_BYTES, &file.bytes, &ignored) < 0) {
		free(file.path);
		buf_clear(&file.bytes);
		return;
	}
	subject->files = mem_grow(
	    subject->files, &gathering->cap, subject->n_files + 1, sizeof(*subject->files));
	subject->files[subject->n_files++] = file;
}

static bool ends_with(const char *name, const char *end)
{
	const size_t len = strlen(name);
	const size_t end_len = strlen(end);

	return len > end_len && strcmp(name + len - end_len, end) == 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names in a directory that are wanted, in their order; free() each and the array. */
static char **list(const char *path, bool (*wanted)(const char *name), size_t *ret_n)
{
	MICA_AUTO(close_dir) DIR *dir = opendir(path);
	char **names = NULL;
	struct dirent *entry;
	size_t n = 0;
	size_t cap = 0;

	while (dir && (entry = readdir(dir)) != NULL) {
		if (!wanted(entry->d_name))
			continue;
		names = mem_grow(names, &cap, n + 1, sizeof(*names));
		names[n++] = mem_strdup(entry->d_name);
	}
	if (n > 0)
		qsort(names, n, sizeof(*names), by_name);
	*ret_n = n;
	return names;
}

static bool is_state_file(const char *name)
{
	return name[0] != '.' && (ends_with(name, ".pem") || ends_with(name, ".crl"));
}

/* a generation, and not the link to the current one */
static bool is_generation(const char *name)
{
	return strncmp(name, "..", 2) == 0 && name[2] != '\0' && strcmp(name, "..data") != 0;
}

static void add_state_files(struct gathering *gathering, const char *dir)
{
	size_t n = 0;
	char **names = list(dir, is_state_file, &n);

	for (size_t i = 0; i < n; i++) {
		add_file(gathering, dir, names[i], AUDIT_NO_PLACE, true);
		free(names[i]);
	}
	free(names);
}

static void add_older(struct gathering *gathering, const struct place *place, size_t at)
{
	size_t n = 0;
	char **names = list(place->dir, is_generation, &n);
	MICA_FREE char *current = NULL;
	struct err ignored = ERR_INIT;

	(void)!outdir_current(place->dir, &current, &ignored);
	for (size_t i = 0; i < n; i++) {
		MICA_FREE char *dir = mem_printf("%s/%s", place->dir, names[i]);

		if (!current || strcmp(names[i], current) != 0) {
			add_file(gathering, dir, place->cert_name, at, false);
			add_file(gathering, dir, "crl.pem", at, false);
		}
		free(names[i]);
	}
	free(names);
}

static void add_place(struct gathering *gathering, const struct place *place, size_t at)
{
	static const char *const shared[] = { "crl.pem", "ca.pem", "trust.pem" };

	add_file(gathering, place->dir, place->cert_name, at, true);
	for (size_t i = 0; i < mem_count(shared); i++)
		add_file(gathering, place->dir, shared[i], at, true);
	add_older(gathering, place, at);
}

/* Every certificate above the CAs of the inventory. */
static void add_above(const struct issue *issue, struct buf *pem)
{
	for (size_t i = 0; i < issue->inventory->n_cas; i++) {
		if (issue->cas[i].ca)
			ca_add_above(issue->cas[i].ca, pem);
	}
}

int audit_subject_of(struct issue *issue, struct audit_subject *ret, struct err *err)
{
	struct gathering gathering = { .subject = ret };

	if (!issue->ledger)
		return err_set(err, ERR_FAILED, "there is no ledger in '%s' yet",
		    issue->inventory->state_dir);
	*ret = (struct audit_subject){
		.ledger = issue->ledger,
		.where = issue->inventory->state_dir,
		.now = issue->ambient.now,
		.above = BUF_INIT,
	};
	add_above(issue, &ret->above);
	add_state_files(&gathering, issue->inventory->state_dir);
	for (size_t i = 0; i < issue->n_places; i++)
		add_place(&gathering, &issue->places[i], i);
	return 0;
}

void audit_subject_clear(struct audit_subject *subject)
{
	audit_files_free(subject->files, subject->n_files);
	buf_clear(&subject->above);
	*subject = (struct audit_subject){ .ledger = NULL };
}

/* --- what is delivered ---------------------------------------------------------------- */

/* The leaf is right, and what follows it is not what the CAs are now: nobody need have edited
 * it. */
static bool is_behind(const struct place *place)
{
	static const char chain[] = "the chain in ";

	return strncmp(place->fact.detail, chain, sizeof(chain) - 1) == 0;
}

static bool ledger_is_behind(const struct audit_result *result)
{
	for (size_t i = 0; i < result->n_anchors; i++) {
		if (result->anchors[i].fit == AUDIT_FOREIGN)
			return true;
	}
	return false;
}

/* Does a certificate lie in this place that the ledger does not know? */
static bool holds_unknown(
    const struct audit_subject *subject, const struct audit_result *result, size_t place)
{
	for (size_t i = 0; i < result->n_unknown; i++) {
		const struct audit_unknown *unknown = &result->unknown[i];
		const struct audit_file *file = &subject->files[unknown->file];

		if (unknown->what == AUDIT_CERTIFICATE && file->place == place && file->current)
			return true;
	}
	return false;
}

/* A CA or a CRL that changed meanwhile is no fault of what lies there: apply delivers it. */
int audit_deliveries(struct issue *issue, const struct audit_subject *subject,
    const struct audit_result *result, struct findings *findings, struct err *err)
{
	const bool behind = ledger_is_behind(result);

	if (issue_gather_facts(issue, err) < 0)
		return -1;
	for (size_t i = 0; i < issue->n_places; i++) {
		const struct place *place = &issue->places[i];
		const struct mark where = { place->dir, 0, 0 };
		const struct record *current = &issue->current[place->certificate];

		if (!place->delivered ||
		    (place->fact.state != TREE_OLD && place->fact.state != TREE_KEY_LOST))
			continue;
		if (behind && holds_unknown(subject, result, i)) {
			findings_add(findings, FINDING_ERROR, "delivered", &where,
			    "mica audit --accept-restore takes it over (docs/backup.md)",
			    "what lies here for '%s' is newer than the ledger, which is behind "
			    "(see the anchor), so it is not what it says: %s",
			    current->entry, place->fact.detail);
			continue;
		}
		findings_add(findings, is_behind(place) ? FINDING_WARNING : FINDING_ERROR,
		    "delivered", &where, "mica apply mends it; find out who changed it",
		    "what lies here is not what was delivered for '%s': %s", current->entry,
		    place->fact.detail);
	}
	return 0;
}
