/* The path as the punch left it, for programs with a security of their own: no session, and a
 * Binding indication now and then so that the NATs keep it (RFC 8445 section 11). */
#ifndef CORE_CALL_BARE_H
#define CORE_CALL_BARE_H

#include "base/crypto.h"
#include "core/core.h"

#define BARE_QUEUE 32 /* datagrams that wait to be sent */

struct bare_datagram {
	size_t len;
	uint8_t bytes[CORE_DATAGRAM_MAX];
};

/**
 * struct bare - A bare path
 * @keep_at:	When an indication is due, if nothing else is sent
 * @lost_at:	If nothing is heard until then, not even those of the peer, it is lost
 * @in:		A datagram until it is taken, @in_len 0: none
 * @out:	@out_count to be sent, from @out_first on
 */
struct bare {
	bool up;
	uint32_t socket;
	struct addr peer;
	nk_time keep_at, lost_at;
	size_t in_len;
	uint8_t in[CORE_DATAGRAM_MAX];
	struct bare_datagram out[BARE_QUEUE];
	unsigned out_first, out_count;
};

void bare_set_path(struct bare *b, uint32_t socket, const struct addr *peer, nk_time now);

/* Whatever comes on the path, checks and indications too. */
void bare_heard(struct bare *b, nk_time now);
bool bare_is_lost(const struct bare *b, nk_time now);

/* A datagram of the peer that is no check. It takes the place of one that was not taken. */
void bare_input(struct bare *b, const struct event *ev);
bool bare_next(struct bare *b, const uint8_t **bytes, size_t *len);

/* Return: 0 or NK_ERR_NO_ROOM: too long, or BARE_QUEUE were not output yet. */
int bare_send(struct bare *b, const void *bytes, size_t len);
bool bare_output(struct bare *b, struct action *action, struct rng *rng, nk_time now);
nk_time bare_deadline(const struct bare *b);

#endif
