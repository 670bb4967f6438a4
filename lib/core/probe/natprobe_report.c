/* A natprobe run's result: what its parts know, and how far it has come. */
#include <stdio.h>

#include "core/probe/natprobe_parts.h"

#define PORT_SAMPLES 512

static void add_fault(struct natprobe *p, enum fault_kind kind, const struct addr *server,
		      unsigned count)
{
	struct probe_result *r = &p->result;

	if (r->fault_count < PROBE_FAULTS_MAX)
		r->faults[r->fault_count++] =
			(struct server_fault){.kind = kind, .server = *server, .count = count};
}

void report_faults(struct natprobe *p)
{
	static const enum fault_kind kinds[EXCHANGE_FAULTS] = {
		[EXCHANGE_WRONG_SOURCE] = FAULT_WRONG_SOURCE,
		[EXCHANGE_WRONG_TID] = FAULT_WRONG_TID,
		[EXCHANGE_GARBAGE] = FAULT_GARBAGE,
	};
	const struct classify *c = &p->classify;

	p->result.fault_count = 0;
	for (unsigned i = 0; i < EXCHANGE_FAULTS; i++)
		if (p->exchanges.faults[i] > 0)
			add_fault(p, kinds[i], &p->exchanges.fault_source[i],
				  p->exchanges.faults[i]);
	if (c->other_is_self)
		add_fault(p, FAULT_OTHER_IS_SELF, &p->result.other_address, 1);
	if (c->other_silent)
		add_fault(p, FAULT_OTHER_SILENT, &p->result.other_address, 1);
	if (c->change_ignored)
		add_fault(p, FAULT_CHANGE_IGNORED, &p->result.server, 1);
	if (c->change_refused)
		add_fault(p, FAULT_CHANGE_REFUSED, &p->result.server, 1);
	for (unsigned i = 0; i < p->options.server_count; i++)
		if (p->find[i] != NULL && p->find[i]->state != EXCHANGE_ANSWERED)
			add_fault(p, FAULT_NO_ANSWER, &p->options.servers[i], p->find[i]->repeats);
}

static void add_public(struct probe_result *r, const struct addr *a)
{
	struct addr ip = addr_with_port(*a, 0);

	for (unsigned i = 0; i < r->public_count; i++)
		if (addr_same_ip(&r->public_addrs[i], &ip))
			return;
	if (r->public_count < PROBE_PUBLIC_MAX)
		r->public_addrs[r->public_count++] = ip;
}

/* Pairs of ports in the order in which the mappings were made: by the classification, then by the fan. */
static unsigned port_samples(const struct natprobe *p, struct port_sample *out, unsigned max)
{
	const bool by_flow = p->result.mapping.cls == CLASS_ADDRESS_AND_PORT_DEPENDENT;
	const struct exchange *made[EXCHANGES_MAX];
	unsigned n = 0, total = 0;

	for (unsigned i = 0; i < p->exchanges.count; i++) {
		const struct exchange *e = &p->exchanges.table[i];
		const uint32_t s = e->socket - CLASSIFY_SOCKETS;
		const bool first = s < 2 * CLASSIFY_PORTS && e->change == 0 && e->padding == 0 &&
				   (by_flow || addr_eq(&e->to, &p->result.server));
		bool known = e->state != EXCHANGE_ANSWERED || e->error != 0 || !first;
		unsigned at;

		for (unsigned k = 0; k < n && !known; k++)
			known = made[k]->socket == e->socket && addr_eq(&made[k]->to, &e->to);
		if (known)
			continue;
		for (at = n++; at > 0 && made[at - 1]->first_sent > e->first_sent; at--)
			made[at] = made[at - 1];
		made[at] = e;
	}
	for (; total < n && total < max; total++)
		out[total] = (struct port_sample){
			.local = p->classify.local[made[total]->socket - CLASSIFY_SOCKETS].port,
			.mapped = made[total]->xor_mapped.port,
		};
	for (uint32_t i = 0; i < p->fan.count && total < max; i++)
		if (p->fan.trials[i].mapped_port != 0)
			out[total++] = (struct port_sample){.local = p->fan.trials[i].local_port,
							    .mapped = p->fan.trials[i].mapped_port};
	return total;
}

void report_ports(struct natprobe *p)
{
	struct port_sample samples[PORT_SAMPLES];
	const unsigned n = port_samples(p, samples, PORT_SAMPLES);

	ports_judge(samples, n, &p->result.ports);
}

void report_timeouts_unknown(struct natprobe *p, unsigned lanes, enum why_kind kind,
			     const char *why)
{
	for (unsigned s = 0; s < STATE_COUNT; s++) {
		struct measured *m = &p->result.timeouts[s];

		if ((lanes >> s & 1) == 0)
			continue;
		*m = (struct measured){.why_kind = kind};
		snprintf(m->why, sizeof(m->why), "%s", why);
	}
}

void report_refresh_unknown(struct natprobe *p, enum why_kind kind, const char *why)
{
	struct fact f = {.why_kind = kind};

	snprintf(f.why, sizeof(f.why), "%s", why);
	p->result.refresh_out = p->result.refresh_in = f;
}

void report_classification(struct natprobe *p)
{
	struct probe_result *r = &p->result;

	if (p->classified)
		return;
	p->classified = true;
	classify_report(&p->classify);
	r->local = addr_with_port(p->classify.local[0], 0);
	snprintf(r->software, sizeof(r->software), "%s", p->exchanges.software);
	for (unsigned i = 0; i < p->exchanges.count; i++)
		if (p->exchanges.table[i].state == EXCHANGE_ANSWERED &&
		    p->exchanges.table[i].error == 0)
			add_public(r, &p->exchanges.table[i].xor_mapped);
	r->loss_trials = p->exchanges.sent;
	r->probe_service = p->asker.mode == ASKER_SERVICE;
}

const struct addr *natprobe_server(const struct natprobe *p, nk_time *rtt)
{
	if (!p->classify.started)
		return NULL;
	*rtt = p->exchanges.rtt;
	return &p->result.server;
}

static double longest_wait(const struct natprobe *p, unsigned *state)
{
	double left = 0;

	for (unsigned s = 0; s < STATE_COUNT; s++) {
		const struct lane *l = &p->fan.lanes[s];
		const double top = l->estimate.open ? l->max : l->estimate.hi;

		if (l->done || top - l->survived <= left)
			continue;
		left = top - l->survived;
		*state = s;
	}
	return left;
}

void natprobe_progress(const struct natprobe *p, struct natprobe_progress *out, nk_time now)
{
	unsigned s = 0;
	double left;

	*out = (struct natprobe_progress){.done = 0};
	switch (p->stage) {
	case STAGE_FIND:
		snprintf(out->stage, sizeof(out->stage), "asking the server");
		out->left_max = nk_max(0, p->started + SILENT_AFTER - now);
		return;
	case STAGE_CLASSIFY:
	case STAGE_ABILITY:
		snprintf(out->stage, sizeof(out->stage), "classifying");
		out->left_max = 2 * NK_S;
		return;
	case STAGE_FAN:
		break;
	case STAGE_OVER:
		snprintf(out->stage, sizeof(out->stage), "done");
		out->done = 1;
		return;
	}
	left = longest_wait(p, &s);
	out->left_max = nk_from_seconds(left) + 2 * NK_S;
	out->done = (double)(now - p->started) / (double)(now - p->started + out->left_max);
	if (p->fan.lanes[s].survived <= 0) {
		snprintf(out->stage, sizeof(out->stage), "opening mappings");
		return;
	}
	snprintf(out->stage, sizeof(out->stage), "%s: still held after %.0f s of silence",
		 traffic_state_name((enum traffic_state)s), p->fan.lanes[s].survived);
}
