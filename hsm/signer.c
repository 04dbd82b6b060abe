// SPDX-License-Identifier: Apache-2.0
/*
 * A signer on the token's key. The first job of a helper goes alone, and its signature is
 * verified: that is the self-test of key and token. Its time tells the helper how many threads
 * are worth having and how many jobs one request should hold. Then many requests are put in the
 * socket, ahead of the threads, and answers come in any order. Answers that came before a loss
 * are kept. A key that somebody is asked for each time (a touch, a PIN) is given one job at a
 * time: so none waits in the socket when one fails.
 */
#include "token_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <mica/mem.h>
#include <mica/verify.h>

enum { MAX_FLIGHTS = 48 };

static const char waits_for_you[] =
    "each signature waits for a touch of the token, or for the PIN at its pad: run it again";

struct token_signer {
	struct token *token;
	bool asks;      /* the key wants its PIN for each signature */
	bool singly;    /* one job at a time */
	bool somebody;  /* has to touch the token for it, or to type into it */
	struct buf key; /* SPKI */
	enum token_use use;
	struct buf issuer;
	struct buf certified; /* CROSS: SPKI */
};

/* A request that was sent and not yet answered: jobs todo[first] to todo[first + n - 1]. */
struct flight {
	uint32_t id;
	size_t first, n;
};

struct batch {
	const struct token_signer *signer;
	struct sign_job *jobs;
	size_t total;
	signer_progress *progress;
	void *progress_context;
	size_t *todo; /* indices of jobs without a signature */
	size_t n_todo, next;
	size_t jobs_a_request;
	struct flight flights[MAX_FLIGHTS];
	size_t n_flights;
	size_t done;
};

/* --- the self-test ------------------------------------------------------------- */

static int prove(const struct token_signer *signer, const struct sign_job *job, struct err *err)
{
	if (verify_signature(&signer->key, job->tbs, job->tbs_len, &job->signature, err) == 0)
		return 0;
	err_set(err, ERR_FAILED,
	    "the token '%s' (serial %s) made a signature that its public key does not verify",
	    signer->token->label, signer->token->serial);
	return err_hint(err,
	    "the token is faulty, or two keys on it share an id: nothing was signed with it");
}

/* --- requests ------------------------------------------------------------------ */

/* A job too long for a datagram: a sealed file in memory, so that what is judged is what is
 * signed. */
static int make_file(const struct sign_job *job, int *ret, struct err *err)
{
	MICA_CLOSE int fd = memfd_create("mica-job", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	size_t written = 0;

	while (fd >= 0 && written < job->tbs_len) {
		ssize_t n = write(fd, job->tbs + written, job->tbs_len - written);

		if (n < 0 && errno != EINTR)
			break;
		written += n > 0 ? (size_t)n : 0;
	}
	if (fd < 0 || written < job->tbs_len ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) <
	        0)
		return err_errno(err, errno, "cannot hand a long job to mica-token");
	*ret = fd;
	fd = -1;
	return 0;
}

/* How many of the next jobs fit in one request; 0: the next one goes by file. */
static size_t count_jobs(const struct batch *batch)
{
	size_t n = 0, bytes = 0;

	while (n < batch->jobs_a_request && batch->next + n < batch->n_todo) {
		bytes += batch->jobs[batch->todo[batch->next + n]].tbs_len;
		if (bytes > WIRE_INLINE)
			break;
		n++;
	}
	return n;
}

/* 1: sent; 0: no room now. */
static int send_next(struct batch *batch, struct err *err)
{
	struct token *token = batch->signer->token;
	const size_t n = count_jobs(batch);
	MICA_CLOSE int file = -1;
	BUF_AUTO message = BUF_INIT;
	int sent;

	wire_begin_request(&message, WIRE_SIGN, token->last_id + 1);
	wire_put_u32(&message, (uint32_t)n);
	for (size_t i = 0; i < n; i++) {
		const struct sign_job *job = &batch->jobs[batch->todo[batch->next + i]];

		wire_put_bytes(&message, job->tbs, job->tbs_len);
	}
	if (n == 0 && make_file(&batch->jobs[batch->todo[batch->next]], &file, err) < 0)
		return -1;
	sent = process_try_send(&token->process, &message, file, err);
	if (sent <= 0)
		return sent;
	batch->flights[batch->n_flights++] =
	    (struct flight){ ++token->last_id, batch->next, n > 0 ? n : 1 };
	batch->next += n > 0 ? n : 1;
	return 1;
}

static void take_signature(struct batch *batch, size_t job, struct wire_span signature)
{
	buf_clear(&batch->jobs[job].signature);
	buf_add(&batch->jobs[job].signature, signature.data, signature.len);
	batch->done++;
}

static int read_signatures(
    struct batch *batch, const struct flight *flight, struct wire_in *in, struct err *err)
{
	for (size_t i = 0; i < flight->n; i++) {
		struct wire_span signature = wire_get_span(in);

		if (in->bad || signature.len == 0)
			return token_bad_reply(batch->signer->token, err);
		take_signature(batch, batch->todo[flight->first + i], signature);
	}
	if (!wire_end(in))
		return token_bad_reply(batch->signer->token, err);
	if (batch->progress)
		batch->progress(batch->progress_context, batch->done, batch->total);
	return 0;
}

/* The flight with this id, taken out of those under way. */
static bool land(struct batch *batch, uint32_t id, struct flight *ret)
{
	for (size_t i = 0; i < batch->n_flights; i++) {
		if (batch->flights[i].id != id)
			continue;
		*ret = batch->flights[i];
		batch->flights[i] = batch->flights[--batch->n_flights];
		return true;
	}
	return false;
}

static int receive_one(struct batch *batch, struct buf *reply, struct err *err)
{
	const bool somebody = batch->signer->somebody;
	struct token *token = batch->signer->token;
	int deadline_ms = somebody ? token->touch_ms : token->deadline_ms;
	struct flight flight = { 0 };
	struct wire_in in;
	uint32_t id;

	if (process_receive(&token->process, process_now_ms() + deadline_ms, reply, err) < 0) {
		token->hung = err->kind == ERR_TIMEOUT;
		return token->hung && somebody ? err_hint(err, waits_for_you) : -1;
	}
	in = wire_in(reply->data, reply->len);
	id = wire_get_reply(&in, err);
	if (in.bad || !land(batch, id, &flight))
		return token_bad_reply(token, err);
	return err->kind == ERR_NONE ? read_signatures(batch, &flight, &in, err) : -1;
}

/* After a failure that left the helper alive: what is under way is answered before anything
 * else is said. err stays as it is. */
static void drain(struct batch *batch, struct buf *reply)
{
	struct err ignored = ERR_INIT;

	while (batch->n_flights > 0 && batch->signer->token->process.pid > 0) {
		size_t before = batch->n_flights;

		(void)!receive_one(batch, reply, &ignored);
		if (batch->n_flights == before)
			break;
	}
}

/* Sends and receives until todo up to `end` is done. */
static int fly(struct batch *batch, size_t end, struct err *err)
{
	const size_t most = batch->signer->singly ? 1 : MAX_FLIGHTS;
	BUF_AUTO reply = BUF_INIT;
	int sent = 1;

	while (batch->next < end || batch->n_flights > 0) {
		while (batch->next < end && batch->n_flights < most && sent > 0)
			sent = send_next(batch, err);
		if (sent < 0 || receive_one(batch, &reply, err) < 0) {
			if (err->kind != ERR_LOST)
				drain(batch, &reply);
			return -1;
		}
		sent = 1;
	}
	return 0;
}

/* --- a batch ------------------------------------------------------------------- */

static int widen(struct batch *batch, struct err *err)
{
	struct token *token = batch->signer->token;
	CALL_AUTO call = call_new(token, WIRE_WIDEN, CALL_ONCE);
	BUF_AUTO reply = BUF_INIT;
	struct wire_in in;
	uint32_t jobs;

	wire_put_u32(&call.fields, (uint32_t)(batch->n_todo - batch->next));
	if (token_call(token, &call, &reply, &in, err) < 0)
		return -1;
	jobs = wire_get_u32(&in);
	if (!wire_end(&in) || jobs < 1 || jobs > WIRE_JOBS)
		return token_bad_reply(token, err);
	batch->jobs_a_request = jobs;
	return 0;
}

static void list_todo(struct batch *batch)
{
	batch->n_todo = batch->next = batch->n_flights = 0;
	batch->jobs_a_request = 1;
	for (size_t i = 0; i < batch->total; i++) {
		if (batch->jobs[i].signature.len == 0)
			batch->todo[batch->n_todo++] = i;
	}
	batch->done = batch->total - batch->n_todo;
}

static int sign_todo(struct batch *batch, struct err *err)
{
	struct token *token = batch->signer->token;

	list_todo(batch);
	if (batch->n_todo == 0)
		return 0;
	if (fly(batch, 1, err) < 0)
		return -1;
	/* the PIN is the right one */
	if (batch->signer->asks && latch_disarm(&token->latch, err) < 0)
		return -1;
	if (!token->proved) {
		if (prove(batch->signer, &batch->jobs[batch->todo[0]], err) < 0)
			return -1;
		token->proved = true;
	}
	if (batch->next == batch->n_todo)
		return 0;
	if (batch->signer->singly)
		return fly(batch, batch->n_todo, err);
	return widen(batch, err) < 0 ? -1 : fly(batch, batch->n_todo, err);
}

/* A key that asks for the PIN each time may ask for another one than the login's. Its tries are
 * latched as the login's are; one that may be spent is not made again. */
static int sign_latched(struct batch *batch, struct err *err)
{
	struct token *token = batch->signer->token;
	struct err ignored = ERR_INIT; /* why it failed is what is told */
	int result;

	if (!batch->signer->asks)
		return sign_todo(batch, err);
	if (latch_arm(&token->latch, err) < 0)
		return -1;
	token->process.spent = WIRE_TRY_KEPT;
	result = sign_todo(batch, err);
	if (result == 0 || process_try(&token->process) == WIRE_TRY_KEPT) {
		(void)!latch_disarm(&token->latch, &ignored);
		return result;
	}
	latch_keep(&token->latch, err);
	if (err->kind == ERR_LOST)
		err->kind = ERR_FAILED;
	return -1;
}

/* The helper is told once what it may sign; another signer on the same token may have said
 * otherwise. */
static int say_use(const struct token_signer *signer, struct err *err)
{
	struct token *token = signer->token;

	if (!buf_same(&token->key, signer->key.data, signer->key.len))
		return err_set(err, ERR_FAILED,
		    "the signer's key is not the one last chosen on the token");
	if (token->issuer.len > 0 && token->use == signer->use &&
	    buf_same(&token->issuer, signer->issuer.data, signer->issuer.len) &&
	    buf_same(&token->certified, signer->certified.data, signer->certified.len))
		return 0;
	token->use = signer->use;
	buf_clear(&token->issuer);
	buf_add(&token->issuer, signer->issuer.data, signer->issuer.len);
	buf_clear(&token->certified);
	buf_add(&token->certified, signer->certified.data, signer->certified.len);
	return session_use(token, CALL_AGAIN, err);
}

static int sign(void *context, struct sign_job *jobs, size_t n, signer_progress *progress,
    void *progress_context, struct err *err)
{
	const struct token_signer *signer = context;
	MICA_FREE size_t *todo = mem_array(n, sizeof(*todo));
	struct batch batch = {
		.signer = signer,
		.jobs = jobs,
		.total = n,
		.progress = progress,
		.progress_context = progress_context,
		.todo = todo,
	};

	if (say_use(signer, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		buf_clear(&jobs[i].signature);
	while (sign_latched(&batch, err) < 0) {
		if (err->kind != ERR_LOST || token_revive(signer->token, err) < 0)
			return -1;
	}
	return 0;
}

static void close_signer(void *context)
{
	struct token_signer *signer = context;

	buf_clear(&signer->key);
	buf_clear(&signer->issuer);
	buf_clear(&signer->certified);
	free(signer);
}

static void set_pace(struct token_signer *signer, const struct token_key *key)
{
	const struct token *token = signer->token;
	const bool asks = key->always_authenticate == TOKEN_FLAG_TRUE;

	signer->asks = asks;
	signer->singly = asks || token->touch;
	signer->somebody = token->touch || (asks && !token->pin.data);
}

static int make_signer(struct token *token, const struct token_key *key,
    const struct buf *issuer, struct token_signer **ret, struct err *err)
{
	struct token_signer *signer;

	if (issuer->len == 0)
		return err_set(err, ERR_FAILED, "a signer needs an issuer");
	if (!buf_same(&token->key, key->spki.data, key->spki.len))
		return err_set(err, ERR_FAILED,
		    "the signer's key is not the one last chosen on the token");
	signer = mem_zalloc(sizeof(*signer));
	signer->token = token;
	set_pace(signer, key);
	buf_add(&signer->key, key->spki.data, key->spki.len);
	buf_add(&signer->issuer, issuer->data, issuer->len);
	*ret = signer;
	return 0;
}

static const struct signer_ops ops = { sign, close_signer };

int token_signer(struct token *token, const struct token_key *key, enum token_use use,
    const struct buf *issuer, struct signer **ret, struct err *err)
{
	struct token_signer *signer = NULL;

	if (use == TOKEN_USE_CROSS)
		return err_set(err, ERR_FAILED, "a signer of cross-certificates needs a key");
	if (make_signer(token, key, issuer, &signer, err) < 0)
		return -1;
	signer->use = use;
	*ret = signer_new(&ops, signer);
	return 0;
}

int token_signer_cross(struct token *token, const struct token_key *key,
    const struct buf *issuer, const struct buf *certified, struct signer **ret, struct err *err)
{
	struct token_signer *signer = NULL;

	if (certified->len == 0 || buf_same(&key->spki, certified->data, certified->len))
		return err_set(
		    err, ERR_FAILED, "a cross-certificate is for the key of another CA");
	if (make_signer(token, key, issuer, &signer, err) < 0)
		return -1;
	signer->use = TOKEN_USE_CROSS;
	buf_add(&signer->certified, certified->data, certified->len);
	*ret = signer_new(&ops, signer);
	return 0;
}
