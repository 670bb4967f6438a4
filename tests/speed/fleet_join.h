/* Hosts that register by proof of key: a cookie, then the proof (natkit-protocol(7), RENDEZVOUS). */
#ifndef SPEED_FLEET_JOIN_H
#define SPEED_FLEET_JOIN_H

#include "base/time.h"
#include "fleet_members.h"
#include "wire/rendezvous_msg.h"

#define FLEET_JOIN_TAG  'J' /* with it our transaction ids begin */
#define FLEET_JOIN_OPEN 32  /* at once */

/**
 * struct fleet_join - Who registers next
 * @offer:	Of keepalives
 * @identities:	@identity_count of them, used in turn
 * @next, @end:	Hosts, FLEET_PORTS apart: so each has an IP of its own
 * @open:	Those under way; a @host of FLEET_NONE is a free place. Asked again at @again
 * @joined, @refused, @repeated: What came of it
 */
struct fleet_join {
	struct fleet_tun *tun;
	struct fleet_members *members;
	uint8_t offer[KEEPALIVE_OFFER_MAX];
	size_t offer_len;
	struct identity *identities;
	uint32_t identity_count, begin, next, end;
	struct {
		uint32_t host;
		uint64_t cookie;
		nk_time again;
	} open[FLEET_JOIN_OPEN];
	uint64_t joined, refused, repeated;
};

void fleet_join_init(struct fleet_join *j, struct fleet_tun *tun, struct fleet_members *members,
		     uint32_t begin, uint32_t hosts, uint32_t identity_count);

/* Keepalives as all want them. */
void fleet_join_offer(struct fleet_join *j, const struct keepalive_terms *terms);

/* Starts more, until @total have been started, and asks again who is not answered. */
void fleet_join_work(struct fleet_join *j, uint32_t total, nk_time now);

/* Return: the host that is registered now, or FLEET_NONE. */
uint32_t fleet_join_input(struct fleet_join *j, const struct stun_msg *msg,
			  const struct rendezvous_msg *m, nk_time now);

/* The key with which a host joins. */
const uint8_t *fleet_join_key(const struct fleet_join *j, uint32_t host);

#endif
