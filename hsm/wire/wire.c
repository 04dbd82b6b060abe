// SPDX-License-Identifier: Apache-2.0
#include "wire.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <mica/mem.h>

enum { NO_TEXT = 0xffffffffu };

static const char *const step_names[STEP_COUNT] = {
	[STEP_IDLE] = "its own code",
	[STEP_LOAD] = "dlopen",
	[STEP_FUNCTIONS] = "C_GetFunctionList",
	[STEP_START] = "C_Initialize, C_GetInfo or C_GetFunctionList", /* by libp11 */
	[STEP_INITIALIZE] = "C_Initialize",
	[STEP_SLOTS] = "C_GetSlotList",
	[STEP_TOKEN_INFO] = "C_GetTokenInfo",
	[STEP_SESSION] = "C_OpenSession",
	[STEP_LOGIN] = "C_Login",
	[STEP_FIND_BEGIN] = "C_FindObjectsInit",
	[STEP_FIND] = "C_FindObjects",
	[STEP_FIND_END] = "C_FindObjectsFinal",
	[STEP_ATTRIBUTES] = "C_GetAttributeValue",
	[STEP_GENERATE] = "C_GenerateKeyPair",
	[STEP_CREATE] = "C_CreateObject",
	[STEP_DESTROY] = "C_DestroyObject",
	[STEP_SIGN_BEGIN] = "C_SignInit",
	[STEP_SIGN] = "C_Sign",
	[STEP_GENERATE_SECRET] = "C_GenerateKey",
	[STEP_WRAP] = "C_WrapKey",
	[STEP_COPY] = "C_CopyObject",
	[STEP_SET] = "C_SetAttributeValue",
	[STEP_ENCRYPT] = "C_EncryptInit",
	[STEP_DECRYPT] = "C_DecryptInit",
	[STEP_DERIVE] = "C_DeriveKey",
	[STEP_CLOSE] = "C_CloseAllSessions",
	[STEP_FINALIZE] = "C_Finalize",
};

const char *wire_step_name(uint32_t step)
{
	return step < STEP_COUNT ? step_names[step] : "an unknown call";
}

void wire_put_u32(struct buf *out, uint32_t value)
{
	buf_add(out, &value, sizeof(value));
}

void wire_put_u64(struct buf *out, uint64_t value)
{
	buf_add(out, &value, sizeof(value));
}

void wire_put_bytes(struct buf *out, const void *bytes, size_t len)
{
	wire_put_u32(out, (uint32_t)len);
	buf_add(out, bytes, len);
}

void wire_put_buf(struct buf *out, const struct buf *bytes)
{
	wire_put_bytes(out, bytes->data, bytes->len);
}

void wire_put_text(struct buf *out, const char *text)
{
	if (text)
		wire_put_bytes(out, text, strlen(text));
	else
		wire_put_u32(out, NO_TEXT);
}

struct wire_in wire_in(const void *bytes, size_t len)
{
	return (struct wire_in){ .at = bytes, .left = len, .bad = false };
}

static const uint8_t *take(struct wire_in *in, size_t len)
{
	const uint8_t *at = in->at;

	if (in->bad || len > in->left) {
		in->bad = true;
		return NULL;
	}
	in->at += len;
	in->left -= len;
	return at;
}

uint32_t wire_get_u32(struct wire_in *in)
{
	uint32_t value = 0;
	const uint8_t *at = take(in, sizeof(value));

	if (at)
		memcpy(&value, at, sizeof(value));
	return value;
}

uint64_t wire_get_u64(struct wire_in *in)
{
	uint64_t value = 0;
	const uint8_t *at = take(in, sizeof(value));

	if (at)
		memcpy(&value, at, sizeof(value));
	return value;
}

struct wire_span wire_get_span(struct wire_in *in)
{
	uint32_t len = wire_get_u32(in);
	struct wire_span span = { NULL, 0 };

	if (len == NO_TEXT)
		return span;
	span.data = take(in, len);
	span.len = span.data ? len : 0;
	return span;
}

void wire_get_buf(struct wire_in *in, struct buf *ret)
{
	struct wire_span span = wire_get_span(in);

	buf_clear(ret);
	buf_add(ret, span.data, span.len);
}

char *wire_get_text(struct wire_in *in)
{
	struct wire_span span = wire_get_span(in);

	if (span.len > 0 && memchr(span.data, '\0', span.len)) {
		in->bad = true;
		return NULL;
	}
	return mem_dup(span.data, span.len);
}

bool wire_end(const struct wire_in *in)
{
	return !in->bad && in->left == 0;
}

void wire_begin_request(struct buf *out, enum wire_type type, uint32_t id)
{
	wire_put_u32(out, type);
	wire_put_u32(out, id);
}

struct wire_request wire_get_request(struct wire_in *in)
{
	uint32_t type = wire_get_u32(in);
	struct wire_request request = { WIRE_OPEN, wire_get_u32(in) };

	if (type < WIRE_OPEN || type > WIRE_PROVE)
		in->bad = true;
	else
		request.type = (enum wire_type)type;
	return request;
}

void wire_begin_reply(struct buf *out, uint32_t id, const struct err *err)
{
	wire_put_u32(out, id);
	wire_put_u32(out, err ? err->kind : ERR_NONE);
	wire_put_text(out, err ? err->text : NULL);
	wire_put_text(out, err ? err->hint : NULL);
}

uint32_t wire_get_reply(struct wire_in *in, struct err *err)
{
	uint32_t id = wire_get_u32(in);
	uint32_t kind = wire_get_u32(in);
	MICA_FREE char *text = wire_get_text(in);
	MICA_FREE char *hint = wire_get_text(in);

	if (kind > ERR_PIN || (kind != ERR_NONE) != (text != NULL))
		in->bad = true;
	*err = (struct err)ERR_INIT;
	if (in->bad || kind == ERR_NONE)
		return id;
	err_set(err, (enum err_kind)kind, "%s", text);
	if (hint)
		err_hint(err, "%s", hint);
	return id;
}

/* --- the socket ---------------------------------------------------------------- */

union control {
	struct cmsghdr align;
	char room[CMSG_SPACE(sizeof(int))];
};

int wire_send(int socket, const struct buf *message, int fd, int flags)
{
	struct iovec part = { message->data, message->len };
	struct msghdr header = { .msg_iov = &part, .msg_iovlen = 1 };
	union control control;
	ssize_t sent;

	if (fd >= 0) {
		memset(&control, 0, sizeof(control));
		header.msg_control = control.room;
		header.msg_controllen = sizeof(control.room);
		control.align.cmsg_level = SOL_SOCKET;
		control.align.cmsg_type = SCM_RIGHTS;
		control.align.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.align), &fd, sizeof(fd));
	}
	do
		sent = sendmsg(socket, &header, flags | MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	return sent < 0 ? -1 : 0;
}

/* The room that was told holds one descriptor: the kernel closes what more there might be. */
static int received_fd(struct msghdr *header)
{
	struct cmsghdr *control = CMSG_FIRSTHDR(header);
	int fd = -1;

	if (control && control->cmsg_level == SOL_SOCKET && control->cmsg_type == SCM_RIGHTS &&
	    control->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(&fd, CMSG_DATA(control), sizeof(fd));
	return fd;
}

long wire_receive(int socket, void *bytes, size_t cap, int *ret_fd, int flags)
{
	struct iovec part = { bytes, cap };
	union control control;
	struct msghdr header = { .msg_iov = &part, .msg_iovlen = 1 };
	ssize_t got;

	do {
		header.msg_control = control.room;
		/* without the padding behind it, in which there is room for a second one */
		header.msg_controllen = CMSG_LEN(sizeof(int));
		got = recvmsg(socket, &header, flags | MSG_CMSG_CLOEXEC);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return -1;
	*ret_fd = received_fd(&header);
	if (!(header.msg_flags & MSG_TRUNC))
		return (long)got;
	if (*ret_fd >= 0)
		close(*ret_fd);
	*ret_fd = -1;
	errno = EMSGSIZE;
	return -1;
}

bool wire_is_sealed(int fd)
{
	const int seals = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW;

	int has = fcntl(fd, F_GET_SEALS); /* -1, which has every bit, of any other file */

	return has >= 0 && (has & seals) == seals;
}
