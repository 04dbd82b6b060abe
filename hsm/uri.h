// SPDX-License-Identifier: Apache-2.0
/* uri: a CA key's RFC 7512 URI, read by p11-kit and held to stricter rules than p11-kit's. */
#ifndef MICA_HSM_URI_H
#define MICA_HSM_URI_H

#include <stdint.h>

#include <p11-kit/uri.h>

#include <mica/buf.h>
#include <mica/err.h>
#include <mica/token.h>

struct uri {
	char *text;
	P11KitUri *parsed; /* NULL: none */
	char *label;       /* of the object; NULL: any */
	struct buf id;     /* empty: any */
};

#define URI_INIT                                                                               \
	{                                                                                      \
		NULL, NULL, NULL, BUF_INIT                                                     \
	}
#define URI_AUTO MICA_AUTO(uri_clear) struct uri

int uri_parse(const char *text, struct uri *ret, struct err *err) MICA_CHECKED;
void uri_clear(struct uri *uri);
bool uri_means(const struct uri *uri, uint64_t slot, const struct token_info *info);
/* the same of a token that is in no slot now */
bool uri_means_token(const struct uri *uri, const struct token_info *info);

#endif
