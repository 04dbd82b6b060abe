// SPDX-License-Identifier: Apache-2.0
#include "seen.h"

#include <inttypes.h>
#include <stdlib.h>

static char *note_name(const struct inv_deployment *deployment)
{
	return mem_printf("served:%s", deployment->name);
}

static void note_text(const struct inv_deployment *deployment, int64_t seq, struct buf *ret)
{
	buf_printf(ret, "%" PRId64 "\n", seq);
	for (size_t i = 0; i < deployment->n_endpoints; i++)
		buf_printf(ret, "%s\n", deployment->endpoints[i]);
}

int seen_read(struct issue *issue, const struct inv_deployment *deployment, int64_t *ret_seq,
    struct err *err)
{
	MICA_FREE char *name = note_name(deployment);
	BUF_AUTO noted = BUF_INIT;
	BUF_AUTO same = BUF_INIT;
	bool found = false;
	int64_t seq;

	*ret_seq = 0;
	if (!issue->ledger || deployment->n_endpoints == 0)
		return 0;
	if (ledger_noted(issue->ledger, name, &noted, &found, err) < 0)
		return -1;
	seq = strtoll(buf_text(&noted), NULL, 10);
	note_text(deployment, seq, &same);
	if (found && buf_same(&noted, same.data, same.len))
		*ret_seq = seq;
	return 0;
}

int seen_note(
    struct issue *issue, const struct inv_deployment *deployment, int64_t seq, struct err *err)
{
	MICA_FREE char *name = note_name(deployment);
	BUF_AUTO note = BUF_INIT;

	note_text(deployment, seq, &note);
	return ledger_note(issue->ledger, name, &note, err);
}
