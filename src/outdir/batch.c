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
static void drop_made(struct outdir_batch *batch)
{
	while (batch->n_made > 0) {
		char *path = batch->made[--batch->n_made].path;

		(void)rmdir(path);
		free(path);
	}
	free(batch->made);
}

void outdir_batch_free(struct outdir_batch *batch)
{
	if (!batch)
		return;
	for (size_t i = 0; i < batch->n; i++)
		tree_discard(batch->trees[i]);
	drop_made(batch);
	mem_closep(&batch->sample_fd);
	free(batch->trees);
	free(batch->generation);
	free(batch);
}

void outdir_batch_leave(struct outdir_batch *batch)
{
	for (size_t i = 0; batch && i < batch->n; i++)
		batch->trees[i]->staged = false;
	outdir_batch_free(batch);
}
