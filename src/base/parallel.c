// SPDX-License-Identifier: Apache-2.0
#include <mica/parallel.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <unistd.h>

#include <mica/mem.h>

enum { MOST_THREADS = 16 };

struct work {
	parallel_fn *fn;
	void *context;
	size_t n;
	atomic_size_t next;
	atomic_bool failed;
	pthread_mutex_t lock; /* of the two below */
	size_t failed_item;
	struct err err;
};

static void keep_error(struct work *work, size_t item, const struct err *err)
{
	pthread_mutex_lock(&work->lock);
	if (!work->failed || item < work->failed_item) {
		work->failed_item = item;
		work->err = *err;
		work->failed = true;
	}
	pthread_mutex_unlock(&work->lock);
}

static void *worker(void *argument)
{
	struct work *work = argument;
	struct err err = ERR_INIT;

	while (!work->failed) {
		size_t item = atomic_fetch_add(&work->next, 1);

		if (item >= work->n)
			break;
		if (work->fn(work->context, item, &err) < 0)
			keep_error(work, item, &err);
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

int parallel_each(size_t n, parallel_fn *fn, void *context, struct err *err)
{
	struct work work = { .fn = fn, .context = context, .n = n };
	pthread_t threads[MOST_THREADS];
	size_t started = 0;

	pthread_mutex_init(&work.lock, NULL);
	for (size_t want = thread_count(n); started + 1 < want; started++) {
		if (pthread_create(&threads[started], NULL, worker, &work) != 0)
			break;
	}
	worker(&work); /* this thread works too */
	while (started > 0)
		pthread_join(threads[--started], NULL);
	pthread_mutex_destroy(&work.lock);
	if (!work.failed)
		return 0;
	*err = work.err;
	return -1;
}
