#include "stats.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "face/exit.h"
#include "face/format.h"
#include "face/js.h"
#include "face/log.h"
#include "io/sockaddr.h"
#include "stats_text.h"

#define REQUEST     "GET /metrics HTTP/1.0\r\n\r\n"
#define ANSWER_MAX  65536 /* bytes */
#define PATIENCE_S  5
#define INFO        "\nnatbroker_info{version=\""
#define VERSION_MAX 32

static bool exchange(int fd, char answer[static ANSWER_MAX])
{
	size_t len = 0;
	ssize_t n;

	if (send(fd, REQUEST, strlen(REQUEST), MSG_NOSIGNAL) != (ssize_t)strlen(REQUEST))
		return false;
	do {
		n = recv(fd, answer + len, ANSWER_MAX - 1 - len, 0);
		len += n > 0 ? (size_t)n : 0;
	} while (n > 0);
	answer[len] = '\0';
	return n == 0;
}

/* Return: false, and errno. */
static bool ask(const struct addr *at, char answer[static ANSWER_MAX])
{
	const struct timeval patience = {.tv_sec = PATIENCE_S};
	union sockaddr_ip sa;
	const socklen_t len = sockaddr_from(&sa, at, 0);
	const int fd = socket(sa.sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool ok;
	int err;

	if (fd < 0)
		return false;
	ok = setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) == 0 &&
	     setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) == 0 &&
	     connect(fd, &sa.sa, len) == 0 && exchange(fd, answer);
	err = errno;
	close(fd);
	errno = err;
	return ok;
}

/* What follows the head of an answer that says 200; NULL if it says something else. */
static char *body_of(char *answer)
{
	char *end = strstr(answer, "\r\n\r\n");

	if (strncmp(answer, "HTTP/1.", 7) != 0 || strncmp(answer + 8, " 200 ", 5) != 0)
		return NULL;
	return end != NULL ? end + 4 : NULL;
}

/* The version of the natbroker whose numbers these are. Return: false: they are another's. */
static bool version_of(const char *body, char version[static VERSION_MAX])
{
	const char *info = strstr(body, INFO);

	return info != NULL && sscanf(info, INFO "%31[0-9A-Za-z.+~-]\"}", version) == 1;
}

static void print_text(char *body)
{
	struct stats_line l = {.help = NULL};

	while (stats_next(&body, &l)) {
		printf("%17.15g  %s", l.value, l.help != NULL ? l.help : l.name);
		if (l.label != NULL)
			printf(" (%s)", l.label);
		putchar('\n');
	}
}

static void put_number(struct js object, const char *key, double value)
{
	if (value == trunc(value))
		js_put_int(object, key, (int64_t)value);
	else
		js_put_seconds(object, key, value);
}

static int print_json(char *body, const char *version, const char *server)
{
	struct stats_line l = {.help = NULL};
	char family[64] = "";
	bool failed;
	struct js root = js_object(&failed), numbers, labelled = root;
	int rc;

	js_put_text(root, "schema", "natkit.natbroker-stats/1");
	js_put_text(root, "version", version);
	js_put_text(root, "server", server);
	numbers = js_put_object(root, "numbers");
	while (stats_next(&body, &l)) {
		if (l.label != NULL && strcmp(family, l.name) != 0) {
			snprintf(family, sizeof(family), "%s", l.name);
			labelled = js_put_object(numbers, l.name);
		}
		put_number(l.label != NULL ? labelled : numbers, l.label != NULL ? l.label : l.name,
			   l.value);
	}
	rc = js_print(root, stdout, isatty(STDOUT_FILENO) != 0);
	js_free(root);
	return rc;
}

int stats_run(const struct addr *at, int format)
{
	static char answer[ANSWER_MAX];
	char text[ADDR_TEXT], version[VERSION_MAX], *body;
	int rc = 0;

	addr_text(at, text);
	if (!ask(at, answer)) {
		log_line(LEVEL_ERROR, "no broker serves its numbers at %s: %s", text,
			 strerror(errno));
		return EXIT_UNREACHABLE;
	}
	body = body_of(answer);
	if (body == NULL || !version_of(body, version)) {
		log_line(LEVEL_ERROR, "what answers at %s is no natbroker", text);
		return EXIT_UNREACHABLE;
	}
	if (format_settle(format) == FORMAT_JSON)
		rc = print_json(body, version, text);
	else
		print_text(body);
	if (rc == 0 && fflush(stdout) != 0)
		rc = NK_ERR_SYSTEM;
	return exit_from_err(rc);
}
