// SPDX-License-Identifier: Apache-2.0
#include "outdir_private.h"

#include <stdlib.h>
#include <unistd.h>

struct outdir_batch *outdir_batch_new(const char *generation)
{
	struct outdir_batch *batch = mem_zalloc(sizeof(*batch));

	batch->generation = mem_strdup(generation);
	batch->sample_fd = -1;
	return batch;
}

/* Directories that are still empty were made for a tree that did not come to be. */
static void drop_made(const struct outdir_batch *batch)
{
	for (size_t i = batch->n_made; i > 0; i--)
		(void)rmdir(batch->made[i - 1].path);
}

static void release(struct outdir_batch *batch)
{
	for (size_t i = 0; i < batch->n; i++)
		tree_free(batch->trees[i]);
	for (size_t i = 0; i < batch->n_made; i++)
		free(batch->made[i].path);
	mem_closep(&batch->sample_fd);
	free(batch->made);
	free(batch->trees);
	free(batch->generation);
	free(batch);
}

void outdir_batch_free(struct outdir_batch *batch)
{
	if (!batch)
		return;
	for (size_t i = 0; i < batch->n; i++)
		tree_unstage(batch->trees[i]);
	drop_made(batch);
	release(batch);
}

void outdir_batch_leave(struct outdir_batch *batch)
{
	if (batch)
		release(batch);
}
