// SPDX-License-Identifier: Apache-2.0
/* latchview: the latches of logins that did not succeed, as they are shown. */
#ifndef MICA_CLI_LATCHVIEW_H
#define MICA_CLI_LATCHVIEW_H

#include <jansson.h>

#include <mica/findings.h>
#include <mica/inventory.h>
#include <mica/token.h>

/* Those of the token that this CA's key is on; ca NULL: of the tokens of all CAs, each once. */
int latchview_find(const struct inventory *inventory, const struct inv_ca *ca,
    struct token_latches *ret, struct err *err) MICA_CHECKED;

/* Warnings, with the way out. */
void latchview_tell(
    struct findings *findings, const struct token_latch *latch, const char *hint);
void latchview_tell_all(struct findings *findings, const struct token_latches *latches);

/* "token 'milvus-ca' (serial 1a2b)" */
void latchview_name(const struct token_latch *latch, struct buf *ret);

json_t *latchview_json(const struct token_latches *latches);

#endif
