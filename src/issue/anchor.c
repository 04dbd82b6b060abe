// SPDX-License-Identifier: Apache-2.0
#include "anchor.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <mica/file.h>

#include "crl.h"

/* What was read: a few files, however many places hold them. */
struct outside {
	struct issue_outside_crl *items;
	size_t n, cap;
	struct digests files; /* that were looked at */
};

/* --- digests ---------------------------------------------------------------------------- */

bool digests_add(struct digests *digests, const struct digest *digest)
{
	for (size_t i = digests->n; i > 0; i--) {
		if (memcmp(&digests->items[i - 1], digest, sizeof(*digest)) == 0)
			return false;
	}
	digests->items =
	    mem_grow(digests->items, &digests->cap, digests->n + 1, sizeof(*digests->items));
	digests->items[digests->n++] = *digest;
	return true;
}

void digests_clear(struct digests *digests)
{
	free(digests->items);
	*digests = (struct digests){ NULL, 0, 0 };
}

/* --- what was found --------------------------------------------------------------------- */

void anchor_free(struct issue *issue)
{
	struct outside *outside = issue->outside;

	/* whoever looks again must read what is there, and not find that it is the same */
	for (size_t i = 0; i < issue->n_places; i++)
		issue->places[i].crl = (struct file_id){ 0 };
	if (!outside)
		return;
	for (size_t i = 0; i < outside->n; i++) {
		free(outside->items[i].path);
		crl_free(outside->items[i].crl);
	}
	free(outside->items);
	digests_clear(&outside->files);
	free(outside);
	issue->outside = NULL;
}

const struct issue_outside_crl *issue_outside_crls(const struct issue *issue, size_t *ret_n)
{
	*ret_n = issue->outside ? issue->outside->n : 0;
	return *ret_n > 0 ? issue->outside->items : NULL;
}

int64_t anchor_number(const struct issue *issue, size_t ca)
{
	int64_t most = 0;

	for (size_t i = 0; issue->outside && i < issue->outside->n; i++) {
		const struct issue_outside_crl *item = &issue->outside->items[i];

		if (item->ca == &issue->inventory->cas[ca] && crl_number(item->crl) > most)
			most = crl_number(item->crl);
	}
	return most;
}

/* --- files ------------------------------------------------------------------------------ */

static bool is_same_file(const struct file_id *id, const struct stat *st)
{
	return id->there && id->dev == st->st_dev && id->ino == st->st_ino &&
	       id->size == st->st_size && id->changed.tv_sec == st->st_ctim.tv_sec &&
	       id->changed.tv_nsec == st->st_ctim.tv_nsec;
}

/* bytes: NULL unless they are wanted in any case. A place's crl.pem is a link of another's in
 * the same deployment as a rule: near is the one before. */
static bool look(struct place *place, const struct place *near, struct buf *bytes)
{
	MICA_FREE char *path = mem_printf("%s/crl.pem", place->dir);
	BUF_AUTO read = BUF_INIT;
	struct buf *to = bytes ? bytes : &read;
	struct err ignored = ERR_INIT; /* what cannot be read says nothing */
	struct stat st;

	if (stat(path, &st) < 0) {
		place->crl.there = false;
		return false;
	}
	if (is_same_file(&place->crl, &st))
		return true;
	if (near && is_same_file(&near->crl, &st)) {
		place->crl = near->crl;
		return true;
	}
	place->crl = (struct file_id){ 0 };
	if (file_read(AT_FDCWD, path, ANCHOR_MOST_BYTES, to, &ignored) < 0)
		return false;
	place->crl = (struct file_id){ true, st.st_dev, st.st_ino, st.st_size, st.st_ctim,
		digest_of(to->data, to->len) };
	return true;
}

bool anchor_crl_file(struct place *place, struct digest *ret)
{
	if (!look(place, NULL, NULL))
		return false;
	*ret = place->crl.digest;
	return true;
}

/* --- lists ------------------------------------------------------------------------------ */

/* The CA of the inventory whose key signed it; n_cas: none did. */
static size_t signer_of(const struct issue *issue, const struct crl *crl)
{
	size_t i = 0;

	while (i < issue->inventory->n_cas &&
	       !(issue->cas[i].ca && crl_is_from(crl, issue->cas[i].ca)))
		i++;
	return i;
}

static bool is_listed(const struct outside *outside, const struct crl *crl)
{
	const struct buf *der = crl_der(crl);

	for (size_t i = 0; i < outside->n; i++) {
		if (buf_same(crl_der(outside->items[i].crl), der->data, der->len))
			return true;
	}
	return false;
}

/* One that was taken over after a restore is known by its record, whose definition is no
 * list's. */
static bool was_adopted(const struct record *record)
{
	static const struct digest none;

	return memcmp(&record->definition, &none, sizeof(none)) == 0;
}

static int judge(struct issue *issue, struct issue_outside_crl *item, struct err *err)
{
	MICA_AUTO(record_clear) struct record record = { 0 };
	struct err why = ERR_INIT;
	uint8_t serial[20];

	crl_serial(crl_number(item->crl), serial);
	if (ledger_find_crl(
	        issue->ledger, serial, crl_der(item->crl), &record, &item->known, err) < 0)
		return -1;
	item->anchored = crl_anchor(item->crl, &item->anchor);
	if (item->known && was_adopted(&record)) {
		item->fits = true;
		return 0;
	}
	if (!item->anchored || ledger_check_anchor(issue->ledger, &item->anchor, &why) == 0) {
		/* it was a record before it lay anywhere: the ledger may end at its anchor */
		item->fits = item->anchored && item->known;
		return 0;
	}
	if (why.kind == ERR_REFUSED)
		return 0;
	*err = why;
	return -1;
}

/* Takes the list. */
static int take(struct issue *issue, const char *path, struct crl **crl, struct err *err)
{
	struct outside *outside = issue->outside;
	size_t ca = signer_of(issue, *crl);
	struct issue_outside_crl *item;

	if (ca == issue->inventory->n_cas || is_listed(outside, *crl))
		return 0;
	outside->items =
	    mem_grow(outside->items, &outside->cap, outside->n + 1, sizeof(*outside->items));
	item = &outside->items[outside->n++];
	*item = (struct issue_outside_crl){ .path = mem_strdup(path),
		.ca = &issue->inventory->cas[ca],
		.crl = mem_give(*crl) };
	return judge(issue, item, err);
}

/* A file that holds no lists is not what the CA signed: it says nothing. */
static int take_file(
    struct issue *issue, const char *path, const struct buf *bytes, struct err *err)
{
	struct err ignored = ERR_INIT;
	struct crl **crls = NULL;
	size_t n = 0;
	int status = 0;

	if (crl_read(path, bytes, &crls, &n, &ignored) < 0)
		return 0;
	for (size_t i = 0; status == 0 && i < n; i++)
		status = take(issue, path, &crls[i], err);
	crls_free(crls, n);
	return status;
}

/* --- all of them ------------------------------------------------------------------------ */

static int take_state_file(struct issue *issue, size_t ca, struct err *err)
{
	const struct buf *newest = &issue->crls->of[ca].newest.certificate;
	MICA_FREE char *path = crl_path(issue, ca);
	BUF_AUTO bytes = BUF_INIT;
	BUF_AUTO wanted = BUF_INIT;
	struct err why = ERR_INIT;
	struct digest file;

	if (file_read(AT_FDCWD, path, ANCHOR_MOST_BYTES, &bytes, &why) < 0)
		return 0; /* gone, or as good as that */
	if (newest->len > 0)
		crl_pem(newest, &wanted);
	issue->crls->of[ca].file_good = buf_same(&bytes, wanted.data, wanted.len);
	file = digest_of(bytes.data, bytes.len);
	return digests_add(&issue->outside->files, &file) ? take_file(issue, path, &bytes, err)
	                                                  : 0;
}

static int take_place(
    struct issue *issue, struct place *place, const struct place *near, struct err *err)
{
	BUF_AUTO bytes = BUF_INIT;
	MICA_FREE char *path = NULL;

	if (!look(place, near, &bytes) || bytes.len == 0 ||
	    !digests_add(&issue->outside->files, &place->crl.digest))
		return 0;
	path = mem_printf("%s/crl.pem", place->dir);
	return take_file(issue, path, &bytes, err);
}

static int take_all(struct issue *issue, struct err *err)
{
	for (size_t i = 0; i < issue->inventory->n_cas; i++) {
		if (take_state_file(issue, i, err) < 0)
			return -1;
	}
	for (size_t i = 0; i < issue->n_places; i++) {
		const struct place *near = i > 0 ? &issue->places[i - 1] : NULL;

		if (take_place(issue, &issue->places[i], near, err) < 0)
			return -1;
	}
	return 0;
}

/* Of those that the ledger does not reach, the one that is furthest ahead. */
static const struct issue_outside_crl *worst(const struct outside *outside)
{
	const struct issue_outside_crl *found = NULL;

	for (size_t i = 0; i < outside->n; i++) {
		const struct issue_outside_crl *item = &outside->items[i];

		if (item->anchored && !item->fits &&
		    (!found || item->anchor.events > found->anchor.events))
			found = item;
	}
	return found;
}

bool anchor_holds(const struct issue *issue)
{
	return issue->outside && !worst(issue->outside);
}

static bool any_fits(const struct outside *outside)
{
	for (size_t i = 0; i < outside->n; i++) {
		if (outside->items[i].fits)
			return true;
	}
	return false;
}

/* The newest may have been signed by a run that died before it could publish it. */
static int find_published(struct issue *issue, const struct inv_ca **ret, struct err *err)
{
	struct record *records = NULL;
	size_t n = 0;
	bool any = false;

	*ret = NULL;
	for (size_t i = 0; i < issue->inventory->n_cas; i++) {
		const struct record *newest = &issue->crls->of[i].newest;

		any |= newest->seq != 0;
		if (newest->seq != 0 && newest->state == RECORD_DELIVERED)
			*ret = &issue->inventory->cas[i];
	}
	if (!any || *ret)
		return 0;
	if (ledger_in_state(issue->ledger, RECORD_DELIVERED, &records, &n, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (records[i].kind == RECORD_CRL)
			*ret = inventory_issuer(issue->inventory);
	}
	records_free(records, n);
	return 0;
}

static int refuse_none(struct issue *issue, struct err *err)
{
	const struct inv_ca *ca = NULL;
	struct anchor head;
	BUF_AUTO hash = BUF_INIT;

	if (any_fits(issue->outside))
		return 0;
	if (find_published(issue, &ca, err) < 0)
		return -1;
	if (!ca)
		return 0;
	if (ledger_anchor(issue->ledger, &head, err) < 0)
		return -1;
	buf_addhex(&hash, head.hash.bytes, 8);
	err_set(err, ERR_REFUSED,
	    "the ledger in '%s' (its head is event %" PRId64 ", record %" PRId64
	    ", hash %s) has published CRLs, and none of them lies outside of it any more, in "
	    "'%s.crl' or beside a ca.pem: whether it is the newest cannot be told",
	    issue->inventory->state_dir, head.events, head.records, buf_text(&hash), ca->name);
	return err_hint(err,
	    "bring '%s/%s.crl' back; if it is lost: mica audit --accept-restore",
	    issue->inventory->state_dir, ca->name);
}

int anchor_check(struct issue *issue, struct err *err)
{
	const struct issue_outside_crl *found;

	if (!issue->ledger || crlset_read(issue, err) < 0)
		return issue->ledger ? -1 : 0;
	issue->outside = mem_zalloc(sizeof(*issue->outside));
	if (take_all(issue, err) < 0)
		return -1;
	if (issue->anchor == ISSUE_ANCHOR_TOLD)
		return 0;
	found = worst(issue->outside);
	if (!found)
		return refuse_none(issue, err);
	if (ledger_check_anchor(issue->ledger, &found->anchor, err) == 0)
		(void)!ledger_refuse_unknown(issue->ledger, &found->anchor, err);
	return err_prefix(err, "'%s'", found->path);
}
