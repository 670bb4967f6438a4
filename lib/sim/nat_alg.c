#include "sim/nat_alg.h"

#include <string.h>

void nat_alg_rewrite(struct packet *p, const struct addr *was, const struct addr *is)
{
	const size_t n = addr_family(was) == ADDR_V4 ? 4 : 16;
	const uint8_t *old = was->ip + sizeof(was->ip) - n, *new = is->ip + sizeof(is->ip) - n;

	if (addr_family(was) != addr_family(is) || p->payload > p->len)
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
