// SPDX-License-Identifier: Apache-2.0
/* flags: whether a token's flags let a PIN be tried. mica asks before somebody types, the
 * helper right before C_Login. */
#ifndef MICA_HSM_FLAGS_H
#define MICA_HSM_FLAGS_H

#include <mica/err.h>
#include <mica/token.h>

/* name is for the message: "token 'milvus-ca' (serial 1a2b)". ERR_PIN: locked; ERR_REFUSED:
 * care forbids it. */
int flags_allow_login(const struct token_info *info, enum token_pin_care care, const char *name,
    struct err *err) MICA_CHECKED;

#endif
