// SPDX-License-Identifier: Apache-2.0
#include <mica/parallel.h>

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include <mica/mem.h>

enum { MOST_THREADS = 16 };

struct parallel {
	parallel_fn *fn;
	void *context;
	size_t n;
	pthread_mutex_t lock; /* of all below but the threads */
	pthread_cond_t more;  /* ready or done changed, or an item failed */
	size_t next, ready;
	bool done; /* no more items will be ready */
	bool failed;
	size_t failed_item;
	struct err err;
	pthread_t threads[MOST_THREADS];
	size_t started;
};

/* The next item, waited for; false: there is none to begin any more. */
static bool take(struct parallel *parallel, size_t *ret)
{
	bool taken = false;

	pthread_mutex_lock(&parallel->lock);
	while (!parallel->failed && !parallel->done && parallel->next >= parallel->ready)
		pthread_cond_wait(&parallel->more, &parallel->lock);
	if (!parallel->failed && parallel->next < parallel->ready) {
		*ret = parallel->next++;
		taken = true;
	}
	pthread_mutex_unlock(&parallel->lock);
	return taken;
}

static void keep_error(struct parallel *parallel, size_t item, const struct err *err)
{
	pthread_mutex_lock(&parallel->lock);
	if (!parallel->failed || item < parallel->failed_item) {
		parallel->failed_item = item;
		parallel->err = *err;
		parallel->failed = true;
		pthread_cond_broadcast(&parallel->more);
	}
	pthread_mutex_unlock(&parallel->lock);
}

static void *worker(void *argument)
{
	struct parallel *parallel = argument;
	struct err err = ERR_INIT;
	size_t item;

	while (take(parallel, &item)) {
		if (parallel->fn(parallel->context, item, &err) < 0)
			keep_error(parallel, item, &err);
	}
	return NULL;
}

static size_t thread_count(size_t n)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	size_t count = processors < 1 ? 1 : (size_t)processors;

	if (count > MOST_THREADS)
		count = MOST_THREADS;
	return count < n ? count : n;
}

struct parallel *parallel_begin(size_t n, parallel_fn *fn, void *context)
{
	struct parallel *parallel = mem_zalloc(sizeof(*parallel));

	parallel->fn = fn;
	parallel->context = context;
	parallel->n = n;
	pthread_mutex_init(&parallel->lock, NULL);
	pthread_cond_init(&parallel->more, NULL);
	/* the thread that ends it is one of them */
	for (size_t want = thread_count(n); parallel->started + 1 < want; parallel->started++) {
		if (pthread_create(
		        &parallel->threads[parallel->started], NULL, worker, parallel) != 0)
			break;
	}
	return parallel;
}

void parallel_ready(struct parallel *parallel, size_t ready)
{
	pthread_mutex_lock(&parallel->lock);
	if (ready > parallel->ready) {
		parallel->ready = ready < parallel->n ? ready : parallel->n;
		pthread_cond_broadcast(&parallel->more);
	}
	pthread_mutex_unlock(&parallel->lock);
}

static void no_more(struct parallel *parallel, enum parallel_ending ending)
{
	pthread_mutex_lock(&parallel->lock);
	parallel->ready = ending == PARALLEL_FINISH ? parallel->n : parallel->next;
	parallel->done = true;
	pthread_cond_broadcast(&parallel->more);
	pthread_mutex_unlock(&parallel->lock);
}

int parallel_end(struct parallel *parallel, enum parallel_ending ending, struct err *err)
{
	bool failed;

	no_more(parallel, ending);
	worker(parallel);
	while (parallel->started > 0)
		pthread_join(parallel->threads[--parallel->started], NULL);
	pthread_cond_destroy(&parallel->more);
	pthread_mutex_destroy(&parallel->lock);
	failed = ending == PARALLEL_FINISH && parallel->failed;
	if (failed)
		*err = parallel->err;
	free(parallel);
	return failed ? -1 : 0;
}

int parallel_each(size_t n, parallel_fn *fn, void *context, struct err *err)
{
	return parallel_end(parallel_begin(n, fn, context), PARALLEL_FINISH, err);
}
