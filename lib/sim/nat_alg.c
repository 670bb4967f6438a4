#include "sim/nat_alg.h"

#include <string.h>

#define ENDPOINT_MAX 18

/* Return: length of the endpoint, as bytes. */
static size_t put(uint8_t out[static ENDPOINT_MAX], const struct addr *a)
{
	const size_t n = addr_family(a) == ADDR_V4 ? 4 : 16;

	memcpy(out, a->ip + sizeof(a->ip) - n, n);
	out[n] = (uint8_t)(a->port >> 8);
	out[n + 1] = (uint8_t)a->port;
	return n + 2;
}

void nat_alg_rewrite(struct packet *p, const struct addr *was, const struct addr *is)
{
	uint8_t old[ENDPOINT_MAX], new[ENDPOINT_MAX];
	const size_t n = put(old, was);

	if (put(new, is) != n || p->payload > p->len)
		return;
	for (size_t i = p->payload; p->len - i >= n;) {
		if (memcmp(p->data + i, old, n) != 0) {
			i++;
			continue;
		}
		memcpy(p->data + i, new, n);
		p->altered = true;
		i += n;
	}
}
