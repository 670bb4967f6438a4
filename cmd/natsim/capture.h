/* What is sent in a world, as a file for packet dissectors: natsim's --pcap. */
#ifndef NATSIM_CAPTURE_H
#define NATSIM_CAPTURE_H

#include "base/time.h"
#include "sim/net.h"
#include "topology.h"

struct capture;

/* Begins a file. @t is borrowed as long as it lasts. Return: NULL, which has been told; what it
 * returns is ended with capture_close(). */
struct capture *capture_open(const char *path, const struct topology *t);

/* As net_hooks.tap. Times are of CLOCK_MONOTONIC. */
void capture_tap(struct capture *c, enum net_place place, int number, const struct packet *p,
		 nk_time now);

/* For who reads the file as it grows. Says, once, if it cannot be written. */
void capture_flush(struct capture *c);

void capture_close(struct capture *c); /* takes NULL */

#endif
