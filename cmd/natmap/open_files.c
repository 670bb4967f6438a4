#include "open_files.h"

#include <stdio.h>
#include <string.h>

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

enum open_claim open_file_claim(struct open_file *f, const struct portmap_config *config)
{
	int r;

	*f = (struct open_file){
		.file = {.fd = -1},
		.port = {.ip_protocol = config->ip_protocol,
			 .gateway = config->gateway,
			 .internal = config->internal},
	};
	r = held_claim(&f->file, &f->port);
	f->kept = r == HELD_NEW || r == HELD_AGAIN;
	if (r < 0)
		warn(f, r);
	else if (r == HELD_BUSY)
		say_busy(&f->port);
	f->rest = r == HELD_AGAIN;
	f->before = f->port;
	if (r == HELD_BUSY)
		return OPEN_BUSY;
	return r == HELD_AGAIN ? OPEN_AGAIN : OPEN_NEW;
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
static int64_t latest_end(const struct portmap_config *config)
{
	const nk_time asked = config->lifetime_s != 0 ? config->lifetime_s : PORTMAP_LIFETIME_S;

	return clock_unix() + nk_max(asked, LEAST_LEASE_S) * NK_S;
}

/* 0: never, or not known. */
static int64_t later_end(int64_t a, int64_t b)
{
	if (a == 0 || b == 0)
		return 0;
	return a > b ? a : b;
}

void open_file_begin(struct open_file *f, const struct portmap_config *config)
{
	f->port = (struct held_port){
		.ip_protocol = config->ip_protocol,
		.gateway = config->gateway,
		.internal = config->internal,
		.external = {.port = config->external_port},
		.expires_unix_us = latest_end(config),
	};
	memcpy(f->port.nonce, config->nonce, sizeof(f->port.nonce));
	if (f->rest)
		f->port.expires_unix_us =
			later_end(f->port.expires_unix_us, f->before.expires_unix_us);
	name_protocol(&f->port, config->protocols);
	save(f);
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
	if (m != NULL && !detached && !(m->left_behind && is_of(m, &f->port))) {
		open_file_cancel(f);
		return;
	}
	f->port.detached = detached;
	save(f);
	held_leave(&f->file);
}
