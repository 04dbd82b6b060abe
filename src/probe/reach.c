// SPDX-License-Identifier: Apache-2.0
#include "reach.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include <mica/mem.h>
#include <mica/num.h>

/* A name being looked up. It must outlive the look-up, which goes on in a thread of the C
 * library. */
struct lookup {
	struct gaicb request;
	struct addrinfo hints;
	char *host, *port;
};

static int64_t clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int reach_left(const struct reach *reach)
{
	int64_t left = reach->end - clock_ms();

	return left > 0 ? (int)left : 0;
}

void reach_close(struct reach *reach)
{
	mem_closep(&reach->fd);
	reach->fd = -1;
}

/* --- names to addresses ---------------------------------------------------------- */

static int bad_endpoint(const char *endpoint, struct err *err)
{
	err_set(err, ERR_FAILED, "'%s' is not an endpoint", endpoint);
	return err_hint(err, "write host:port, and an IPv6 address in brackets");
}

static int split(const char *endpoint, struct lookup *ret, struct err *err)
{
	const char *colon = strrchr(endpoint, ':');
	const char *host = endpoint;
	size_t len = colon ? (size_t)(colon - endpoint) : 0;
	int64_t port;

	if (len >= 2 && host[0] == '[' && host[len - 1] == ']') {
		host++;
		len -= 2;
	} else if (len > 0 && memchr(host, ':', len)) {
		return bad_endpoint(endpoint, err);
	}
	if (len == 0 || num_parse(colon + 1, 1, 65535, &port) < 0)
		return bad_endpoint(endpoint, err);
	ret->host = mem_dup(host, len);
	ret->port = mem_strdup(colon + 1);
	return 0;
}

char *reach_host(const char *endpoint)
{
	struct lookup lookup = { .host = NULL };
	struct err ignored = ERR_INIT; /* reach_open() tells it */

	if (split(endpoint, &lookup, &ignored) < 0)
		return mem_strdup(endpoint);
	free(lookup.port);
	return lookup.host;
}

static void lookup_free(struct lookup *lookup)
{
	if (!lookup)
		return;
	if (lookup->request.ar_result)
		freeaddrinfo(lookup->request.ar_result);
	free(lookup->host);
	free(lookup->port);
	free(lookup);
}
MICA_DEFINE_FREEP(struct lookup, lookup_free)

/* getaddrinfo() knows no deadline; getaddrinfo_a() can be left behind. */
static int resolve_name(struct reach *reach, struct lookup **lookup, struct err *err)
{
	struct gaicb *list[] = { &(*lookup)->request };
	int code = getaddrinfo_a(GAI_NOWAIT, list, 1, NULL);

	while (code == 0 && gai_error(list[0]) == EAI_INPROGRESS) {
		int left = reach_left(reach);
		struct timespec wait = { left / 1000, (left % 1000) * 1000000L };

		if (left == 0)
			break;
		(void)gai_suspend((const struct gaicb *const *)list, 1, &wait);
	}
	if (code == 0)
		code = gai_error(list[0]);
	if (code == 0)
		return 0;
	if (code == EAI_INPROGRESS) {
		err_set(err, ERR_TIMEOUT, "cannot find '%s': no answer within %d ms",
		    (*lookup)->host, reach->timeout_ms);
		if (gai_cancel(list[0]) == EAI_NOTCANCELED)
			*lookup = NULL; /* the thread still writes to it */
		return -1;
	}
	return err_set(
	    err, ERR_FAILED, "cannot find '%s': %s", (*lookup)->host, gai_strerror(code));
}

static int resolve(struct reach *reach, struct lookup **ret, struct err *err)
{
	MICA_AUTO(lookup_freep) struct lookup *lookup = mem_zalloc(sizeof(*lookup));
	struct gaicb *request = &lookup->request;

	if (split(reach->endpoint, lookup, err) < 0)
		return -1;
	lookup->hints.ai_socktype = SOCK_STREAM;
	lookup->hints.ai_flags = AI_NUMERICSERV | AI_NUMERICHOST;
	request->ar_name = lookup->host;
	request->ar_service = lookup->port;
	request->ar_request = &lookup->hints;
	if (getaddrinfo(lookup->host, lookup->port, &lookup->hints, &request->ar_result) != 0) {
		lookup->hints.ai_flags = AI_NUMERICSERV;
		request->ar_result = NULL;
		if (resolve_name(reach, &lookup, err) < 0)
			return -1;
	}
	*ret = mem_give(lookup);
	return 0;
}

/* --- connecting ------------------------------------------------------------------ */

/* 1: ready, 0: not in time, -1: errno */
static int wait_for(int fd, short events, int wait_ms)
{
	const int64_t end = clock_ms() + wait_ms;

	for (;;) {
		struct pollfd item = { .fd = fd, .events = events };
		int64_t left = end - clock_ms();
		int n = poll(&item, 1, left > 0 ? (int)left : 0);

		if (n >= 0)
			return n > 0;
		if (errno != EINTR)
			return -1;
	}
}

static int connect_one(
    const struct reach *reach, const struct addrinfo *to, int wait_ms, struct err *err)
{
	MICA_CLOSE int fd =
	    socket(to->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof(int);
	int failed = 0, ready;

	if (fd < 0)
		return err_errno(err, errno, "cannot connect to '%s'", reach->endpoint);
	if (connect(fd, to->ai_addr, to->ai_addrlen) < 0) {
		if (errno != EINPROGRESS)
			return err_errno(err, errno, "cannot connect to '%s'", reach->endpoint);
		ready = wait_for(fd, POLLOUT, wait_ms);
		if (ready == 0)
			return err_set(err, ERR_TIMEOUT,
			    "cannot connect to '%s': no answer within %d ms", reach->endpoint,
			    wait_ms);
		if (ready < 0 || getsockopt(fd, SOL_SOCKET, SO_ERROR, &failed, &len) < 0)
			failed = errno;
		if (failed != 0)
			return err_errno(
			    err, failed, "cannot connect to '%s'", reach->endpoint);
	}
	ready = fd;
	fd = -1;
	return ready;
}

/* Every address in turn, each with its share of what is left. */
static int connect_any(struct reach *reach, const struct addrinfo *list, struct err *err)
{
	int n = 0;

	for (const struct addrinfo *to = list; to; to = to->ai_next)
		n++;
	for (const struct addrinfo *to = list; to; to = to->ai_next) {
		reach->fd = connect_one(reach, to, reach_left(reach) / n--, err);
		if (reach->fd >= 0)
			return 0;
	}
	return -1;
}

int reach_open(const char *endpoint, int timeout_ms, struct reach *ret, struct err *err)
{
	MICA_AUTO(lookup_freep) struct lookup *lookup = NULL;
	struct reach reach = { endpoint, -1, timeout_ms, clock_ms() + timeout_ms };

	if (resolve(&reach, &lookup, err) < 0 ||
	    connect_any(&reach, lookup->request.ar_result, err) < 0)
		return -1;
	*ret = reach;
	return 0;
}

/* --- bytes ----------------------------------------------------------------------- */

static int late(const struct reach *reach, struct err *err)
{
	return err_set(err, ERR_TIMEOUT, "'%s' did not answer within %d ms", reach->endpoint,
	    reach->timeout_ms);
}

int reach_send(struct reach *reach, const void *bytes, size_t len, struct err *err)
{
	const char *from = bytes;

	while (len > 0) {
		ssize_t n = send(reach->fd, from, len, MSG_NOSIGNAL);

		if (n >= 0) {
			from += n;
			len -= (size_t)n;
		} else if (errno == EPIPE || errno == ECONNRESET) {
			return 0;
		} else if (errno == EAGAIN) {
			if (wait_for(reach->fd, POLLOUT, reach_left(reach)) == 0)
				return late(reach, err);
		} else if (errno != EINTR) {
			return err_errno(err, errno, "cannot send to '%s'", reach->endpoint);
		}
	}
	return 0;
}

int reach_receive(struct reach *reach, void *bytes, size_t len, int wait_ms, struct err *err)
{
	for (;;) {
		ssize_t n = recv(reach->fd, bytes, len, 0);

		if (n >= 0)
			return (int)n;
		if (errno == ECONNRESET)
			return 0;
		if (errno != EAGAIN && errno != EINTR)
			return err_errno(err, errno, "cannot read from '%s'", reach->endpoint);
		if (errno == EAGAIN && wait_for(reach->fd, POLLIN, wait_ms) == 0)
			return late(reach, err);
	}
}
