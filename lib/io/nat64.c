#include "io/nat64.h"

#include <poll.h>
#include <string.h>

#include "io/lookup.h"

#define NAME "ipv4only.arpa"

/* RFC 6052 section 2.2: the IPv4 address follows the prefix, and bits 64 to 71 are zero and not of
 * it. */
static void embedded(uint8_t v4[static 4], const struct addr *a, unsigned prefix_bytes)
{
	unsigned at = prefix_bytes;

	for (unsigned i = 0; i < 4; i++, at++) {
		if (at == 8)
			at++;
		v4[i] = a->ip[at];
	}
}

bool nat64_prefix_of(struct addr *out, const struct addr *answer)
{
	static const unsigned lengths[] = {96, 64, 56, 48, 40, 32};
	static const uint8_t known[] = {192, 0, 0};
	uint8_t v4[4];

	if (addr_family(answer) != ADDR_V6)
		return false;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		embedded(v4, answer, lengths[i] / 8);
		if (memcmp(v4, known, sizeof(known)) != 0 || (v4[3] != 170 && v4[3] != 171) ||
		    (lengths[i] < 96 && answer->ip[8] != 0))
			continue;
		*out = addr_with_port(addr_prefix(answer, 32, lengths[i]), (uint16_t)lengths[i]);
		return true;
	}
	return false;
}

bool nat64_find(struct addr *out, nk_time limit)
{
	struct pollfd wait = {.fd = lookup_begin(NAME, 1, ADDR_V6), .events = POLLIN};
	struct addr answer;

	if (wait.fd < 0)
		return false;
	poll(&wait, 1, (int)(limit / NK_MS));
	return lookup_end(wait.fd, &answer) && nat64_prefix_of(out, &answer);
}
