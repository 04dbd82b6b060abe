// SPDX-License-Identifier: Apache-2.0
/* years_restart SOCKET NUMBER: what the inventories of tests/years name as `restart`. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	char command[32], said = '-';
	int len;

	if (argc != 3)
		return 2;
	snprintf(name.sun_path, sizeof(name.sun_path), "%s", argv[1]);
	len = snprintf(command, sizeof(command), "restart %s", argv[2]);
	if (connect(fd, (struct sockaddr *)&name, sizeof(name)) < 0 ||
	    write(fd, command, (size_t)len) != len)
		return 1;
	if (read(fd, &said, 1) == 1 && said == '+')
		return 0;
	fprintf(stderr, "the container did not come up\n");
	return 1;
}
