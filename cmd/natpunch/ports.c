#include "ports.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "face/exit.h"
#include "face/log.h"
#include "io/sockets.h"

static int check(const struct addr *local, const char *interface)
{
	const struct action action = {.kind = ACTION_OPEN, .socket = SOCKET_UDP, .local = *local};
	char text[ADDR_TEXT];
	struct addr bound;
	const int fd = sockets_open(&bound, &action, interface);

	if (fd >= 0) {
		close(fd);
		return EXIT_YES;
	}
	log_line(LEVEL_ERROR, "cannot listen at %s: %s", addr_text(local, text), strerror(-fd));
	return fd == -EACCES || fd == -EPERM ? EXIT_PERMISSION : EXIT_USAGE;
}

int ports_check(const struct punch_options *p, const char *interface)
{
	int status = EXIT_YES;

	for (unsigned i = 0; i < p->forward_count && status == EXIT_YES; i++)
		status = check(&p->forwards[i].local, interface);
	return status;
}
