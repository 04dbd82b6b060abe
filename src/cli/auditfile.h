// SPDX-License-Identifier: Apache-2.0
/*
 * auditfile: what an audit rests on, as one JSON file that another machine can judge: every
 * record with its certificate, every event of the chain, the files outside that say more than
 * they do, and the certificates above. docs/audit.md says what each key of it means.
 *
 * It is written and read piece by piece: only what is put together from it is held whole.
 */
#ifndef MICA_CLI_AUDITFILE_H
#define MICA_CLI_AUDITFILE_H

#include <jansson.h>

#include <mica/audit.h>

enum { AUDITFILE_VERSION = 1 };

/* Written whole or not at all. program: "mica 1.0". */
int auditfile_write(const char *path, const struct audit_subject *subject,
    const struct findings *findings, const char *program, struct err *err) MICA_CHECKED;

struct auditfile {
	struct audit_subject
	    subject;        /* its own: the ledger in memory, the files, the certificates */
	struct anchor head; /* as the file says */
	char *program, *state_dir;
	int64_t at;
};

/* name is for messages, and the place of findings; it must outlive ret. ERR_FAILED says where
 * the text is not what it must be. */
int auditfile_read(const char *name, const struct buf *text, struct auditfile *ret,
    struct err *err) MICA_CHECKED;
void auditfile_clear(struct auditfile *file);

/* One record, as the file and --json have it. */
enum auditfile_bytes { AUDITFILE_WITHOUT_BYTES, AUDITFILE_WITH_BYTES };
json_t *auditfile_record(const struct record *record, enum auditfile_bytes bytes);
json_t *auditfile_head(const struct anchor *anchor);

#endif
