/*
 * Trials by ICMP echo: the kernel answers the ping, and the broker sees what was in it.
 *
 * The id of the ping, as the NAT has changed it, is what a port is for UDP.
 */
#include "core/broker/state.h"
#include "wire/icmp_echo.h"

/* All pings of the machine come by here; but for trials they are nobody's business. */
void icmp_trial_input(struct broker *b, const struct event *ev, nk_time now)
{
	const struct addr *listen = &b->config.listen[ev->id - 2 * b->config.listen_count];
	struct icmp_echo echo;
	struct stun_msg msg;
	struct request q = {.msg = &msg, .at = {.id = ev->id}, .local = ev->local, .now = now};

	if (icmp_echo_read(&echo, addr_family(&ev->from), ev->data, ev->len) != 0 ||
	    !echo.request || echo.id == 0 || stun_read(&msg, echo.payload, echo.len) != 0 ||
	    msg.method != PROBE_TRIAL || msg.cls != STUN_INDICATION)
		return;
	b->stats.datagrams_in++;
	b->stats.bytes_in += addr_overhead(&ev->from) + echo.len;
	q.from = addr_with_port(ev->from, echo.id);
	q.len = echo.len;
	q.at.sequence = echo.sequence;
	if (addr_is_any(listen))
		q.at.local = ev->local;
	probe_service_input(b, &q);
}

void icmp_trial_copy(struct action *action, const struct trial *t)
{
	const struct icmp_echo reply = {
		.id = t->from.port,
		.sequence = t->at.sequence,
		.len = action->len - ICMP_ECHO_HEADER,
	};

	icmp_echo_finish(action->data, addr_family(&t->from), &reply);
	action->to = addr_with_port(t->from, 0);
}
