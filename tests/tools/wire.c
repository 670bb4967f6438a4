/*
 * wire NS1 IF1 NS2 IF2 DELAY_US - A point-to-point wire with delay
 *
 * Makes a TUN device in each of two named network namespaces, and carries
 * packets from one to the other after DELAY_US microseconds; if that is 0, with
 * nothing but read() and write(): the least that any such program does. Prints "ready"
 * when both exist. The devices go when the program ends, on SIGTERM.
 * Kernels without netem have no other way to be slow.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#define PACKET_MAX 2048
#define QUEUE_MAX  4096 /* packets under way in one direction; more are lost */
#define SECOND_NS  1000000000LL

struct packet {
	int64_t due;
	size_t len;
	uint8_t data[PACKET_MAX];
};

/* All packets are delayed alike, so a direction is a plain ring. */
struct direction {
	int from, to;
	unsigned head, count;
	struct packet ring[QUEUE_MAX];
};

static volatile sig_atomic_t stop;

static void on_signal(int number)
{
	(void)number;
	stop = 1;
}

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * SECOND_NS + t.tv_nsec;
}

/* Leaves the process in the namespace: the next call moves it on. */
static int open_tun(const char *netns, const char *interface)
{
	struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
	char path[128];
	int ns, fd;

	snprintf(path, sizeof(path), "/run/netns/%s", netns);
	ns = open(path, O_RDONLY | O_CLOEXEC);
	if (ns < 0 || setns(ns, CLONE_NEWNET) != 0) {
		perror(path);
		exit(1);
	}
	close(ns);

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", interface);
	fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || ioctl(fd, TUNSETIFF, &request) != 0) {
		perror("/dev/net/tun");
		exit(1);
	}
	return fd;
}

static void put(const struct direction *d, const uint8_t *data, size_t len)
{
	if (write(d->to, data, len) < 0 && errno == EBADFD)
		exit(0); /* the interface was deleted */
}

static void pass(const struct direction *d)
{
	static uint8_t data[PACKET_MAX];
	ssize_t n;

	while ((n = read(d->from, data, sizeof(data))) > 0)
		put(d, data, (size_t)n);
}

/* Takes all that waits at one end. */
static void take(struct direction *d, int64_t delay)
{
	static uint8_t surplus[PACKET_MAX];

	for (;;) {
		struct packet *p = &d->ring[(d->head + d->count) % QUEUE_MAX];
		const bool full = d->count == QUEUE_MAX;
		const ssize_t n = read(d->from, full ? surplus : p->data, PACKET_MAX);

		if (n <= 0)
			return;
		if (full)
			continue;
		p->len = (size_t)n;
		p->due = now_ns() + delay;
		d->count++;
	}
}

/* Gives what is due to the other end, and returns when the next packet is due. */
static int64_t give(struct direction *d)
{
	while (d->count > 0) {
		const struct packet *p = &d->ring[d->head];

		if (p->due > now_ns())
			return p->due;
		put(d, p->data, p->len);
		d->head = (d->head + 1) % QUEUE_MAX;
		d->count--;
	}
	return INT64_MAX;
}

static void wait_until(struct direction d[static 2], int64_t due)
{
	struct pollfd fds[2] = {
		{.fd = d[0].from, .events = POLLIN},
		{.fd = d[1].from, .events = POLLIN},
	};
	int64_t left = due - now_ns();
	struct timespec t;

	if (left < 0)
		left = 0;
	if (left > SECOND_NS)
		left = SECOND_NS;
	t = (struct timespec){.tv_sec = left / SECOND_NS, .tv_nsec = left % SECOND_NS};
	ppoll(fds, 2, &t, NULL);
}

int main(int argc, char **argv)
{
	static struct direction d[2];
	int64_t delay;

	if (argc != 6) {
		fprintf(stderr, "usage: wire NS1 IF1 NS2 IF2 DELAY_US\n");
		return 2;
	}
	delay = strtol(argv[5], NULL, 10) * 1000LL;
	signal(SIGTERM, on_signal);
	signal(SIGINT, on_signal);
	prctl(PR_SET_TIMERSLACK, 1000UL);

	d[0].from = d[1].to = open_tun(argv[1], argv[2]);
	d[1].from = d[0].to = open_tun(argv[3], argv[4]);
	puts("ready");
	fflush(stdout);

	while (!stop) {
		int64_t a, b;

		for (int i = 0; i < 2; i++) {
			if (delay > 0)
				take(&d[i], delay);
			else
				pass(&d[i]);
		}
		a = give(&d[0]);
		b = give(&d[1]);
		wait_until(d, a < b ? a : b);
	}
	return 0;
}
