// SPDX-License-Identifier: Apache-2.0
/*
 * parallel: one function over many items, on as many threads as the machine has processors.
 */
#ifndef MICA_PARALLEL_H
#define MICA_PARALLEL_H

#include <stddef.h>

#include <mica/err.h>

/* One item: 0, or -1 with err filled in. Items are independent; err is this thread's own. */
typedef int parallel_fn(void *context, size_t item, struct err *err);

/* Runs fn for 0 .. n-1. At the first failure no new item is begun; err is that of the lowest
 * failing item that was begun. With n < 2 no thread is started. */
int parallel_each(size_t n, parallel_fn *fn, void *context, struct err *err) MICA_CHECKED;

/*
 * The same for items that become ready one after another, such as signatures that come from a
 * token: the work on the first goes on while the last is not there yet.
 *
 * parallel_begin() starts the threads, parallel_ready() says that the items below `ready` may be worked
 * on (never fewer than before), parallel_end() waits until all n are done (PARALLEL_FINISH: all of them
 * count as ready, and this thread works too) or begins no new one (PARALLEL_CANCEL).
 */
struct parallel;
enum parallel_ending { PARALLEL_FINISH, PARALLEL_CANCEL };

struct parallel *parallel_begin(size_t n, parallel_fn *fn, void *context);
void parallel_ready(struct parallel *parallel, size_t ready);
/* Frees it. err as in parallel_each(); 0 when cancelled. */
int parallel_end(struct parallel *parallel, enum parallel_ending ending, struct err *err) MICA_CHECKED;

#endif
