// SPDX-License-Identifier: Apache-2.0
#include <mica/err.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <openssl/err.h>

#include "visible.h"

static void MICA_PRINTF(3, 0)
    set_text(struct err *err, enum err_kind kind, const char *fmt, va_list args)
{
	char raw[sizeof(err->text)];

	vsnprintf(raw, sizeof(raw), fmt, args);
	err->kind = kind;
	visible_copy(err->text, sizeof(err->text), raw);
	err->hint[0] = '\0';
}

static void add_text(struct err *err, const char *text)
{
	size_t len = strlen(err->text);

	snprintf(err->text + len, sizeof(err->text) - len, "%s", text);
}

int err_set(struct err *err, enum err_kind kind, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	set_text(err, kind, fmt, args);
	va_end(args);
	return -1;
}

int err_errno(struct err *err, int errnum, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	set_text(err, ERR_FAILED, fmt, args);
	va_end(args);
	add_text(err, ": ");
	add_text(err, strerror(errnum));
	return -1;
}

int err_openssl(struct err *err, const char *fmt, ...)
{
	va_list args;
	unsigned long code;
	const char *before = ": ";

	va_start(args, fmt);
	set_text(err, ERR_FAILED, fmt, args);
	va_end(args);
	while ((code = ERR_get_error()) != 0) {
		const char *reason = ERR_reason_error_string(code);

		if (!reason)
			continue;
		add_text(err, before);
		add_text(err, reason);
		before = ", ";
	}
	return -1;
}

int err_hint(struct err *err, const char *fmt, ...)
{
	char raw[sizeof(err->hint)];
	va_list args;

	va_start(args, fmt);
	vsnprintf(raw, sizeof(raw), fmt, args);
	va_end(args);
	visible_copy(err->hint, sizeof(err->hint), raw);
	return -1;
}

int err_prefix(struct err *err, const char *fmt, ...)
{
	struct err old = *err;
	va_list args;

	va_start(args, fmt);
	set_text(err, old.kind, fmt, args);
	va_end(args);
	add_text(err, ": ");
	add_text(err, old.text);
	memcpy(err->hint, old.hint, sizeof(err->hint));
	return -1;
}
