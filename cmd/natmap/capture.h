/* Packets as they leave and as they are quoted, by libpcap: what a UDP socket does not tell. */
#ifndef NATMAP_CAPTURE_H
#define NATMAP_CAPTURE_H

#include "core/natmap/options.h"
#include "quotes.h"

struct capture; /* capture_open() to capture_close(), which takes NULL */

/* Return: NULL where that is not permitted (CAP_NET_RAW): it can be done without. */
struct capture *capture_open(void);
void capture_close(struct capture *c);

/* From now on, what goes to these servers is seen, too. Needs no privilege. */
void capture_follow(struct capture *c, const struct natmap_options *options);

/* Adds what has been seen since. */
void capture_read(struct capture *c, struct quotes *q);

#endif
