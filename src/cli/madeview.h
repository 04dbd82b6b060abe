// SPDX-License-Identifier: Apache-2.0
/* madeview: what init made, for people and for programs. */
#ifndef MICA_CLI_MADEVIEW_H
#define MICA_CLI_MADEVIEW_H

#include <jansson.h>

#include <mica/ca.h>
#include <mica/token.h>

/* A CA's certificate, or a request for one. Everything is borrowed. */
struct madeview {
	const char *name; /* of the CA */
	const struct token_info *token;
	const struct token_key *key;
	const char *path;     /* of the certificate, or of the request */
	const struct ca *ca;  /* NULL: it was requested */
	const char *serial;   /* of the certificate, in hex */
	bool requested_again; /* the request is that of an earlier run */
};

void madeview_print(const struct madeview *made);
json_t *madeview_json(const struct madeview *made);

#endif
