#include "control.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "face/exit.h"
#include "face/log.h"
#include "face/options.h"
#include "worlds.h"

union passed {
	struct cmsghdr head;
	char bytes[CMSG_SPACE(sizeof(int))];
};

bool control_send(int socket, const void *bytes, size_t len, int fd)
{
	struct iovec io = {.iov_base = (void *)bytes, .iov_len = len};
	struct msghdr m = {.msg_iov = &io, .msg_iovlen = 1};
	union passed u = {.bytes = {0}};

	if (fd >= 0) {
		u.head = (struct cmsghdr){.cmsg_level = SOL_SOCKET,
					  .cmsg_type = SCM_RIGHTS,
					  .cmsg_len = CMSG_LEN(sizeof(int))};
		memcpy(CMSG_DATA(&u.head), &fd, sizeof(fd));
		m.msg_control = u.bytes;
		m.msg_controllen = sizeof(u.bytes);
	}
	return sendmsg(socket, &m, MSG_NOSIGNAL) == (ssize_t)len;
}

long control_receive(int socket, void *bytes, size_t cap, int *fd)
{
	struct iovec io = {.iov_base = bytes, .iov_len = cap};
	union passed u = {.bytes = {0}};
	struct msghdr m = {.msg_iov = &io,
			   .msg_iovlen = 1,
			   .msg_control = u.bytes,
			   .msg_controllen =
				   CMSG_LEN(sizeof(int))}; /* padding has room for another */
	ssize_t n;

	*fd = -1;
	do
		n = recvmsg(socket, &m, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n >= 0 && CMSG_FIRSTHDR(&m) != NULL)
		memcpy(fd, CMSG_DATA(&u.head), sizeof(*fd));
	return n;
}

bool control_send_js(int socket, struct js root, int fd)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);
	bool sent = f != NULL && js_print(root, f, false) == 0;

	if (f != NULL)
		sent = fclose(f) == 0 && sent;
	sent = sent && control_send(socket, text, len, fd);
	free(text);
	js_free(root);
	return sent;
}

struct js control_request(bool *failed, const char *what)
{
	struct js root = js_object(failed);

	js_put_text(root, "do", what);
	return root;
}

/* Return: as control_ask(). */
static int read_answer(const char *bytes, size_t len)
{
	struct js_text text;
	const struct js_in root = js_begin(&text, bytes, len);
	const struct js_in status = js_get(&root, "exit"), reason = js_get(&root, "why");
	const char *why = "it does not answer in JSON";
	uint64_t n = EXIT_INTERNAL;
	int r;

	if (root.node != NULL && js_is_count(&status, &n) && n != EXIT_YES)
		js_is_text(&reason, &why);
	r = n == EXIT_YES ? OPTIONS_GO_ON : (int)n;
	if (r != OPTIONS_GO_ON)
		log_line(LEVEL_ERROR, "%s", why);
	js_end(&text);
	return r;
}

static int say_silent(const char *name)
{
	log_line(LEVEL_ERROR, "%s does not answer", name);
	return EXIT_UNREACHABLE;
}

int control_ask(const char *name, struct js request, int *fd, int *socket)
{
	char bytes[CONTROL_MAX];
	const int s = world_connect(name);
	long n;
	int r;

	*fd = -1;
	if (s < 0) {
		js_free(request);
		return exit_from_err(s);
	}
	n = control_send_js(s, request, -1) ? control_receive(s, bytes, sizeof(bytes), fd) : 0;
	r = n > 0 ? read_answer(bytes, (size_t)n) : say_silent(name);
	if (socket != NULL && r == OPTIONS_GO_ON)
		*socket = s;
	else
		close(s);
	return r;
}
