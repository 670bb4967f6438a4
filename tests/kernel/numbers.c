#include "numbers.h"

#include <assert.h>

static struct numbers_end *find(struct numbers *n, const struct addr *local,
				const struct addr *remote)
{
	struct numbers_end *e = n->ends;

	while (e < n->ends + n->count &&
	       !(addr_eq(&e->local, local) && addr_eq(&e->remote, remote)))
		e++;
	if (e == n->ends + n->count) {
		assert(n->count < NUMBERS_MAX);
		n->count++;
		*e = (struct numbers_end){*local, *remote, NUMBERS_FIRST + 1, NUMBERS_FIRST + 1};
	}
	return e;
}

/* How many numbers a packet takes. */
static uint32_t taken(const struct packet *p, size_t payload)
{
	return (uint32_t)payload + ((p->flags & PACKET_SYN) != 0) + ((p->flags & PACKET_FIN) != 0);
}

void numbers_sent(struct numbers *n, struct packet *p, size_t payload)
{
	struct numbers_end *e = find(n, &p->from, &p->to);

	p->seq = (p->flags & PACKET_SYN) != 0 ? NUMBERS_FIRST : e->next;
	p->ack = (p->flags & PACKET_ACK) != 0 ? e->expected : 0;
	e->next = p->seq + taken(p, payload);
}

void numbers_got(struct numbers *n, const struct packet *p, size_t payload)
{
	struct numbers_end *e = find(n, &p->to, &p->from);

	if ((p->flags & PACKET_RST) == 0)
		e->expected = p->seq + taken(p, payload);
}
