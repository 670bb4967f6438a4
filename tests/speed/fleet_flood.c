#include "fleet_flood.h"

#include <string.h>

#include "fleet_clock.h"
#include "wire/stun.h"

#define BURST 512           /* sent before answers are looked at */
#define REST  (100 * NK_MS) /* the server answers what it has still */
#define LOOKS 32 /* then so many are: to take them all would cost as much time as to send */

/* Who asked is in the transaction id. */
static size_t ask(uint8_t out[static STUN_HEADER], uint32_t host)
{
	uint8_t tid[STUN_TID] = {0};
	struct wr w = wr_make(out, STUN_HEADER);

	memcpy(tid, &host, sizeof(host));
	stun_begin(&w, STUN_BINDING, STUN_REQUEST, tid);
	return stun_end(&w);
}

static bool is_right(const struct fleet_datagram *d)
{
	const struct addr host = fleet_host_addr(d->host);
	uint8_t tid[STUN_TID] = {0};
	struct stun_msg m;

	memcpy(tid, &d->host, sizeof(d->host));
	return stun_read(&m, d->data, d->len) == 0 && m.cls == STUN_SUCCESS &&
	       stun_answers(&m, STUN_BINDING, tid) && addr_eq(&m.xor_mapped, &host);
}

static void look(struct fleet_tun *t, struct fleet_flood *f)
{
	struct fleet_datagram d;

	for (unsigned i = 0; i < LOOKS && fleet_tun_receive(t, &d); i++) {
		f->looked_at++;
		f->wrong += !is_right(&d);
	}
}

struct fleet_flood fleet_flood(struct fleet_tun *t, uint32_t hosts, nk_time length)
{
	const uint64_t before = fleet_tun_answers();
	const nk_time start = fleet_now();
	struct fleet_flood f = {0};
	uint8_t request[STUN_HEADER];
	uint32_t host = 0;

	while ((f.took = fleet_now() - start) < length) {
		for (unsigned i = 0; i < BURST; i++) {
			fleet_tun_send(t, host, request, ask(request, host));
			host = host + 1 < hosts ? host + 1 : 0;
		}
		f.sent += BURST;
		look(t, &f);
	}
	while (fleet_now() < start + f.took + REST)
		look(t, &f);
	f.answers = fleet_tun_answers() - before;
	return f;
}
