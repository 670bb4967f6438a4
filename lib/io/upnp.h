/*
 * The UPnP worker: a process of its own that speaks HTTP and SOAP with a gateway, by miniupnpc.
 *
 * What a gateway sends is hostile: XML that does not end, a byte a minute, URLs that lead elsewhere. So each
 * request is done by a process that the worker starts for it, which has neither privileges nor much memory, and
 * is killed after four seconds. The worker itself reads nothing of it, and outlives us: should we die, it deletes
 * the mappings that were to be held (struct upnp_request, @hold), and ends.
 */
#ifndef IO_UPNP_H
#define IO_UPNP_H

#include <sys/types.h>

/**
 * struct upnp_worker - The process and our end of the line
 * @fd:		A SOCK_SEQPACKET socket: records of wire/upnp_msg.h; -1: none was started
 */
struct upnp_worker {
	int fd;
	pid_t pid;
};

/* Starts it; must be called before the process has other threads. Return: 0 or NK_ERR_SYSTEM (errno). */
int upnp_worker_start(struct upnp_worker *w);

/*
 * Ends it: what was to be held and was not deleted is deleted first. That is waited for, but two seconds at most:
 * it goes on without us.
 */
void upnp_worker_stop(struct upnp_worker *w);

#endif
