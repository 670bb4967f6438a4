/*
 * A gateway for tests of the UPnP worker: a process that answers HTTP on the loopback, knows one mapping,
 * and is as odd as a test wants it.
 */
#ifndef TESTS_IGD_RIG_H
#define TESTS_IGD_RIG_H

#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum igd_oddity {
	IGD_PLAIN,
	IGD_ELSEWHERE, /* its control URL is another host's */
	IGD_NO_IGD,    /* its description is that of a printer */
	IGD_ENDLESS,   /* its description does not end */
	IGD_DRIPS,     /* its description takes for ever */
	IGD_FORGETFUL, /* it cannot say whose a mapping is */
	IGD_PERMANENT, /* only leases without an end */
	IGD_DEAF,      /* it does what it is told, and never answers AddPortMapping */
	IGD_RUBBISH,   /* its answers are no XML */
	IGD_LIAR,      /* it agrees to AddPortMapping and does nothing */
};

/**
 * struct igd_state - What the gateway has, which the test sees, and may set
 * @client, @port, @external, @description: The mapping; @external is 0 if there is none
 */
struct igd_state {
	volatile enum igd_oddity odd;
	volatile uint16_t external, port;
	volatile unsigned lease;
	char client[64], description[64];
};

/* The gateway's side: @state is shared memory. */
struct igd_rig {
	struct igd_state *state;
	pid_t pid;
	uint16_t port;
};

static inline void igd_say(int fd, int status, const char *body)
{
	char head[160];
	const int n = snprintf(head, sizeof(head),
			       "HTTP/1.1 %d X\r\nContent-Type: text/xml\r\nConnection: close\r\n"
			       "Content-Length: %zu\r\n\r\n",
			       status, strlen(body));

	send(fd, head, (size_t)n, MSG_NOSIGNAL);
	send(fd, body, strlen(body), MSG_NOSIGNAL);
}

static inline void igd_refuse(int fd, int code)
{
	char body[512];

	snprintf(body, sizeof(body),
		 "<s:Envelope><s:Body><s:Fault><detail><UPnPError><errorCode>%d</errorCode>"
		 "<errorDescription>no</errorDescription></UPnPError></detail></s:Fault></s:Body>"
		 "</s:Envelope>",
		 code);
	igd_say(fd, 500, body);
}

static inline void igd_agree(int fd, const char *action, const char *values)
{
	char body[1024];

	snprintf(body, sizeof(body),
		 "<s:Envelope><s:Body><u:%sResponse>%s</u:%sResponse></s:Body></s:Envelope>",
		 action, values, action);
	igd_say(fd, 200, body);
}

static inline void igd_flood(int fd, const char *more, unsigned pause_us)
{
	const char *head = "HTTP/1.1 200 OK\r\n\r\n<root>";

	send(fd, head, strlen(head), MSG_NOSIGNAL);
	while (send(fd, more, strlen(more), MSG_NOSIGNAL) > 0)
		usleep(pause_us);
}

static inline void igd_describe(int fd, enum igd_oddity odd)
{
	char body[2048], filler[4097];

	memset(filler, 'x', sizeof(filler) - 1);
	filler[sizeof(filler) - 1] = '\0';
	if (odd == IGD_ENDLESS || odd == IGD_DRIPS) {
		igd_flood(fd, odd == IGD_ENDLESS ? filler : "x", odd == IGD_ENDLESS ? 0 : 50000);
		return;
	}
	snprintf(body, sizeof(body),
		 "<root><device><deviceType>urn:schemas-upnp-org:device:%s:2</deviceType>"
		 "<friendlyName>A router</friendlyName><modelName>M\xc3\xb6 1</modelName>"
		 "<serviceList><service>"
		 "<serviceType>urn:schemas-upnp-org:service:%s:1</serviceType>"
		 "<controlURL>%s/ctl</controlURL></service></serviceList></device></root>",
		 odd == IGD_NO_IGD ? "Printer" : "InternetGatewayDevice",
		 odd == IGD_NO_IGD ? "Printing" : "WANIPConnection",
		 odd == IGD_ELSEWHERE ? "http://127.0.0.2:80" : "");
	igd_say(fd, 200, body);
}

/* The text of an argument of the request. */
static inline const char *igd_argument(const char *request, const char *name)
{
	static char out[64];
	char tag[64];
	const char *at;

	snprintf(tag, sizeof(tag), "<%s>", name);
	at = strstr(request, tag);
	snprintf(out, sizeof(out), "%.*s", at == NULL ? 0 : (int)strcspn(at + strlen(tag), "<"),
		 at == NULL ? "" : at + strlen(tag));
	return out;
}

static inline unsigned igd_number(const char *request, const char *name)
{
	return (unsigned)strtoul(igd_argument(request, name), NULL, 10);
}

static inline void igd_add(struct igd_state *s, int fd, const char *request)
{
	if (s->odd == IGD_PERMANENT && igd_number(request, "NewLeaseDuration") != 0) {
		igd_refuse(fd, 725);
		return;
	}
	if (s->odd == IGD_LIAR) {
		igd_agree(fd, "AddPortMapping", "");
		return;
	}
	s->external = (uint16_t)igd_number(request, "NewExternalPort");
	s->port = (uint16_t)igd_number(request, "NewInternalPort");
	s->lease = igd_number(request, "NewLeaseDuration");
	snprintf(s->client, sizeof(s->client), "%s", igd_argument(request, "NewInternalClient"));
	snprintf(s->description, sizeof(s->description), "%s",
		 igd_argument(request, "NewPortMappingDescription"));
	if (s->odd == IGD_DEAF)
		sleep(60);
	igd_agree(fd, "AddPortMapping", "");
}

static inline void igd_get(struct igd_state *s, int fd, const char *request)
{
	char values[512];

	if (s->odd == IGD_FORGETFUL) {
		igd_refuse(fd, 501);
		return;
	}
	if (s->external == 0 || igd_number(request, "NewExternalPort") != s->external) {
		igd_refuse(fd, 714);
		return;
	}
	snprintf(values, sizeof(values),
		 "<NewInternalPort>%u</NewInternalPort><NewInternalClient>%s</NewInternalClient>"
		 "<NewEnabled>1</NewEnabled>"
		 "<NewPortMappingDescription>%s</NewPortMappingDescription>"
		 "<NewLeaseDuration>%u</NewLeaseDuration>",
		 s->port, s->client, s->description, s->lease);
	igd_agree(fd, "GetSpecificPortMappingEntry", values);
}

static inline void igd_answer(struct igd_state *s, int fd, const char *request)
{
	if (strncmp(request, "GET ", 4) == 0) {
		igd_describe(fd, s->odd);
	} else if (s->odd == IGD_RUBBISH) {
		igd_say(fd, 200, "\x01\x02<<<>>>&&&<a><b><a></");
	} else if (strstr(request, "#AddPortMapping") != NULL) {
		igd_add(s, fd, request);
	} else if (strstr(request, "#GetSpecificPortMappingEntry") != NULL) {
		igd_get(s, fd, request);
	} else if (strstr(request, "#DeletePortMapping") != NULL) {
		s->external = 0;
		igd_agree(fd, "DeletePortMapping", "");
	} else if (strstr(request, "#GetStatusInfo") != NULL) {
		igd_agree(fd, "GetStatusInfo",
			  "<NewConnectionStatus>Connected</NewConnectionStatus>");
	} else if (strstr(request, "#GetExternalIPAddress") != NULL) {
		igd_agree(fd, "GetExternalIPAddress",
			  "<NewExternalIPAddress>192.0.2.7</NewExternalIPAddress>");
	} else {
		igd_refuse(fd, 401);
	}
}

/* Head and body: a request of miniupnpc has a length, or no body. */
static inline void igd_serve_one(struct igd_state *s, int fd)
{
	char request[4096];
	size_t len = 0, whole = sizeof(request) - 1;
	ssize_t n;

	while (len < whole && (n = recv(fd, request + len, whole - len, 0)) > 0) {
		const char *end, *length;

		len += (size_t)n;
		request[len] = '\0';
		end = strstr(request, "\r\n\r\n");
		if (end == NULL)
			continue;
		length = strcasestr(request, "content-length:");
		whole = (size_t)(end - request) + 4 +
			(length != NULL ? strtoul(length + 15, NULL, 10) : 0);
	}
	request[len] = '\0';
	igd_answer(s, fd, request);
	close(fd);
}

/* A process for each connection, since some take long. */
static inline void igd_serve(struct igd_state *s, int listener)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGCHLD, SIG_IGN);
	for (;;) {
		const int fd = accept(listener, NULL, NULL);

		if (fork() == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			igd_serve_one(s, fd);
			_exit(0);
		}
		close(fd);
	}
}

/* Several at once are at different hosts: 127.0.0.@host. */
static inline struct igd_rig igd_rig_new_at(enum igd_oddity odd, uint8_t host)
{
	struct sockaddr_in at = {.sin_family = AF_INET,
				 .sin_addr.s_addr = htonl(0x7f000000u + host)};
	socklen_t len = sizeof(at);
	const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct igd_rig g = {.state = mmap(NULL, sizeof(*g.state), PROT_READ | PROT_WRITE,
					  MAP_SHARED | MAP_ANONYMOUS, -1, 0)};

	assert_true(fd >= 0 && g.state != MAP_FAILED);
	g.state->odd = odd;
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(fd, 8), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	g.port = ntohs(at.sin_port);
	g.pid = fork();
	assert_true(g.pid >= 0);
	if (g.pid == 0)
		igd_serve(g.state, fd);
	close(fd);
	return g;
}

static inline struct igd_rig igd_rig_new(enum igd_oddity odd)
{
	return igd_rig_new_at(odd, 1);
}

static inline void igd_rig_free(struct igd_rig *g)
{
	kill(g->pid, SIGKILL);
	waitpid(g->pid, NULL, 0);
	munmap(g->state, sizeof(*g->state));
}

#endif
