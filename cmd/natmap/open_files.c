#include "open_files.h"

#include <stdio.h>
#include <string.h>

#include "base/crypto.h"
#include "closing.h"
#include "face/exit.h"
#include "face/log.h"
#include "io/clock.h"
#include "port_words.h"

#define LEAST_LEASE_S 120

static void warn(struct open_file *f, int r)
{
	if (f->warned)
		return;
	f->warned = true;
	log_line(LEVEL_WARNING,
		 "cannot keep word of what is open (%s), and natmap close will not know of it: %s",
		 HELD_PLACE, held_why(r));
}

static void save(struct open_file *f)
{
	const int r = f->kept ? held_save(&f->file, &f->port) : 0;

	if (r != 0)
		warn(f, r);
}

static void say_busy(const struct held_port *port)
{
	log_line(LEVEL_ERROR, "another natmap holds %s %u on this gateway; end that first",
		 port_transport(port->ip_protocol), port->internal.port);
}

/* Return: false if another process holds it, said. */
static bool claim(struct open_file *f, const struct portmap_config *map, struct upnp_worker *worker)
{
	int r;

	*f = (struct open_file){
		.file = {.fd = -1},
		.port = {.ip_protocol = map->ip_protocol,
			 .gateway = map->gateway,
			 .internal = map->internal},
		.worker = worker,
	};
	r = held_claim(&f->file, &f->port);
	f->kept = r == HELD_NEW || r == HELD_AGAIN;
	if (r < 0)
		warn(f, r);
	else if (r == HELD_BUSY)
		say_busy(&f->port);
	f->rest = r == HELD_AGAIN;
	f->before = f->port;
	return r != HELD_BUSY;
}

static bool knows(const struct held_port *port, enum portmap_protocol p)
{
	return strcmp(port->protocol, portmap_protocol_name(p)) == 0;
}

/* Whether what an earlier run has left can be asked for again: by PCP and NAT-PMP it is the same then, as long as
 * it is to be at the same port outside, for not all gateways move one. */
static bool is_same(const struct held_port *port, const struct portmap_config *map)
{
	if (port->external.port != map->external_port)
		return false;
	return (knows(port, PORTMAP_PCP) && (map->protocols & PORTMAP_BIT(PORTMAP_PCP)) != 0) ||
	       (knows(port, PORTMAP_NAT_PMP) &&
		(map->protocols & PORTMAP_BIT(PORTMAP_NAT_PMP)) != 0);
}

/* Return: EXIT_YES, or the exit status to end with, said. */
static int remove_old(struct open_file *f)
{
	struct closing old = {.port = f->before};
	int signal = 0;
	const int r = closing_run(&old, 1, f->worker, &signal);

	f->rest = !old.removed;
	if (f->rest && signal == 0)
		log_line(LEVEL_WARNING,
			 "what an earlier run has left of %s %u could not be removed: %s",
			 port_transport(old.port.ip_protocol), old.port.internal.port,
			 portmap_why_text(old.why));
	crypto_wipe(&old, sizeof(old));
	if (signal != 0)
		return EXIT_SIGNAL + signal;
	return r == 0 ? EXIT_YES : exit_from_err(r);
}

static void draw_nonce(uint8_t out[static PORTMAP_NONCE])
{
	uint8_t seed[32];

	crypto_seed(seed);
	memcpy(out, seed, PORTMAP_NONCE);
	crypto_wipe(seed, sizeof(seed));
}

/* Only by what may be used something can come to be open. */
static void name_protocol(struct held_port *port, unsigned protocols)
{
	for (enum portmap_protocol p = 0; p < PORTMAP_PROTOCOLS; p++)
		if (protocols == PORTMAP_BIT(p))
			snprintf(port->protocol, sizeof(port->protocol), "%s",
				 portmap_protocol_name(p));
}

/*
 * Should nobody be there to hear what is granted: as long as is asked for, or the least of PCP
 * (RFC 6887 section 15).
 */
static int64_t latest_end(const struct portmap_config *map)
{
	const nk_time asked = map->lifetime_s != 0 ? map->lifetime_s : PORTMAP_LIFETIME_S;

	return clock_unix() + nk_max(asked, LEAST_LEASE_S) * NK_S;
}

/* 0: never, or not known. */
static int64_t later_end(int64_t a, int64_t b)
{
	if (a == 0 || b == 0)
		return 0;
	return a > b ? a : b;
}

/* Writes what is to be asked for: whoever finds it can close it. */
static void begin(struct open_file *f, const struct portmap_config *map)
{
	f->port = (struct held_port){
		.ip_protocol = map->ip_protocol,
		.gateway = map->gateway,
		.internal = map->internal,
		.external = {.port = map->external_port},
		.expires_unix_us = latest_end(map),
	};
	memcpy(f->port.nonce, map->nonce, sizeof(f->port.nonce));
	if (f->rest)
		f->port.expires_unix_us =
			later_end(f->port.expires_unix_us, f->before.expires_unix_us);
	name_protocol(&f->port, map->protocols);
	save(f);
}

int open_file_take(struct open_file *f, struct portmap_config *map, struct upnp_worker *worker,
		   bool first)
{
	int status = EXIT_YES;
	bool same;

	if (!claim(f, map, worker))
		return EXIT_NO;
	same = f->rest && is_same(&f->before, map);
	if (same)
		memcpy(map->nonce, f->before.nonce, sizeof(map->nonce));
	else
		draw_nonce(map->nonce);
	if (f->rest && !same && first)
		status = remove_old(f);
	if (status == EXIT_YES)
		begin(f, map);
	return status;
}

/* On the clock of people, which other runs have too. */
static int64_t end_of(const struct portmap_mapping *m, nk_time now)
{
	return m->expires == NK_NEVER ? 0 : clock_unix() + (m->expires - now);
}

/* After a move there is still news of what was before: that it is removed, if it can be. */
static bool is_of(const struct portmap_mapping *m, const struct held_port *p)
{
	return addr_eq(&m->internal, &p->internal) && addr_eq(&m->gateway, &p->gateway);
}

static bool is_before(const struct open_file *f)
{
	return strcmp(f->port.protocol, f->before.protocol) == 0 &&
	       f->port.external.port == f->before.external.port &&
	       f->port.pinhole == f->before.pinhole;
}

/* By which protocol, is only known of what was held. */
static void note_held(struct open_file *f, const struct portmap_mapping *m)
{
	struct held_port *p = &f->port;

	p->external = m->external;
	p->pinhole = m->pinhole;
	snprintf(p->protocol, sizeof(p->protocol), "%s", portmap_protocol_name(m->protocol));
	f->rest = f->rest && !is_before(f);
}

static void forget(const struct portmap_mapping *m)
{
	struct held_port port = {
		.ip_protocol = m->ip_protocol, .gateway = m->gateway, .internal = m->internal};
	struct held_file file = {.fd = -1};
	const int r = held_claim(&file, &port);

	if (r == HELD_NEW || r == HELD_AGAIN)
		held_forget(&file);
}

void open_file_note(struct open_file *f, const struct portmap_mapping *m, nk_time now)
{
	struct held_port *p = &f->port;

	if (!is_of(m, p)) {
		if (m->state == PORTMAP_GONE && !m->left_behind)
			forget(m);
		return;
	}
	if (m->state != PORTMAP_HELD && !m->left_behind)
		return;
	if (m->state == PORTMAP_HELD)
		note_held(f, m);
	p->expires_unix_us = end_of(m, now);
	save(f);
}

void open_file_cancel(struct open_file *f)
{
	if (!f->rest) {
		held_forget(&f->file);
		return;
	}
	f->port = f->before;
	save(f);
	held_leave(&f->file);
}

void open_file_part(struct open_file *f, const struct portmap_mapping *m)
{
	if (is_of(m, &f->port))
		held_leave(&f->file);
	else
		open_file_cancel(f);
}

void open_file_end(struct open_file *f, const struct portmap_mapping *m, bool detached)
{
	const bool over = m != NULL && !detached;

	if (over && f->rest)
		remove_old(f);
	if (over && !(m->left_behind && is_of(m, &f->port))) {
		open_file_cancel(f);
		return;
	}
	f->port.detached = detached;
	save(f);
	held_leave(&f->file);
}
