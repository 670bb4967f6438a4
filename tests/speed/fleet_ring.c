#include "fleet_ring.h"

#include <string.h>

#define AGAIN (500 * NK_MS)

static void ask(struct fleet_ring *r, unsigned place, nk_time now)
{
	const uint32_t which = r->open[place].which;
	uint8_t buf[512], key[CRYPTO_KEY], tid[STUN_TID] = {FLEET_RING_TAG, (uint8_t)place};
	struct wr w = wr_make(buf, sizeof(buf));

	memcpy(tid + 4, &which, sizeof(which));
	stun_begin(&w, RENDEZVOUS_RING, STUN_REQUEST, tid);
	if (r->open[place].cookie != 0) {
		r->key_of(r->user, key, r->callee[which]);
		probe_put_cookie(&w, r->open[place].cookie);
		rendezvous_put_key(&w, key);
		rendezvous_put_body(&w, "ring", 4);
	} else {
		stun_pad_to(&w, RENDEZVOUS_ASK_LEN);
	}
	r->open[place].again = now + AGAIN;
	fleet_tun_send(r->tun, r->caller + which * FLEET_PORTS, buf, stun_end(&w));
}

static void next(struct fleet_ring *r, unsigned place, nk_time now)
{
	r->open[place].try = 0;
	if (r->next == r->count)
		return;
	r->open[place].which = r->next++;
	r->open[place].cookie = 0;
	r->open[place].try = 1;
	ask(r, place, now);
}

/* Whoever was rung, or was called in vain for the last time, makes place for the next. */
void fleet_ring_work(struct fleet_ring *r, nk_time now)
{
	for (unsigned i = 0; i < FLEET_RING_OPEN; i++) {
		const bool due = r->open[i].again <= now;

		if (r->open[i].try == 0 || r->rung[r->open[i].which] ||
		    (due && r->open[i].try == FLEET_RING_TRIES)) {
			next(r, i, now);
		} else if (due) {
			r->open[i].try++;
			ask(r, i, now);
		}
	}
}

void fleet_ring_input(struct fleet_ring *r, uint32_t host, const struct stun_msg *msg,
		      const struct rendezvous_msg *m, nk_time now)
{
	const unsigned place = msg->tid[1];
	uint32_t which;

	memcpy(&which, msg->tid + 4, sizeof(which));
	if (which >= r->count || place >= FLEET_RING_OPEN)
		return;
	if (msg->method == RENDEZVOUS_CALL) {
		r->rang += host == r->callee[which] && !r->rung[which];
		r->rung[which] |= host == r->callee[which];
	} else if (msg->error == PROBE_ERR_COOKIE && r->open[place].which == which &&
		   r->open[place].try > 0 && r->open[place].cookie == 0) {
		r->open[place].cookie = m->cookie;
		ask(r, place, now);
	}
}
