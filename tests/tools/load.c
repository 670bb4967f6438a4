/*
 * load serve PORT
 *	Echoes pings, and says what has arrived. Ends with its host.
 * load flood ADDRESS PORT SECONDS
 *	Sends as fast as it can; prints how many packets a second arrived.
 * load ping ADDRESS PORT COUNT
 *	One ping after the other, 2 ms apart; prints in microseconds the median of the round trips,
 *	and median and 99th percentile of the times there (both sides have the same clock).
 */
#include <arpa/inet.h>
#include <inttypes.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BATCH     64
#define GAP_NS    2000000L
#define COUNT_MAX 100000
#define AGAIN_MS  300
#define SECOND_NS 1000000000LL

enum kind { PING, FLOOD, ASK };

struct message {
	uint32_t kind, number;
	int64_t sent, received;
	uint64_t counted;
};

static int64_t ns(const struct timespec *t)
{
	return t->tv_sec * SECOND_NS + t->tv_nsec;
}

/* By the clock with which the kernel stamps packets. */
static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return ns(&t);
}

static _Noreturn void fail(const char *what)
{
	perror(what);
	exit(1);
}

static struct sockaddr_in endpoint(const char *address, const char *port)
{
	struct sockaddr_in sa = {.sin_family = AF_INET};

	sa.sin_port = htons((uint16_t)strtoul(port, NULL, 10));
	if (inet_pton(AF_INET, address, &sa.sin_addr) != 1)
		fail(address);
	return sa;
}

/* Packets that interfaces have received: more than we could take from the socket. */
static uint64_t received(void)
{
	FILE *f = fopen("/proc/net/dev", "r");
	char line[512];
	uint64_t all = 0;

	while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
		const char *counters = strchr(line, ':');
		uint64_t packets;

		if (counters != NULL && sscanf(counters, ": %*u %" SCNu64, &packets) == 1)
			all += packets;
	}
	if (f != NULL)
		fclose(f);
	return all;
}

/* Notes when the kernel took it: that this process wakes up later is no fault of the path. */
static bool receive(int fd, struct message *m, struct sockaddr_in *from)
{
	union {
		char bytes[CMSG_SPACE(sizeof(struct timespec))];
		struct cmsghdr align;
	} control;
	struct iovec io = {.iov_base = m, .iov_len = sizeof(*m)};
	struct msghdr h = {
		.msg_name = from,
		.msg_namelen = sizeof(*from),
		.msg_iov = &io,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	const struct cmsghdr *c;
	struct timespec t;

	if (recvmsg(fd, &h, 0) != sizeof(*m))
		return false;
	c = CMSG_FIRSTHDR(&h);
	if (c == NULL || c->cmsg_type != SCM_TIMESTAMPNS)
		return false;
	memcpy(&t, CMSG_DATA(c), sizeof(t));
	m->received = ns(&t);
	return true;
}

static void serve(int fd)
{
	const int on = 1;

	setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on));
	for (;;) {
		struct sockaddr_in from;
		struct message m;

		if (!receive(fd, &m, &from))
			continue;
		if (m.kind == ASK)
			m.counted = received();
		if (m.kind != FLOOD)
			sendto(fd, &m, sizeof(m), 0, (struct sockaddr *)&from, sizeof(from));
	}
}

/* Sends a message until it is answered. */
static struct message ask(int fd, struct message m)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	struct message answer = {.number = m.number + 1};

	do {
		send(fd, &m, sizeof(m), 0);
		while (answer.number != m.number && poll(&p, 1, AGAIN_MS) > 0) {
			if (recv(fd, &answer, sizeof(answer), 0) != sizeof(answer))
				answer.number = m.number + 1; /* refused: it is not there yet */
		}
	} while (answer.number != m.number);
	return answer;
}

static void flood(int fd, int64_t duration)
{
	struct message m = {.kind = FLOOD};
	struct iovec io = {.iov_base = &m, .iov_len = sizeof(m)};
	struct mmsghdr batch[BATCH];
	const uint64_t before = ask(fd, (struct message){.kind = ASK, .number = 1}).counted;
	const int64_t start = now_ns();
	int64_t took;
	uint64_t after;

	for (unsigned i = 0; i < BATCH; i++)
		batch[i] = (struct mmsghdr){.msg_hdr = {.msg_iov = &io, .msg_iovlen = 1}};
	while (now_ns() - start < duration)
		sendmmsg(fd, batch, BATCH, 0);
	took = now_ns() - start;
	after = ask(fd, (struct message){.kind = ASK, .number = 2}).counted;
	printf("%.0f\n", (double)(after - before) / ((double)took / SECOND_NS));
}

static int compare(const void *a, const void *b)
{
	const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static double quantile_us(int64_t *times, uint32_t count, double share)
{
	qsort(times, count, sizeof(*times), compare);
	return (double)times[(uint32_t)(share * (count - 1))] / 1000;
}

static void ping(int fd, uint32_t count)
{
	static int64_t there[COUNT_MAX], round[COUNT_MAX];
	const struct timespec gap = {.tv_nsec = GAP_NS};

	ask(fd, (struct message){.kind = PING});
	for (uint32_t i = 0; i < count; i++) {
		const int64_t sent = now_ns();
		const struct message m =
			ask(fd, (struct message){.kind = PING, .number = i + 1, .sent = sent});

		round[i] = now_ns() - sent;
		there[i] = m.received - m.sent;
		nanosleep(&gap, NULL);
	}
	printf("%.1f %.1f %.1f\n", quantile_us(round, count, 0.5), quantile_us(there, count, 0.5),
	       quantile_us(there, count, 0.99));
}

int main(int argc, char **argv)
{
	const int fd = socket(AF_INET, SOCK_DGRAM, 0);
	struct sockaddr_in sa;
	const char *what = argc > 1 ? argv[1] : "";
	unsigned long amount;

	if (argc == 3 && strcmp(what, "serve") == 0) {
		sa = endpoint("0.0.0.0", argv[2]);
		if (bind(fd, (struct sockaddr *)&sa, sizeof(sa)) != 0)
			fail("bind");
		serve(fd);
	}
	if (argc != 5) {
		fprintf(stderr,
			"usage: load serve PORT | load flood|ping ADDRESS PORT SECONDS|COUNT\n");
		return 2;
	}
	sa = endpoint(argv[2], argv[3]);
	if (connect(fd, (struct sockaddr *)&sa, sizeof(sa)) != 0)
		fail("connect");
	amount = strtoul(argv[4], NULL, 10);
	if (strcmp(what, "flood") == 0)
		flood(fd, (int64_t)amount * SECOND_NS);
	else
		ping(fd, amount < COUNT_MAX ? (uint32_t)amount : COUNT_MAX);
	return 0;
}
