// SPDX-License-Identifier: Apache-2.0
/* The configuration files beside the trees: rendered, compared with what lies there, written.
 * mica replaces a file only when it is the one that mica wrote; otherwise it writes beside it.
 */
#include "issue_private.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <mica/file.h>

enum standing { ABSENT, SAME, OURS, FOREIGN };

/* clients.md has half a kilobyte for each client. */
enum { MOST_OUTLET = 64 << 20 };

/* What is there is what mica would write, and yet not noted: a run died between the file and
 * its note. Without the note, the next change would find a stranger's file. */
static int note_again(struct issue *issue, const char *deployment, const char *file,
    const struct digest *digest, struct err *err)
{
	const struct outlet_note note = { deployment, file, *digest };
	struct digest noted = { { 0 } };
	bool known = false;

	if (issue->mode != LEDGER_WRITE)
		return 0;
	if (ledger_outlet(issue->ledger, deployment, file, &noted, &known, err) < 0)
		return -1;
	if (known && memcmp(digest, &noted, sizeof(noted)) == 0)
		return 0;
	return ledger_note_outlets(issue->ledger, &note, 1, err);
}

static int standing(struct issue *issue, const char *deployment, const char *file,
    const char *path, const struct buf *text, enum standing *ret, struct err *err)
{
	BUF_AUTO found = BUF_INIT;
	struct digest noted = { { 0 } };
	struct digest digest;
	bool known = false;

	if (file_read(AT_FDCWD, path, MOST_OUTLET, &found, err) < 0) {
		if (err->kind != ERR_NOT_FOUND)
			return -1;
		*ret = ABSENT;
		return 0;
	}
	digest = digest_of(found.data, found.len);
	if (buf_same(&found, text->data, text->len)) {
		*ret = SAME;
		return note_again(issue, deployment, file, &digest, err);
	}
	if (issue->ledger &&
	    ledger_outlet(issue->ledger, deployment, file, &noted, &known, err) < 0)
		return -1;
	*ret = known && memcmp(&digest, &noted, sizeof(digest)) == 0 ? OURS : FOREIGN;
	return 0;
}

static void add_change(
    struct issue *issue, size_t deployment, const char *file, char *path, struct buf *text)
{
	size_t cap = issue->cap_outlets;
	struct outlet_change *change;

	issue->outlet_paths =
	    mem_grow(issue->outlet_paths, &cap, issue->n_outlets + 1, sizeof(char *));
	issue->outlets = mem_grow(
	    issue->outlets, &issue->cap_outlets, issue->n_outlets + 1, sizeof(*issue->outlets));
	change = &issue->outlets[issue->n_outlets];
	*change = (struct outlet_change){ deployment, mem_strdup(file), path, BUF_INIT };
	buf_move(&change->text, text);
	issue->outlet_paths[issue->n_outlets++] = path;
}

static void tell_foreign(struct issue *issue, const char *path, const char *beside)
{
	MICA_FREE char *hint =
	    mem_printf("compare the two; to let mica write '%s', move yours away", path);

	findings_add(issue->findings, FINDING_WARNING, "not-ours", NULL, hint,
	    "'%s' is not as mica wrote it: left alone; mica's is '%s'", path, beside);
}

static int compare_outlet(
    struct issue *issue, size_t deployment, struct outlet *outlet, struct err *err)
{
	const struct inv_deployment *to = &issue->inventory->deployments[deployment];
	MICA_FREE char *path = file_join(to->out, outlet->file);
	MICA_FREE char *beside = mem_printf("%s.mica", outlet->file);
	MICA_FREE char *beside_path = file_join(to->out, beside);
	enum standing is;

	if (standing(issue, to->name, outlet->file, path, &outlet->text, &is, err) < 0)
		return -1;
	if (is == SAME)
		return 0;
	if (is != FOREIGN) {
		add_change(issue, deployment, outlet->file, mem_give(path), &outlet->text);
		return 0;
	}
	tell_foreign(issue, path, beside_path);
	if (standing(issue, to->name, beside, beside_path, &outlet->text, &is, err) < 0)
		return -1;
	if (is == FOREIGN) {
		err_set(err, ERR_REFUSED, "neither '%s' nor '%s' is as mica wrote it", path,
		    beside_path);
		return err_hint(
		    err, "move one of them away: mica never overwrites what it did not write");
	}
	if (is != SAME)
		add_change(issue, deployment, beside, mem_give(beside_path), &outlet->text);
	return 0;
}

static int render_deployment(struct issue *issue, size_t i, struct err *err)
{
	const struct inv_deployment *deployment = &issue->inventory->deployments[i];
	BUF_AUTO given = BUF_INIT;
	struct outlet *outlets = NULL;
	size_t n = 0;
	int status = 0;

	if (deployment->milvus_yaml &&
	    file_read(AT_FDCWD, deployment->milvus_yaml, FILE_MAX_TEXT, &given, err) < 0) {
		findings_add(issue->findings, FINDING_ERROR, "milvus-yaml",
		    &deployment->milvus_yaml_mark, NULL, "%s", err->text);
		return err_set(err, ERR_FAILED, "'%s' names a file that cannot be used",
		    issue->inventory->file);
	}
	if (milvus_outlets(issue->inventory, deployment,
	        deployment->milvus_yaml ? &given : NULL, issue->findings, &outlets, &n,
	        err) < 0)
		return -1;
	for (size_t k = 0; status == 0 && k < n; k++)
		status = compare_outlet(issue, i, &outlets[k], err);
	outlets_free(outlets, n);
	return status;
}

int issue_render_outlets(struct issue *issue, const char *only, struct err *err)
{
	issue_free_outlets(issue);
	for (size_t i = 0; i < issue->inventory->n_deployments; i++) {
		if (only && strcmp(issue->inventory->deployments[i].name, only) != 0)
			continue;
		if (render_deployment(issue, i, err) < 0)
			return -1;
	}
	return 0;
}

void issue_free_outlets(struct issue *issue)
{
	for (size_t i = 0; i < issue->n_outlets; i++) {
		free(issue->outlets[i].file);
		free(issue->outlets[i].path);
		buf_clear(&issue->outlets[i].text);
	}
	free(issue->outlets);
	free(issue->outlet_paths);
	issue->outlets = NULL;
	issue->outlet_paths = NULL;
	issue->n_outlets = 0;
	issue->cap_outlets = 0;
}

size_t issue_outlet_changes(const struct issue *issue, const char *const **ret_paths)
{
	if (ret_paths)
		*ret_paths = (const char *const *)issue->outlet_paths;
	return issue->n_outlets;
}

static bool is_noted(
    struct issue *issue, const char *deployment, const char *file, const char *path)
{
	BUF_AUTO found = BUF_INIT;
	struct err ignored = ERR_INIT;
	struct digest noted, digest;
	bool known = false;

	if (file_read(AT_FDCWD, path, MOST_OUTLET, &found, &ignored) < 0 ||
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
	    file_replace(
	        AT_FDCWD, change->path, change->text.data, change->text.len, 0644, err) < 0)
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
