// SPDX-License-Identifier: Apache-2.0
/* The configuration files beside the trees: rendered, compared with what lies there, written.
 * mica replaces a file only when it is the one that mica wrote; otherwise it writes beside it.
 */
#include "issue_private.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include <mica/file.h>

enum standing { ABSENT, SAME, OURS, FOREIGN };

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

/* All that is asked of one outlet. */
struct asked {
	size_t deployment;
	const struct outlet *outlet; /* its text is what is there when all is well, or empty */
	bool renews; /* what it follows from is made anew: it will have another text */
};

static struct file_rights rights_of(
    const struct issue *issue, size_t deployment, const struct outlet *outlet)
{
	const struct inv_deployment *to = &issue->inventory->deployments[deployment];
	struct file_rights rights = { (uid_t)-1, (gid_t)-1, 0644 };

	if (outlet->kind == OUTLET_SECRET) {
		rights.mode = to->key_mode;
		rights.uid = to->owner_set ? to->uid : (uid_t)-1;
		rights.gid = to->owner_set ? to->gid : (gid_t)-1;
	}
	return rights;
}

/* A file that holds a key and may be read by others is written again. */
static bool rights_are_wrong(
    const struct issue *issue, const struct asked *asked, const char *path)
{
	const struct file_rights rights = rights_of(issue, asked->deployment, asked->outlet);

	return asked->outlet->kind == OUTLET_SECRET && !file_has_rights(path, &rights);
}

static int standing(struct issue *issue, const struct asked *asked, const char *file,
    const char *path, enum standing *ret, struct err *err)
{
	const char *deployment = issue->inventory->deployments[asked->deployment].name;
	const struct buf *text = &asked->outlet->text;
	BUF_AUTO found = BUF_INIT;
	struct digest noted = { { 0 } };
	struct digest digest;
	bool known = false;

	if (file_read(AT_FDCWD, path, ISSUE_MOST_OUTLET, &found, err) < 0) {
		if (err->kind != ERR_NOT_FOUND)
			return -1;
		*ret = ABSENT;
		return 0;
	}
	digest = digest_of(found.data, found.len);
	if (text->len > 0 && buf_same(&found, text->data, text->len)) {
		*ret = asked->renews || rights_are_wrong(issue, asked, path) ? OURS : SAME;
		return note_again(issue, deployment, file, &digest, err);
	}
	if (issue->ledger &&
	    ledger_outlet(issue->ledger, deployment, file, &noted, &known, err) < 0)
		return -1;
	*ret = known && memcmp(&digest, &noted, sizeof(digest)) == 0 ? OURS : FOREIGN;
	return 0;
}

static void add_change(
    struct issue *issue, const struct asked *asked, const char *file, char *path)
{
	const struct outlet *outlet = asked->outlet;
	size_t cap = issue->cap_outlets;
	struct outlet_change *change;

	issue->outlet_paths =
	    mem_grow(issue->outlet_paths, &cap, issue->n_outlets + 1, sizeof(char *));
	issue->outlets = mem_grow(
	    issue->outlets, &issue->cap_outlets, issue->n_outlets + 1, sizeof(*issue->outlets));
	change = &issue->outlets[issue->n_outlets];
	*change = (struct outlet_change){
		.deployment = asked->deployment,
		.outlet = outlet->file,
		.file = mem_strdup(file),
		.path = path,
		.of_delivery = outlet->of_delivery,
		.awaits = asked->renews,
		.rights = rights_of(issue, asked->deployment, outlet),
	};
	if (!asked->renews)
		buf_add(&change->text, outlet->text.data, outlet->text.len);
	issue->outlet_paths[issue->n_outlets++] = path;
}

static void tell_foreign(
    struct issue *issue, const struct outlet *outlet, const char *path, const char *beside)
{
	MICA_FREE char *hint = mem_printf("compare the two%s; to let mica write '%s', move "
	                                  "yours away",
	    outlet->of_delivery ? ", before a command of deploy.md is given: each delivery has "
	                          "another Secret"
	                        : "",
	    path);

	findings_add(issue->findings, FINDING_WARNING, "not-ours", NULL, hint,
	    "'%s' is not as mica wrote it: left alone; mica's is '%s'", path, beside);
}

static int compare_outlet(struct issue *issue, const struct asked *asked, struct err *err)
{
	const struct inv_deployment *to = &issue->inventory->deployments[asked->deployment];
	const char *file = asked->outlet->file;
	MICA_FREE char *path = file_join(to->out, file);
	MICA_FREE char *beside = mem_printf("%s.mica", file);
	MICA_FREE char *beside_path = file_join(to->out, beside);
	enum standing is;

	if (standing(issue, asked, file, path, &is, err) < 0)
		return -1;
	if (is == SAME)
		return 0;
	if (is != FOREIGN) {
		add_change(issue, asked, file, mem_give(path));
		return 0;
	}
	tell_foreign(issue, asked->outlet, path, beside_path);
	if (standing(issue, asked, beside, beside_path, &is, err) < 0)
		return -1;
	if (is == FOREIGN) {
		err_set(err, ERR_REFUSED, "neither '%s' nor '%s' is as mica wrote it", path,
		    beside_path);
		return err_hint(
		    err, "move one of them away: mica never overwrites what it did not write");
	}
	if (is != SAME)
		add_change(issue, asked, beside, mem_give(beside_path));
	return 0;
}

static int read_milvus_yaml(struct issue *issue, const struct inv_deployment *deployment,
    struct buf *ret, struct err *err)
{
	if (!deployment->milvus_yaml ||
	    file_read(AT_FDCWD, deployment->milvus_yaml, FILE_MAX_TEXT, ret, err) == 0)
		return 0;
	findings_add(issue->findings, FINDING_ERROR, "milvus-yaml",
	    &deployment->milvus_yaml_mark, NULL, "%s", err->text);
	return err_set(
	    err, ERR_FAILED, "'%s' names a file that cannot be used", issue->inventory->file);
}

static struct milvus_given given_of(const struct carried *carried)
{
	if (!carried->known)
		return (struct milvus_given){ .milvus_yaml = NULL };
	return (
	    struct milvus_given){ NULL, &carried->certificate, &carried->key, &carried->ca };
}

/* With what is there before a renewal, so that a file is known for mica's even when a run died
 * before it could note it. */
static int render_deployment(struct issue *issue, size_t i, struct err *err)
{
	const struct inv_deployment *deployment = &issue->inventory->deployments[i];
	const bool renews = inventory_in_kubernetes(deployment) && issue_renews(issue, i);
	MICA_AUTO(carried_clear) struct carried carried = { 0 };
	BUF_AUTO milvus_yaml = BUF_INIT;
	struct milvus_given given;
	struct outlet *outlets = NULL;
	size_t n = 0;
	int status = 0;

	if (inventory_in_kubernetes(deployment))
		issue_expect_carried(issue, i, &carried);
	if (inventory_in_kubernetes(deployment) && !renews && !carried.known)
		return err_set(err, ERR_FAILED,
		    "the files in '%s/tls' changed while they were looked at", deployment->out);
	if (read_milvus_yaml(issue, deployment, &milvus_yaml, err) < 0)
		return -1;
	given = given_of(&carried);
	given.milvus_yaml = deployment->milvus_yaml ? &milvus_yaml : NULL;
	if (milvus_outlets(
	        issue->inventory, deployment, &given, issue->findings, &outlets, &n, err) < 0)
		return -1;
	for (size_t k = 0; status == 0 && k < n; k++) {
		const struct asked asked = { i, &outlets[k], renews && outlets[k].of_delivery };

		status = compare_outlet(issue, &asked, err);
	}
	outlets_free(outlets, n);
	return status;
}

/* A Secret goes with its certificate, also when that is delivered because of another
 * deployment. */
static bool is_asked(const struct issue *issue, size_t i, const char *only)
{
	const struct inv_deployment *deployment = &issue->inventory->deployments[i];
	const struct plan_item *item = issue->item_of[deployment->server];

	if (!only || strcmp(deployment->name, only) == 0)
		return true;
	return inventory_in_kubernetes(deployment) && item && item->action != PLAN_KEEP;
}

int issue_render_outlets(struct issue *issue, const char *only, struct err *err)
{
	issue_free_outlets(issue);
	for (size_t i = 0; i < issue->inventory->n_deployments; i++) {
		if (is_asked(issue, i, only) && render_deployment(issue, i, err) < 0)
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
