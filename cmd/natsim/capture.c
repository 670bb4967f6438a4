#include "capture.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "face/log.h"
#include "io/clock.h"
#include "sim/net_pcap.h"

/**
 * struct capture - A file being written
 * @failed:	It cannot be, and that has been said
 */
struct capture {
	struct net_pcap pcap;
	FILE *file;
	const char *path;
	const struct topology *topology;
	bool failed;
};

static void name_place(void *user, enum net_place place, int number,
		       char name[static NET_PCAP_NAME])
{
	const struct capture *c = user;

	if (place == NET_AT_HOST)
		snprintf(name, NET_PCAP_NAME, "%s", c->topology->hosts[number].name);
	else
		snprintf(name, NET_PCAP_NAME, "%.50s %s", c->topology->nodes[number].name,
			 place == NET_NODE_INSIDE ? "inside" : "outside");
}

static void say_failed(const char *path)
{
	char quoted[LOG_QUOTED];

	log_line(LEVEL_ERROR, "cannot write %s: %s", log_quote(quoted, sizeof(quoted), path),
		 strerror(errno));
}

struct capture *capture_open(const char *path, const struct topology *t)
{
	struct capture *c = calloc(1, sizeof(*c));

	if (c != NULL)
		c->file = fopen(path, "we");
	if (c == NULL || c->file == NULL) {
		say_failed(path);
		free(c);
		return NULL;
	}
	c->path = path;
	c->topology = t;
	net_pcap_begin(&c->pcap, c->file, clock_unix() - clock_monotonic(), name_place, c);
	return c;
}

void capture_tap(struct capture *c, enum net_place place, int number, const struct packet *p,
		 nk_time now)
{
	if (!c->failed)
		net_pcap_tap(&c->pcap, place, number, p, now);
}

void capture_flush(struct capture *c)
{
	if (c->failed || (fflush(c->file) == 0 && !ferror(c->file)))
		return;
	say_failed(c->path);
	c->failed = true;
}

void capture_close(struct capture *c)
{
	if (c == NULL)
		return;
	capture_flush(c);
	fclose(c->file);
	free(c);
}
