// SPDX-License-Identifier: Apache-2.0
/*
 * mica-token: the process that holds the token. mica starts it, with its end of the socket as
 * descriptor 3 and the page of wire.h as descriptor 4; it ends when mica does.
 */
#include "helper.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <mica/harden.h>

enum { GRACE_S = 5, NOT_BY_HAND = 2 };

/* mica is gone, and a module may hang: nobody is left to kill us. */
static void *watch(void *context)
{
	struct pollfd end = { .fd = WIRE_FD, .events = POLLRDHUP };

	(void)context;
	while (poll(&end, 1, -1) < 0 && errno == EINTR)
		;
	sleep(GRACE_S);
	if (getpgrp() == getpid())
		kill(0, SIGKILL);
	_exit(1);
}

static int started_by_mica(struct hsm *hsm)
{
	int type = 0;
	socklen_t len = sizeof(type);
	void *page;

	if (getsockopt(WIRE_FD, SOL_SOCKET, SO_TYPE, &type, &len) < 0 || type != SOCK_SEQPACKET)
		return 0;
	page =
	    mmap(NULL, sizeof(*hsm->page), PROT_READ | PROT_WRITE, MAP_SHARED, WIRE_PAGE_FD, 0);
	if (page == MAP_FAILED)
		return 0;
	close(WIRE_PAGE_FD);
	hsm->page = page;
	return 1;
}

int main(void)
{
	static const char by_hand[] = "mica-token: mica starts this program, not people\n";
	struct hsm hsm = { .session = CK_INVALID_HANDLE };
	pthread_t watcher;

	harden_process();
	signal(SIGPIPE, SIG_IGN); /* a connection that a module lost fails its call, not us */
	if (!started_by_mica(&hsm)) {
		(void)!write(STDERR_FILENO, by_hand, sizeof(by_hand) - 1);
		return NOT_BY_HAND;
	}
	if (pthread_create(&watcher, NULL, watch, NULL) != 0)
		return 1;
	serve(&hsm);
	hsm_close(&hsm);
	/* no exit handlers: those of a module and of OpenSSL come in an order that suits
	 * neither */
	_exit(0);
}
