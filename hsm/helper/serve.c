// SPDX-License-Identifier: Apache-2.0
/*
 * Every thread here waits in recvmsg(2) on the one socket: the socket is the queue. SIGN
 * requests are handled side by side; all others alone, and mica sends those only when nothing
 * else is under way.
 */
#include "helper.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <mica/mem.h>

enum {
	MAX_THREADS = WIRE_THREADS,
	WAITING_US =
	    1000, /* a signature that takes longer and does not compute waits for a device */
	JOBS_A_THREAD = 32,  /* below that a thread costs more than it saves */
	BATCH_US = 4000,     /* a request should not take longer: others could have begun */
	MAX_JOB = 256 << 20, /* a CRL of some million entries */
};

struct server {
	struct hsm *hsm;
	pthread_rwlock_t lock;
	pthread_t threads[MAX_THREADS];
	size_t n_threads;     /* beside the main one */
	atomic_uint places;   /* given to them */
	_Atomic long wall_us; /* what the last signature took */
	_Atomic long cpu_us;
	atomic_bool refused; /* a PIN was, and no job is begun any more */
};

struct worker {
	struct server *server;
	struct hsm_signing signing;
	unsigned char *message; /* WIRE_MAX */
};

/* --- SIGN ---------------------------------------------------------------------- */

static long clock_us(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * 1000000L + now.tv_nsec / 1000;
}

static int sign_one(
    struct worker *worker, struct wire_span tbs, struct buf *reply, struct err *err)
{
	struct server *server = worker->server;
	long wall = clock_us(CLOCK_MONOTONIC), cpu = clock_us(CLOCK_THREAD_CPUTIME_ID);
	BUF_AUTO signature = BUF_INIT;

	if (atomic_load(&server->refused))
		return err_set(
		    err, ERR_PIN, "cannot sign: the token refused the PIN a moment before");
	if (hsm_sign(server->hsm, &worker->signing, tbs, &signature, err) < 0) {
		if (err->kind == ERR_PIN)
			atomic_store(&server->refused, true);
		return -1;
	}
	wire_put_buf(reply, &signature);
	atomic_store(&server->wall_us, clock_us(CLOCK_MONOTONIC) - wall);
	atomic_store(&server->cpu_us, clock_us(CLOCK_THREAD_CPUTIME_ID) - cpu);
	return 0;
}

/* A sealed memfd: its bytes cannot change between the judgement and the signature. */
static int sign_file(struct worker *worker, int fd, struct buf *reply, struct err *err)
{
	struct wire_span tbs;
	struct stat info;
	void *map;
	int result;

	if (fd < 0 || fstat(fd, &info) < 0 || !wire_is_sealed(fd) || info.st_size <= 0 ||
	    info.st_size > MAX_JOB)
		return err_set(
		    err, ERR_FAILED, "cannot sign: the long job did not come as it should");
	map = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED)
		return err_set(err, ERR_FAILED, "cannot sign: the long job cannot be mapped");
	tbs = (struct wire_span){ map, (size_t)info.st_size };
	result = sign_one(worker, tbs, reply, err);
	munmap(map, (size_t)info.st_size);
	return result;
}

static int do_sign(
    struct worker *worker, struct wire_in *in, int fd, struct buf *reply, struct err *err)
{
	uint32_t n = wire_get_u32(in);

	if (n == 0)
		return sign_file(worker, fd, reply, err);
	for (uint32_t i = 0; i < n && i < WIRE_JOBS; i++) {
		struct wire_span tbs = wire_get_span(in);

		if (in->bad || sign_one(worker, tbs, reply, err) < 0)
			return -1;
	}
	return 0;
}

/* --- threads ------------------------------------------------------------------- */

static void work(struct worker *worker);

static void *thread_main(void *context)
{
	struct server *server = context;
	struct worker worker = { .server = server, .signing = { .own = true } };
	struct err err = ERR_INIT;
	int opened;

	worker.signing.place = atomic_fetch_add(&server->places, 1) + 1;
	pthread_rwlock_rdlock(&server->lock);
	opened = hsm_signing_open(server->hsm, &worker.signing, &err);
	hsm_signing_step(server->hsm, &worker.signing, STEP_IDLE);
	pthread_rwlock_unlock(&server->lock);
	/* without a session it would only take jobs away from the others */
	if (opened == 0)
		work(&worker);
	return NULL;
}

/* How many threads can be at work at once: a key that wants its PIN or a touch for each
 * signature is used by one; a device far away by as many as there are sessions; a software
 * token by as many as can compute. */
static size_t useful_threads(struct server *server, uint32_t jobs)
{
	long wall = atomic_load(&server->wall_us), cpu = atomic_load(&server->cpu_us);
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	size_t wanted;

	if (server->hsm->key.always_authenticate || server->hsm->touch)
		return 1;
	if (wall >= WAITING_US && cpu < wall / 4)
		wanted = jobs;
	else if (wall >= WAITING_US)
		wanted = jobs < (size_t)processors ? jobs : (size_t)processors;
	else
		wanted = jobs / JOBS_A_THREAD < (size_t)processors ? jobs / JOBS_A_THREAD
		                                                   : (size_t)processors;
	return wanted < MAX_THREADS ? wanted : MAX_THREADS;
}

static void widen(struct server *server, uint32_t jobs, struct buf *reply)
{
	size_t wanted = useful_threads(server, jobs);
	long wall = atomic_load(&server->wall_us);
	long batch = wall > 0 ? BATCH_US / wall : WIRE_JOBS;

	while (server->n_threads + 1 < wanted) {
		if (pthread_create(
		        &server->threads[server->n_threads], NULL, thread_main, server) != 0)
			break;
		server->n_threads++;
	}
	if (batch > WIRE_JOBS)
		batch = WIRE_JOBS;
	wire_put_u32(reply, batch > 1 ? (uint32_t)batch : 1);
}

/* --- the loop ------------------------------------------------------------------ */

/* Everything but OPEN needs a module, and everything behind SELECT a token. */
static int check_order(const struct hsm *hsm, enum wire_type type, struct err *err)
{
	if ((type != WIRE_OPEN && !hsm->ctx) ||
	    (type > WIRE_SELECT && hsm->session == CK_INVALID_HANDLE))
		return err_set(
		    err, ERR_FAILED, "mica-token was asked for something out of order");
	return 0;
}

static int do_widen(
    struct server *server, struct wire_in *in, struct buf *reply, struct err *err)
{
	uint32_t jobs = wire_get_u32(in);

	if (!wire_end(in))
		return hsm_malformed(err);
	widen(server, jobs, reply);
	return 0;
}

/* All but SIGN, alone. */
static int dispatch(struct server *server, enum wire_type type, struct wire_in *in,
    struct buf *reply, struct err *err)
{
	if (check_order(server->hsm, type, err) < 0)
		return -1;
	return type == WIRE_WIDEN ? do_widen(server, in, reply, err)
	                          : hsm_request(server->hsm, type, in, reply, err);
}

static int handle(struct worker *worker, size_t len, int fd, struct buf *reply)
{
	struct server *server = worker->server;
	struct wire_in in = wire_in(worker->message, len);
	struct wire_request request = wire_get_request(&in);
	BUF_AUTO fields = BUF_INIT;
	struct err err = ERR_INIT;
	int result;

	if (in.bad)
		return -1;
	if (request.type == WIRE_SIGN) {
		pthread_rwlock_rdlock(&server->lock);
		result = check_order(server->hsm, request.type, &err);
		if (result == 0)
			result = do_sign(worker, &in, fd, &fields, &err);
		if (result == 0 && !wire_end(&in))
			result = hsm_malformed(&err);
		hsm_signing_step(server->hsm, &worker->signing, STEP_IDLE);
	} else {
		pthread_rwlock_wrlock(&server->lock);
		result = dispatch(server, request.type, &in, &fields, &err);
		hsm_step(server->hsm, STEP_IDLE);
		explicit_bzero(worker->message, len);
	}
	pthread_rwlock_unlock(&server->lock);
	if (result < 0 && err.kind == ERR_NONE)
		hsm_malformed(&err);
	wire_begin_reply(reply, request.id, result < 0 ? &err : NULL);
	if (result == 0)
		buf_add(reply, fields.data, fields.len);
	return 0;
}

static void work(struct worker *worker)
{
	BUF_AUTO reply = BUF_INIT;
	int fd = -1, result = 0;
	long len;

	worker->message = mem_zalloc(WIRE_MAX);
	while (result == 0) {
		len = wire_receive(WIRE_FD, worker->message, WIRE_MAX, &fd, 0);
		if (len <= 0)
			break;
		buf_reset(&reply);
		result = handle(worker, (size_t)len, fd, &reply);
		if (fd >= 0)
			close(fd);
		if (result == 0)
			result = wire_send(WIRE_FD, &reply, -1, 0);
	}
	explicit_bzero(worker->message, WIRE_MAX);
	free(worker->message);
}

void serve(struct hsm *hsm)
{
	struct server server = { .hsm = hsm, .lock = PTHREAD_RWLOCK_INITIALIZER };
	struct worker worker = { .server = &server, .signing = { .own = false } };

	work(&worker);
	for (size_t i = 0; i < server.n_threads; i++)
		pthread_join(server.threads[i], NULL);
	pthread_rwlock_destroy(&server.lock);
}
