// SPDX-License-Identifier: Apache-2.0
#include "judge.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <mica/file.h>

#include "history.h"
#include "known.h"
#include "meeting.h"
#include "pems.h"

enum { MONTH = 28 };

static void judge_pins(struct history *history)
{
	for (size_t i = 0; i < SOFT_DEVICES; i++)
		if (history->tokens->devices[i].refused > 1)
			history_break(history, "a PIN was tried again after it was refused");
}

/* --- a place -------------------------------------------------------------------------- */

struct place_files {
	char *dir;
	struct buf certificate, key, ca, crl;
	size_t found; /* of the first three */
};

static void files_clear(struct place_files *files)
{
	free(files->dir);
	buf_clear(&files->certificate);
	buf_clear(&files->key);
	buf_clear(&files->ca);
	buf_clear(&files->crl);
}

static size_t read_one(const char *dir, const char *name, struct buf *ret)
{
	MICA_FREE char *path = file_join(dir, name);
	struct err ignored = ERR_INIT;

	return file_read(AT_FDCWD, path, FILE_MAX_TEXT, ret, &ignored) == 0;
}

static void read_place(
    const struct history *history, size_t deployment, size_t client, struct place_files *ret)
{
	const struct model_deployment *of = &history->model.deployments[deployment];
	const bool server = client == JUDGE_SERVER;
	MICA_FREE char *name = server ? mem_printf("out/%s/tls", of->name)
	                              : mem_printf("out/%s/clients/%s", of->name,
	                                    history->model.entries[client].name);

	*ret = (struct place_files){ .dir = history_path(history, name) };
	ret->found =
	    read_one(ret->dir, server ? "server.pem" : "client.pem", &ret->certificate) +
	    read_one(ret->dir, server ? "server.key" : "client.key", &ret->key) +
	    read_one(ret->dir, "ca.pem", &ret->ca);
	(void)read_one(ret->dir, "crl.pem", &ret->crl);
}

static struct digest digest_files(const struct place_files *files)
{
	BUF_AUTO all = BUF_INIT;

	buf_printf(
	    &all, "%zu %zu %zu\n", files->certificate.len, files->key.len, files->ca.len);
	buf_add(&all, files->certificate.data, files->certificate.len);
	buf_add(&all, files->key.data, files->key.len);
	buf_add(&all, files->ca.data, files->ca.len);
	buf_add(&all, files->crl.data, files->crl.len);
	return digest_of(all.data, all.len);
}

static void judge_mode(struct history *history, const struct place_files *files, bool server)
{
	MICA_FREE char *path = file_join(files->dir, server ? "server.key" : "client.key");
	struct stat st;

	if (stat(path, &st) == 0 && (st.st_mode & 07777) != 0600)
		history_break(history, "%s has mode %o", path, st.st_mode & 07777);
}

/* Files that are new since they were last looked at. */
static void judge_files(
    struct history *history, const struct place_files *files, struct judged_place *place)
{
	BUF_AUTO der = BUF_INIT;

	if (files->found != 3) {
		history_break(
		    history, "%s holds %zu of its three files", files->dir, files->found);
		return;
	}
	if (!pems_pair(&files->certificate, &files->key, &der, &place->ends)) {
		history_break(
		    history, "%s: key and certificate do not belong together", files->dir);
		return;
	}
	if (!known_certificate(history, der.data, der.len))
		history_break(history, "%s holds a certificate that the ledger does not know",
		    files->dir);
	place->chain = digest_of(files->certificate.data, files->certificate.len);
	place->ca = digest_of(files->ca.data, files->ca.len);
	place->crl_ends = pems_crl_ends(&files->crl);
	if (place->crl_ends == 0)
		history_break(history, "%s holds no CRL", files->dir);
	judge_mode(history, files, strstr(files->dir, "/tls") != NULL);
}

static void judge_place(
    struct history *history, size_t deployment, size_t client, struct place_files *files)
{
	struct judge *judge = &history->judge;
	struct judged_place *place = client == JUDGE_SERVER
	                                 ? &judge->tls[deployment]
	                                 : &judge->clients[deployment][client];
	struct digest digest;

	read_place(history, deployment, client, files);
	if (place->forgiven || (!place->seen && files->found == 0))
		return;
	digest = digest_files(files);
	if (!place->seen || memcmp(&digest, &place->files, sizeof(digest)) != 0)
		judge_files(history, files, place);
	place->seen = true;
	place->files = digest;
	if (place->ends <= history->now + DAY)
		history_break(history, "%s holds a certificate that has expired, or will today",
		    files->dir);
	if (place->crl_ends <= history->now + DAY)
		history_break(
		    history, "%s holds a CRL that has expired, or will today", files->dir);
}

/* --- who meets whom ------------------------------------------------------------------- */

static void judge_served(struct history *history, size_t deployment)
{
	const struct milvus_one *one = &history->milvus.all->one[deployment];
	struct judged_server *server = &history->judge.servers[deployment];
	const struct digest leaf = digest_of(one->leaf, one->leaf_len);

	if (memcmp(&leaf, &server->leaf, sizeof(leaf)) != 0) {
		if (!known_certificate(history, one->leaf, one->leaf_len))
			history_break(history,
			    "%s serves a certificate that the ledger does not know", one->out);
		*server = (struct judged_server){ leaf, pems_ends(one->leaf, one->leaf_len) };
	}
	if (server->ends <= history->now + DAY)
		history_break(history,
		    "%s serves a certificate that has expired, or will today", one->out);
}

/* When one of them is another than when they met last, they meet in earnest; every month they
 * verify each other. */
static void judge_meeting(
    struct history *history, size_t deployment, size_t client, const struct place_files *files)
{
	const struct milvus_one *one = &history->milvus.all->one[deployment];
	struct judged_pair *pair = &history->judge.pairs[deployment][client];
	const struct meeting meeting = { one, &files->certificate, &files->key, &files->ca,
		history->now };
	BUF_AUTO both = BUF_INIT;
	struct err err = ERR_INIT;
	struct digest digest;

	buf_printf(&both, "%d %u\n", one->tls_mode, one->starts);
	buf_add(&both, files->certificate.data, files->certificate.len);
	buf_add(&both, files->ca.data, files->ca.len);
	digest = digest_of(both.data, both.len);
	if (memcmp(&digest, &pair->met, sizeof(digest)) != 0) {
		history->tally.handshakes++;
		if (meeting_shake(&meeting, &err) < 0)
			history_break(history, "%s cannot connect: %s", files->dir, err.text);
		pair->met = digest;
	} else if (history->day % MONTH != 0 || pair->day == history->day) {
		return;
	}
	pair->day = history->day;
	if (meeting_verify(&meeting, history->now + DAY, &err) < 0)
		history_break(history, "%s and its server: %s", files->dir, err.text);
}

static void judge_deployment(struct history *history, size_t i)
{
	const struct model_deployment *deployment = &history->model.deployments[i];
	MICA_AUTO(files_clear) struct place_files server = { .dir = NULL };
	const bool up = deployment->runs && history->milvus.all->one[i].up;

	judge_place(history, i, JUDGE_SERVER, &server);
	if (up)
		judge_served(history, i);
	for (size_t k = 0; k < deployment->n_clients; k++) {
		size_t client = deployment->clients[k];
		MICA_AUTO(files_clear) struct place_files files = { .dir = NULL };

		judge_place(history, i, client, &files);
		if (up && files.found == 3 && !history->judge.clients[i][client].forgiven)
			judge_meeting(history, i, client, &files);
	}
}

static void read_state_crl(const struct history *history, struct buf *ret)
{
	MICA_FREE char *dir = history_path(history, "state");

	(void)read_one(dir, model_issuing(&history->model) == 0 ? "g1.crl" : "g2.crl", ret);
}

static void judge_state_crl(struct history *history)
{
	BUF_AUTO crl = BUF_INIT;

	if (history->tampered)
		return;
	read_state_crl(history, &crl);
	if (pems_crl_ends(&crl) <= history->now + DAY)
		history_break(history, "the CRL has expired, or will today");
}

static void must_be_listed(struct history *history, const uint8_t serial[20])
{
	BUF_AUTO crl = BUF_INIT;

	read_state_crl(history, &crl);
	if (!pems_crl_has(&crl, serial))
		history_break(history, "a certificate that was revoked is not in the CRL");
	for (size_t i = 0; i < history->model.n_deployments; i++) {
		MICA_AUTO(files_clear) struct place_files files = { .dir = NULL };

		if (!history->model.deployments[i].there || !history->judge.tls[i].seen)
			continue;
		read_place(history, i, JUDGE_SERVER, &files);
		if (!pems_crl_has(&files.crl, serial))
			history_break(history,
			    "%s: a certificate that was revoked is not in the CRL", files.dir);
	}
}

void judge_revoked(struct history *history)
{
	known_revoked(
	    history, model_issuing(&history->model) == 0 ? "g1" : "g2", must_be_listed);
}

void judge_after_restore(struct history *history)
{
	for (size_t i = 0; i < MILVUS_MOST; i++) {
		const struct milvus_one *one = &history->milvus.all->one[i];

		history->judge.servers[i] =
		    (struct judged_server){ digest_of(one->leaf, one->leaf_len),
			    pems_ends(one->leaf, one->leaf_len) };
	}
}

void judge_day(struct history *history)
{
	known_signatures(history);
	judge_pins(history);
	for (size_t i = 0; i < history->model.n_deployments; i++)
		if (history->model.deployments[i].there)
			judge_deployment(history, i);
	judge_state_crl(history);
}

/* --- now and then --------------------------------------------------------------------- */

static void judge_leftovers_of(struct history *history, size_t i)
{
	const struct model_deployment *deployment = &history->model.deployments[i];
	MICA_FREE char *name = mem_printf("out/%s/tls", deployment->name);
	MICA_FREE char *dir = history_path(history, name);
	struct dirent **entries = NULL;
	int n = scandir(dir, &entries, NULL, NULL), generations = 0;

	for (int k = 0; k < n; k++) {
		const char *found = entries[k]->d_name;

		generations += strncmp(found, "..", 2) == 0 && found[2] != '\0' &&
		               strcmp(found, "..data") != 0;
		free(entries[k]);
	}
	free(entries);
	if (generations > deployment->keep)
		history_break(history, "%s holds %d generations, not %d", dir, generations,
		    deployment->keep);
}

void judge_leftovers(struct history *history)
{
	for (size_t i = 0; i < history->model.n_deployments; i++)
		if (history->model.deployments[i].there)
			judge_leftovers_of(history, i);
}

void judge_forgive(struct history *history, size_t deployment, size_t client)
{
	struct judge *judge = &history->judge;

	if (client == JUDGE_SERVER)
		judge->tls[deployment].forgiven = true;
	else
		judge->clients[deployment][client].forgiven = true;
}

bool judge_is_stale(const struct history *history, size_t deployment)
{
	const struct milvus_one *one = &history->milvus.all->one[deployment];
	const struct digest ca = digest_of(one->ca, one->ca_len);
	const struct digest chain = digest_of(one->chain, one->chain_len);
	const struct judged_place *place = &history->judge.tls[deployment];

	return memcmp(&chain, &place->chain, sizeof(chain)) != 0 ||
	       memcmp(&ca, &place->ca, sizeof(ca)) != 0;
}

static bool take_back(struct judged_place *place)
{
	const bool was = place->forgiven;

	place->forgiven = false;
	return was;
}

bool judge_forgive_nothing(struct history *history)
{
	struct judge *judge = &history->judge;
	bool any = false;

	for (size_t i = 0; i < MILVUS_MOST; i++) {
		any |= take_back(&judge->tls[i]);
		for (size_t k = 0; k < MODEL_ENTRIES; k++)
			any |= take_back(&judge->clients[i][k]);
	}
	return any;
}
