// SPDX-License-Identifier: Apache-2.0
/* What is done to the process before anything else, and the one return from it. */
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <unistd.h>

#include <mica/harden.h>

#include "run.h"

/* Descriptors 0, 1 and 2 are taken, so that no file opened later becomes one of them. What was
 * closed cannot be used: writing to it fails, and so does the run. */
static void take_standard_descriptors(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDONLY);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

int main(int argc, char **argv)
{
	(void)argc;
	harden_process();
	take_standard_descriptors();
	signal(SIGPIPE, SIG_IGN);
	setlocale(LC_CTYPE, "");
	return cli_main(argv, ambient_system());
}
