/*
 * One request to an Internet gateway device, over HTTP and SOAP, by miniupnpc.
 *
 * For a process that ends with the request: it reads what a gateway sends, waits as long as that takes, and
 * frees nothing.
 */
#ifndef IO_UPNP_IGD_H
#define IO_UPNP_IGD_H

#include "wire/upnp_msg.h"

/**
 * upnp_igd_ask() - Do what is requested
 * @a:		Its @id and @op are the request's already
 * @ours:	The mapping was made in this run: it is ours even if the gateway cannot say whose it is
 *
 * No mapping of another client or to another port of ours is changed or deleted, nor one that has
 * another description, unless it is @ours: that is error 718. What was added is looked for:
 * UPNP_RESULT_GARBAGE if it is not there.
 */
void upnp_igd_ask(struct upnp_reply *a, const struct upnp_request *q, bool ours);

#endif
