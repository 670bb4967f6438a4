/*
 * responder ADDRESS PORT
 *
 * The least that answers STUN Binding requests: what comes is read and answered in batches, and
 * looked at only as far as an answer needs. So it shows what the kernel's way of a datagram allows.
 */
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define BATCH   64
#define ROOM    512
#define REQUEST 20
#define ANSWER  32
#define QUEUE   (8 << 20) /* bytes */

struct batch {
	struct mmsghdr msgs[BATCH];
	struct iovec iov[BATCH];
	struct sockaddr_in names[BATCH];
	uint8_t data[BATCH][ROOM];
};

static _Noreturn void fail(const char *what)
{
	perror(what);
	exit(1);
}

static int serve(const char *address, const char *port)
{
	const int fd = socket(AF_INET, SOCK_DGRAM, 0), queue = QUEUE;
	struct sockaddr_in sa = {.sin_family = AF_INET};

	sa.sin_port = htons((uint16_t)strtoul(port, NULL, 10));
	if (inet_pton(AF_INET, address, &sa.sin_addr) != 1)
		fail(address);
	if (fd < 0 || bind(fd, (struct sockaddr *)&sa, sizeof(sa)) != 0)
		fail("bind");
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &queue, sizeof(queue));
	return fd;
}

/* Makes of a Binding request its answer: XOR-MAPPED-ADDRESS alone (RFC 8489 section 14.2). */
static size_t answer(uint8_t *bytes, size_t len, const struct sockaddr_in *from)
{
	static const uint8_t request[2] = {0x00, 0x01},
			     success[4] = {0x01, 0x01, 0, ANSWER - REQUEST};
	static const uint8_t mapped[6] = {0x00, 0x20, 0, 8, 0, 1};
	const uint16_t port = from->sin_port ^ htons(0x2112);
	const uint32_t ip = from->sin_addr.s_addr ^ htonl(0x2112A442);

	if (len < REQUEST || memcmp(bytes, request, sizeof(request)) != 0)
		return 0;
	memcpy(bytes, success, sizeof(success));
	memcpy(bytes + REQUEST, mapped, sizeof(mapped));
	memcpy(bytes + REQUEST + 6, &port, sizeof(port));
	memcpy(bytes + REQUEST + 8, &ip, sizeof(ip));
	return ANSWER;
}

static void turn(int fd, struct batch *b)
{
	int n, done = 0;

	for (unsigned i = 0; i < BATCH; i++) {
		b->iov[i] = (struct iovec){b->data[i], ROOM};
		b->msgs[i].msg_hdr = (struct msghdr){.msg_name = &b->names[i],
						     .msg_namelen = sizeof(b->names[i]),
						     .msg_iov = &b->iov[i],
						     .msg_iovlen = 1};
	}
	n = recvmmsg(fd, b->msgs, BATCH, MSG_WAITFORONE, NULL);
	for (int i = 0; i < n; i++)
		b->iov[i].iov_len = answer(b->data[i], b->msgs[i].msg_len, &b->names[i]);
	while (done < n) {
		const int sent = sendmmsg(fd, b->msgs + done, (unsigned)(n - done), 0);

		done += sent > 0 ? sent : 1; /* what cannot be sent is left out */
	}
}

int main(int argc, char *argv[])
{
	static struct batch batch;
	int fd;

	if (argc != 3) {
		fprintf(stderr, "usage: responder ADDRESS PORT\n");
		return 2;
	}
	fd = serve(argv[1], argv[2]);
	for (;;)
		turn(fd, &batch);
}
