// SPDX-License-Identifier: Apache-2.0
/*
 * pem: DER in its textual clothes (RFC 7468), written without a detour and read strictly.
 */
#ifndef MICA_PKI_PEM_H
#define MICA_PKI_PEM_H

#include <stdbool.h>

#include <mica/buf.h>

/* One block, appended to ret. Fit for secrets: the bytes are nowhere but in ret. */
void pem_write(const char *label, const struct buf *der, struct buf *ret);

/* A file being read block by block. Text between the blocks is skipped. */
struct pem_reader {
	const char *file; /* for messages */
	struct bio_st *bio;
};

void pem_reader_init(struct pem_reader *reader, const char *file, const struct buf *bytes);
void pem_reader_clear(struct pem_reader *reader);
#define PEM_READER_AUTO MICA_AUTO(pem_reader_clear) struct pem_reader

/* 1 and the next block (label: free() it), 0 when there is none, -1 when it is malformed. */
int pem_next(struct pem_reader *reader, char **ret_label, struct buf *ret_der,
    struct err *err) MICA_CHECKED;

/* What a file is to hold exactly one of. */
struct pem_kind {
	const char *noun;      /* "certificate" */
	const char *labels[3]; /* NULL-terminated */
};

/* The DER of the one object in bytes, which is PEM (text before the block is allowed, none
 * after it) or DER already. */
int pem_or_der(const char *file, const struct buf *bytes, const struct pem_kind *kind,
    struct buf *ret_der, struct err *err) MICA_CHECKED;

#endif
