// SPDX-License-Identifier: Apache-2.0
#include "milvus.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <mica/file.h>
#include <mica/mem.h>

#include "milvus.h"

enum { PORT = 19530, TALK_MS = 30000, COMMAND = 32 };

/* Of the serving process: what it holds besides what it shows. */
struct running {
	int fd; /* listens; -1: not up */
	SSL_CTX *ctx;
};

struct serving {
	struct milvus_all *all;
	struct running running[MILVUS_MOST];
};

/* --- start ----------------------------------------------------------------------- */

static bool read_text(const char *path, char *ret, size_t *ret_len)
{
	BUF_AUTO bytes = BUF_INIT;
	struct err ignored = ERR_INIT;

	if (file_read(AT_FDCWD, path, MILVUS_PEM - 1, &bytes, &ignored) < 0)
		return false;
	memcpy(ret, buf_text(&bytes), bytes.len + 1);
	*ret_len = bytes.len;
	return true;
}

static bool complain(struct milvus_one *one, const char *what)
{
	snprintf(one->trouble, sizeof(one->trouble), "%s: %s", what,
	    ERR_reason_error_string(ERR_peek_error())
	        ? ERR_reason_error_string(ERR_peek_error())
	        : "");
	ERR_clear_error();
	return false;
}

static int mode_of(const char *out)
{
	MICA_FREE char *path = file_join(out, "user.yaml");
	BUF_AUTO text = BUF_INIT;
	struct err ignored = ERR_INIT;
	const char *at;

	if (file_read(AT_FDCWD, path, MILVUS_PEM, &text, &ignored) < 0)
		return -1;
	at = strstr(buf_text(&text), "tlsMode:");
	return at ? atoi(at + strlen("tlsMode:")) : -1; /* NOLINT(cert-err34-c) */
}

static void note_leaf(struct milvus_one *one, SSL_CTX *ctx)
{
	unsigned char *at = one->leaf;
	int len = i2d_X509(SSL_CTX_get0_certificate(ctx), NULL);

	one->leaf_len = 0;
	if (len > 0 && len <= MILVUS_DER)
		one->leaf_len = (size_t)i2d_X509(SSL_CTX_get0_certificate(ctx), &at);
}

static int choose_protocol(SSL *ssl, const unsigned char **ret, unsigned char *ret_len,
    const unsigned char *offered, unsigned offered_len, void *context)
{
	static const unsigned char http2[] = "\x02h2";

	(void)ssl;
	(void)context;
	return SSL_select_next_proto((unsigned char **)ret, ret_len, http2, sizeof(http2) - 1,
	           offered, offered_len) == OPENSSL_NPN_NEGOTIATED
	           ? SSL_TLSEXT_ERR_OK
	           : SSL_TLSEXT_ERR_NOACK;
}

static bool load(struct milvus_one *one, SSL_CTX *ctx)
{
	MICA_FREE char *chain = mem_printf("%s/tls/server.pem", one->out);
	MICA_FREE char *key = mem_printf("%s/tls/server.key", one->out);
	MICA_FREE char *ca = mem_printf("%s/tls/ca.pem", one->out);

	one->tls_mode = mode_of(one->out);
	if (one->tls_mode < 1)
		return complain(one, "user.yaml has no tlsMode");
	if (!read_text(chain, one->chain, &one->chain_len) ||
	    !read_text(ca, one->ca, &one->ca_len))
		return complain(one, "server.pem or ca.pem cannot be read");
	if (SSL_CTX_use_certificate_chain_file(ctx, chain) != 1 ||
	    SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1 ||
	    SSL_CTX_check_private_key(ctx) != 1)
		return complain(one, "server.pem and server.key");
	if (one->tls_mode == 2) {
		if (SSL_CTX_load_verify_file(ctx, ca) != 1)
			return complain(one, "ca.pem");
		SSL_CTX_set_client_CA_list(ctx, SSL_load_client_CA_file(ca));
		SSL_CTX_set_verify(
		    ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
		/* as Go does, each certificate of ca.pem is an anchor */
		X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(ctx), X509_V_FLAG_PARTIAL_CHAIN);
	}
	SSL_CTX_set_alpn_select_cb(ctx, choose_protocol, NULL);
	note_leaf(one, ctx);
	return true;
}

static int listen_at(const char *address)
{
	const int yes = 1;
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	MICA_FREE char *host = mem_dup(address, strcspn(address, ":"));
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (inet_pton(AF_INET, host, &to.sin_addr) != 1 ||
	    bind(fd, (struct sockaddr *)&to, sizeof(to)) < 0 || listen(fd, 16) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static void stop(struct serving *serving, size_t which)
{
	struct running *running = &serving->running[which];

	serving->all->one[which].up = false;
	if (running->fd >= 0)
		close(running->fd);
	running->fd = -1;
	SSL_CTX_free(running->ctx);
	running->ctx = NULL;
}

static bool start(struct serving *serving, size_t which)
{
	struct milvus_one *one = &serving->all->one[which];
	struct running *running = &serving->running[which];

	stop(serving, which);
	one->trouble[0] = '\0';
	running->ctx = SSL_CTX_new(TLS_server_method());
	if (!load(one, running->ctx))
		return false;
	running->fd = listen_at(one->address);
	if (running->fd < 0)
		return complain(one, "the address is taken");
	one->starts++;
	one->up = true;
	return true;
}

/* --- serve ----------------------------------------------------------------------- */

/* A gRPC server answers HTTP/2's preface with its SETTINGS. */
static void talk(SSL *ssl)
{
	static const char settings[9] = "\0\0\0\x04\0\0\0\0";
	char bytes[512];

	if (SSL_accept(ssl) != 1)
		return;
	while (SSL_read(ssl, bytes, sizeof(bytes)) > 0)
		if (SSL_write(ssl, settings, sizeof(settings)) <= 0)
			return;
	(void)SSL_shutdown(ssl);
}

static void answer(struct serving *serving, size_t which)
{
	const struct timeval patience = { TALK_MS / 1000, 0 };
	struct running *running = &serving->running[which];
	int fd = accept4(running->fd, NULL, NULL, SOCK_CLOEXEC);
	SSL *ssl = SSL_new(running->ctx);

	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	X509_VERIFY_PARAM_set_time(SSL_get0_param(ssl), (time_t)serving->all->now);
	if (SSL_set_fd(ssl, fd) == 1)
		talk(ssl);
	SSL_free(ssl);
	ERR_clear_error();
	close(fd);
}

/* "restart 3", "start 3" by hand, "stop 3" */
static bool obey(struct serving *serving, const char *command)
{
	struct milvus_one *all = serving->all->one;
	char verb[COMMAND];
	unsigned which;

	if (sscanf(command, "%31s %u", verb, &which) != 2 || which >= MILVUS_MOST)
		return false;
	if (strcmp(verb, "stop") == 0) {
		stop(serving, which);
		return true;
	}
	if (strcmp(verb, "restart") == 0 && all[which].failing > 0) {
		all[which].failing--;
		return false;
	}
	return start(serving, which);
}

static void take_command(struct serving *serving, int control)
{
	int fd = accept4(control, NULL, NULL, SOCK_CLOEXEC);
	char command[COMMAND] = "";

	if (fd >= 0 && read(fd, command, sizeof(command) - 1) > 0)
		(void)!write(fd, obey(serving, command) ? "+" : "-", 1);
	if (fd >= 0)
		close(fd);
}

static void serve(struct serving *serving, int control)
{
	for (;;) {
		struct pollfd fds[MILVUS_MOST + 1] = { [MILVUS_MOST] = {
			                                   .fd = control, .events = POLLIN } };

		for (size_t i = 0; i < MILVUS_MOST; i++)
			fds[i] =
			    (struct pollfd){ .fd = serving->running[i].fd, .events = POLLIN };
		if (poll(fds, MILVUS_MOST + 1, -1) < 0 && errno != EINTR)
			return;
		for (size_t i = 0; i < MILVUS_MOST; i++)
			if (fds[i].revents && serving->running[i].fd >= 0)
				answer(serving, i);
		if (fds[MILVUS_MOST].revents)
			take_command(serving, control);
	}
}

/* --- both ends -------------------------------------------------------------------- */

static void name_socket(const char *path, struct sockaddr_un *ret)
{
	*ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
	snprintf(ret->sun_path, sizeof(ret->sun_path), "%s", path);
}

static int control_socket(const char *path)
{
	struct sockaddr_un name;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	name_socket(path, &name);
	if (fd < 0 || bind(fd, (struct sockaddr *)&name, sizeof(name)) < 0 ||
	    listen(fd, 16) < 0)
		abort();
	return fd;
}

void milvus_begin(struct milvus *milvus, const char *dir)
{
	struct serving serving = { .all = NULL };
	int control;

	milvus->all = mmap(NULL, sizeof(*milvus->all), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (milvus->all == MAP_FAILED)
		abort();
	milvus->socket = file_join(dir, "milvus.sock");
	for (size_t i = 0; i < MILVUS_MOST; i++)
		snprintf(milvus->all->one[i].address, MILVUS_TEXT, "127.%d.%d.%zu:%d",
		    1 + (getpid() >> 8) % 250, getpid() & 0xff, 10 + i, PORT);
	control = control_socket(milvus->socket);
	milvus->pid = fork();
	if (milvus->pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		serving.all = milvus->all;
		for (size_t i = 0; i < MILVUS_MOST; i++)
			serving.running[i].fd = -1;
		serve(&serving, control);
		_exit(1);
	}
	close(control);
}

void milvus_end(struct milvus *milvus)
{
	if (milvus->pid > 0) {
		kill(milvus->pid, SIGKILL);
		(void)waitpid(milvus->pid, NULL, 0);
	}
	if (milvus->all)
		munmap(milvus->all, sizeof(*milvus->all));
	free(milvus->socket);
	*milvus = (struct milvus){ NULL, 0, NULL };
}

static bool command(const struct milvus *milvus, const char *verb, size_t which)
{
	MICA_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un name;
	char text[COMMAND], said = '-';
	int len = snprintf(text, sizeof(text), "%s %zu", verb, which);

	name_socket(milvus->socket, &name);
	if (connect(fd, (struct sockaddr *)&name, sizeof(name)) < 0 ||
	    write(fd, text, (size_t)len) != len)
		abort();
	return read(fd, &said, 1) == 1 && said == '+';
}

bool milvus_restart(const struct milvus *milvus, size_t which)
{
	return command(milvus, "start", which);
}

void milvus_stop(const struct milvus *milvus, size_t which)
{
	(void)command(milvus, "stop", which);
}
