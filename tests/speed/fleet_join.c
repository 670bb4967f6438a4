#include "fleet_join.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AGAIN (500 * NK_MS)

void fleet_join_init(struct fleet_join *j, struct fleet_tun *tun, struct fleet_members *members,
		     uint32_t begin, uint32_t hosts, uint32_t identity_count)
{
	*j = (struct fleet_join){.tun = tun, .members = members, .begin = begin, .next = begin};
	j->end = begin + hosts * FLEET_PORTS;
	j->identity_count = identity_count;
	j->identities = calloc(identity_count, sizeof(*j->identities));
	if (j->identities == NULL && identity_count > 0) {
		fprintf(stderr, "fleet: no memory\n");
		exit(1);
	}
	for (uint32_t i = 0; i < identity_count; i++)
		fleet_identity(&j->identities[i], i);
	for (unsigned i = 0; i < FLEET_JOIN_OPEN; i++)
		j->open[i].host = FLEET_NONE;
}

void fleet_join_offer(struct fleet_join *j, const struct keepalive_terms *terms)
{
	struct keepalive_offer o = {.count = 1};

	o.wish[0] = (struct keepalive_wish){terms->algorithm, (uint16_t)terms->interval_s,
					    (uint16_t)ceil(terms->interval_s)};
	j->offer_len = keepalive_offer_write(j->offer, &o);
}

static const struct identity *who(const struct fleet_join *j, uint32_t host)
{
	return &j->identities[(host - j->begin) / FLEET_PORTS % j->identity_count];
}

const uint8_t *fleet_join_key(const struct fleet_join *j, uint32_t host)
{
	return who(j, host)->sign_public;
}

static void put_proof(struct wr *w, const struct fleet_join *j, unsigned place, const uint8_t *tid)
{
	const struct identity *us = who(j, j->open[place].host);
	uint8_t proof[RENDEZVOUS_PROOF_LEN], signature[CRYPTO_SIGNATURE];

	rendezvous_proof(proof, j->open[place].cookie, tid, us->sign_public, &j->tun->server);
	identity_sign(signature, us, proof, sizeof(proof));
	probe_put_cookie(w, j->open[place].cookie);
	rendezvous_put_key(w, us->sign_public);
	rendezvous_put_signature(w, signature);
	rendezvous_put_keepalive(w, j->offer, j->offer_len);
}

static void ask(struct fleet_join *j, unsigned place, nk_time now)
{
	uint8_t buf[512], tid[STUN_TID] = {FLEET_JOIN_TAG, (uint8_t)place};
	struct wr w = wr_make(buf, sizeof(buf));

	memcpy(tid + 4, &j->open[place].host, sizeof(j->open[place].host));
	stun_begin(&w, RENDEZVOUS_REGISTER, STUN_REQUEST, tid);
	if (j->open[place].cookie != 0)
		put_proof(&w, j, place, tid);
	else
		stun_pad_to(&w, RENDEZVOUS_ASK_LEN);
	j->open[place].again = now + AGAIN;
	fleet_tun_send(j->tun, j->open[place].host, buf, stun_end(&w));
}

void fleet_join_work(struct fleet_join *j, uint32_t total, nk_time now)
{
	for (unsigned i = 0; i < FLEET_JOIN_OPEN; i++) {
		if (j->open[i].host != FLEET_NONE && j->open[i].again <= now) {
			j->repeated++;
			ask(j, i, now);
		} else if (j->open[i].host == FLEET_NONE && j->next < j->end &&
			   (j->next - j->begin) / FLEET_PORTS < total) {
			j->open[i].host = j->next;
			j->open[i].cookie = 0;
			j->next += FLEET_PORTS;
			ask(j, i, now);
		}
	}
}

static uint32_t joined(struct fleet_join *j, unsigned place, const struct rendezvous_msg *m)
{
	const uint32_t host = j->open[place].host;
	struct fleet_member *member = &j->members->all[host];

	j->open[place].host = FLEET_NONE;
	j->joined++;
	member->token = m->token;
	member->sent = member->heard = keepalive_counter_at(m->time_us);
	member->held = true;
	return host;
}

uint32_t fleet_join_input(struct fleet_join *j, const struct stun_msg *msg,
			  const struct rendezvous_msg *m, nk_time now)
{
	const unsigned place = msg->tid[1];

	if (place >= FLEET_JOIN_OPEN || j->open[place].host == FLEET_NONE ||
	    memcmp(msg->tid + 4, &j->open[place].host, sizeof(j->open[place].host)) != 0)
		return FLEET_NONE;
	if (msg->cls == STUN_SUCCESS && m->has_token && m->has_time)
		return joined(j, place, m);
	if (msg->error == PROBE_ERR_COOKIE && m->has_cookie) {
		j->open[place].cookie = m->cookie;
		ask(j, place, now);
	} else {
		j->refused++;
		j->open[place].again = now + (m->retry_ms > 0 ? m->retry_ms * NK_MS : AGAIN);
	}
	return FLEET_NONE;
}
