/*
 * The UDP socket of another program, kept alive from outside: packets leave from its port by libnet,
 * and STUN that comes to it is seen by libpcap. A socket of ours on that port (SO_REUSEPORT) would
 * take away a part of its traffic; so it gets our answers too, and must pass over what it did not
 * ask for, as any program on an open port must.
 */
#ifndef NATKEEPALIVE_SHARE_H
#define NATKEEPALIVE_SHARE_H

#include "io/run.h"

struct share; /* share_open() to share_close() */

/**
 * share_open() - Opens the raw means, which takes CAP_NET_RAW; nothing needs it from then on
 * @interface:	Only through this one, or NULL
 *
 * Return: NULL, having said why: *@status is set to the exit status to end with.
 */
struct share *share_open(uint16_t port, const char *interface, int *status);
void share_close(struct share *s);

/* Says what becomes of the program that has the port, or that none has it. */
void share_tell(uint16_t port);

/* Becomes readable when something was seen. */
int share_fd(const struct share *s);

/* For run_options.shared. */
struct run_shared share_callbacks(struct share *s);

#endif
