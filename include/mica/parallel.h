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

#endif
