/*
 *          TUN "lan"                        TUN "wan"
 *	a, b, q ---- i  the kernel's NAT  n ---- s, t, r
 *
 * This process is all of them but i and n.
 */
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "io/clock.h"
#include "kernel_nat.h"
#include "stage.h"
#include "wire/ip.h"

enum { WAN, LAN };

struct kernel_stage {
	struct stage stage;
	int tun[2];
	nk_time began;
};

/* What the kernel has to say itself to its neighbours. */
static bool is_multicast(const uint8_t *bytes, ssize_t len)
{
	return len >= IP_V6_HEADER && bytes[0] >> 4 == 6 && bytes[24] == 0xff;
}

/* Takes what waits at either device. */
static void take(struct kernel_stage *k)
{
	uint8_t bytes[STAGE_PACKET_MAX];

	for (int side = WAN; side <= LAN; side++) {
		for (;;) {
			const ssize_t n = read(k->tun[side], bytes, sizeof(bytes));

			if (n <= 0)
				break;
			if (!is_multicast(bytes, n))
				k->stage.came(k->stage.user, side == LAN, bytes, (size_t)n);
		}
	}
}

static nk_time until(struct stage *s, nk_time at)
{
	struct kernel_stage *k = (struct kernel_stage *)s;
	struct pollfd fds[] = {{.fd = k->tun[WAN], .events = POLLIN},
			       {.fd = k->tun[LAN], .events = POLLIN}};

	for (;;) {
		const nk_time now = clock_boottime() - k->began;
		const nk_time left = at - now;
		const struct timespec t = {.tv_sec = left / NK_S, .tv_nsec = left % NK_S * 1000};

		take(k);
		if (left <= 0)
			return now;
		ppoll(fds, 2, &t, NULL);
	}
}

static void send_bytes(struct stage *s, bool inside, const uint8_t *bytes, size_t len)
{
	const struct kernel_stage *k = (struct kernel_stage *)s;

	if (write(k->tun[inside ? LAN : WAN], bytes, len) != (ssize_t)len) {
		perror("TUN device");
		abort();
	}
}

static void close_stage(struct stage *s)
{
	struct kernel_stage *k = (struct kernel_stage *)s;

	close(k->tun[WAN]);
	close(k->tun[LAN]);
	free(k);
}

/* Return: a descriptor, or -1 and errno. */
static int open_tun(const char *name)
{
	struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
	const int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	if (fd >= 0 && ioctl(fd, TUNSETIFF, &request) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

struct stage *kernel_stage(const struct script *script, stage_came *came, void *user,
			   const char **why)
{
	struct kernel_stage *k = calloc(1, sizeof(*k));

	if (k == NULL || unshare(CLONE_NEWNET) != 0) {
		*why = "no network namespace";
		free(k);
		return NULL;
	}
	k->stage = (struct stage){until, send_bytes, close_stage, came, user};
	k->tun[LAN] = open_tun("lan");
	k->tun[WAN] = open_tun("wan");
	if (k->tun[LAN] < 0 || k->tun[WAN] < 0) {
		*why = "no TUN device";
		close_stage(&k->stage);
		return NULL;
	}
	if (!kernel_nat_set(script)) {
		fprintf(stderr, "nat_script: the kernel does not take this NAT\n");
		exit(1);
	}
	prctl(PR_SET_TIMERSLACK, 1UL);
	k->began = clock_boottime();
	return &k->stage;
}
