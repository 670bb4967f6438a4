/*
 * The line to the UPnP worker: requests of several askers, one at a time, and whose answer came.
 *
 * UPnP is HTTP and XML from a hostile network: it is done by miniupnpc in a process of its own, which has no
 * privileges, little memory and little time (io/upnp.h). A core sees it as a stream of records
 * (wire/upnp_msg.h), one request and one answer each.
 */
#ifndef CORE_PORTMAP_UPNP_LINE_H
#define CORE_PORTMAP_UPNP_LINE_H

#include "core/core.h"
#include "wire/upnp_msg.h"

#define UPNP_LINE_WAITING 32

/**
 * struct upnp_line - Requests that wait, and the one that is being answered
 * @stream:	Its id
 * @broken:	The worker is gone: every request is answered with UPNP_RESULT_GONE
 */
struct upnp_line {
	uint32_t stream;
	bool opening, open, broken, reading, busy;
	uint32_t next_id;
	unsigned count;
	struct upnp_request waiting[UPNP_LINE_WAITING];
	bool answered;
	struct upnp_reply reply;
};

void upnp_line_init(struct upnp_line *l, uint32_t stream);

/* Return: the id that the reply will have, or 0 if too many wait. */
uint32_t upnp_line_ask(struct upnp_line *l, const struct upnp_request *request);

/* Return: true if the event was its own. A reply is then to be fetched by upnp_line_take(). */
bool upnp_line_input(struct upnp_line *l, const struct event *ev);
bool upnp_line_output(struct upnp_line *l, struct action *action);

/* The reply to request @id if it has come; it is taken. */
bool upnp_line_take(struct upnp_line *l, uint32_t id, struct upnp_reply *out);

#endif
