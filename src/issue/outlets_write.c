// SPDX-License-Identifier: Apache-2.0
/* The configuration files that are to be written: completed behind the delivery, written,
 * noted; and what is left to do with them. */
#include "issue_private.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <mica/file.h>

/* --- rendered behind the delivery ------------------------------------------------------- */

static int complete_deployment(struct issue *issue, size_t i, struct err *err)
{
	MICA_AUTO(carried_clear) struct carried carried = { 0 };
	struct milvus_given given;
	struct outlet *outlets = NULL;
	size_t n = 0;

	if (issue_read_carried(issue, i, &carried, err) < 0)
		return -1;
	given = (struct milvus_given){ NULL, &carried.certificate, &carried.key, &carried.ca };
	if (milvus_outlets(issue->inventory, &issue->inventory->deployments[i], &given,
	        issue->findings, &outlets, &n, err) < 0)
		return -1;
	for (size_t k = 0; k < issue->n_outlets; k++) {
		struct outlet_change *change = &issue->outlets[k];

		for (size_t o = 0; o < n && change->deployment == i && change->awaits; o++) {
			if (strcmp(outlets[o].file, change->outlet) != 0)
				continue;
			buf_move(&change->text, &outlets[o].text);
			change->awaits = false;
		}
	}
	outlets_free(outlets, n);
	return 0;
}

int issue_complete_outlets(struct issue *issue, struct err *err)
{
	for (size_t k = 0; k < issue->n_outlets; k++) {
		const struct outlet_change *change = &issue->outlets[k];

		if (change->awaits && complete_deployment(issue, change->deployment, err) < 0)
			return -1;
	}
	return 0;
}

/* --- written ---------------------------------------------------------------------------- */

static bool is_noted(
    struct issue *issue, const char *deployment, const char *file, const char *path)
{
	BUF_AUTO found = BUF_INIT;
	struct err ignored = ERR_INIT;
	struct digest noted, digest;
	bool known = false;

	if (file_read(AT_FDCWD, path, ISSUE_MOST_OUTLET, &found, &ignored) < 0 ||
	    ledger_outlet(issue->ledger, deployment, file, &noted, &known, &ignored) < 0)
		return false;
	digest = digest_of(found.data, found.len);
	return known && memcmp(&digest, &noted, sizeof(digest)) == 0;
}

/* What was put beside a stranger's file has no use once that one is mica's again. */
static void drop_beside(struct issue *issue, const struct outlet_change *change)
{
	const char *deployment = issue->inventory->deployments[change->deployment].name;
	MICA_FREE char *file = mem_printf("%s.mica", change->file);
	MICA_FREE char *path = mem_printf("%s.mica", change->path);

	if (is_noted(issue, deployment, file, path))
		(void)unlink(path);
}

static int write_outlet(struct issue *issue, const struct outlet_change *change,
    struct outlet_note *ret, struct err *err)
{
	const struct inv_deployment *to = &issue->inventory->deployments[change->deployment];

	if (file_make_dirs(to->out, 0755, err) < 0 ||
	    file_put(change->path, &change->text, &change->rights, err) < 0)
		return -1;
	*ret = (struct outlet_note){ to->name, change->file,
		digest_of(change->text.data, change->text.len) };
	return 0;
}

/* What was written is noted in one go, also when one could not be. A crash between the files
 * and their notes: note_again() makes up for it. */
int issue_write_outlets(struct issue *issue, size_t *ret_written, struct err *err)
{
	MICA_FREE struct outlet_note *notes = mem_array(issue->n_outlets, sizeof(*notes));
	struct err second = ERR_INIT; /* the first error is the one to tell */
	size_t n = 0;
	int status = 0;

	while (status == 0 && n < issue->n_outlets) {
		status = write_outlet(issue, &issue->outlets[n], &notes[n], err);
		n += status == 0;
	}
	if (n > 0 &&
	    ledger_note_outlets(issue->ledger, notes, n, status == 0 ? err : &second) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		drop_beside(issue, &issue->outlets[i]);
	if (status < 0)
		return -1;
	*ret_written = n;
	return 0;
}

/* --- what is left to do with them ------------------------------------------------------- */

/* Of the cluster's, not the page about it. */
static bool goes_to_cluster(const struct outlet_change *change)
{
	return change->of_delivery && strcmp(change->outlet, "deploy.md") != 0;
}

/* Where one lies beside a stranger's file, the commands would carry that one there: it names
 * another Secret, and what deploy.md removes next is what the pods still need. */
static bool is_to_be_told(const struct issue *issue, size_t deployment)
{
	bool changed = false;

	for (size_t i = 0; i < issue->n_outlets; i++) {
		const struct outlet_change *change = &issue->outlets[i];

		if (change->deployment != deployment || !goes_to_cluster(change))
			continue;
		if (strcmp(change->file, change->outlet) != 0)
			return false;
		changed = true;
	}
	return changed;
}

int issue_steps(const struct issue *issue, char ***ret, size_t *ret_n, struct err *err)
{
	const struct inventory *inventory = issue->inventory;
	char **all = NULL;
	size_t n = 0, cap = 0;

	for (size_t i = 0; i < inventory->n_deployments; i++) {
		char **steps = NULL;
		size_t more = 0;

		/* what `restart` says brings it there */
		if (!is_to_be_told(issue, i) || inventory->deployments[i].restart)
			continue;
		if (milvus_steps(&inventory->deployments[i], &steps, &more, err) < 0) {
			while (n > 0)
				free(all[--n]);
			free(all);
			return -1;
		}
		all = mem_grow(all, &cap, n + more, sizeof(*all));
		for (size_t k = 0; k < more; k++)
			all[n++] = steps[k];
		free(steps);
	}
	*ret = all;
	*ret_n = n;
	return 0;
}
