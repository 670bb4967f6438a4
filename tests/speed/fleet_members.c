#include "fleet_members.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void fleet_members_init(struct fleet_members *m, uint32_t count, uint32_t rolled)
{
	*m = (struct fleet_members){.count = count, .rolled = rolled};
	m->all = calloc(count, sizeof(*m->all));
	m->slots = malloc(FLEET_WHEEL_MS * sizeof(*m->slots));
	if (m->all == NULL || m->slots == NULL) {
		fprintf(stderr, "fleet: no memory for %u hosts\n", count);
		exit(1);
	}
	memset(m->slots, 0xff, FLEET_WHEEL_MS * sizeof(*m->slots));
}

void fleet_members_put(struct fleet_members *m, uint32_t host)
{
	struct fleet_member *member = &m->all[host];
	const uint32_t at = member->due_ms > m->turned_ms ? member->due_ms : m->turned_ms;
	uint32_t *slot = &m->slots[at % FLEET_WHEEL_MS];

	member->next = *slot;
	*slot = host;
}

uint32_t fleet_members_due(struct fleet_members *m, uint32_t now_ms)
{
	while (m->turned_ms <= now_ms) {
		uint32_t *slot = &m->slots[m->turned_ms % FLEET_WHEEL_MS];
		const uint32_t host = *slot;

		if (host == FLEET_NONE) {
			m->turned_ms++;
			continue;
		}
		*slot = m->all[host].next;
		if (m->all[host].due_ms <= now_ms)
			return host;
		fleet_members_put(m, host);
	}
	return FLEET_NONE;
}

void fleet_key(uint8_t out[static CRYPTO_KEY], uint32_t host)
{
	memset(out, 0xff, CRYPTO_KEY);
	memcpy(out, &host, sizeof(host));
}

void fleet_identity(struct identity *out, uint32_t host)
{
	uint8_t seed[CRYPTO_KEY] = {0};

	memcpy(seed, &host, sizeof(host));
	identity_from_seed(out, seed);
}

static struct keepalive_flow flow_of(const struct fleet_member *m)
{
	struct keepalive_flow f = {.first = true, .sent = m->sent, .heard = m->heard};

	keepalive_key_of_token(f.key, m->token);
	return f;
}

void fleet_member_write(struct fleet_member *m, enum keepalive_kind kind,
			uint8_t out[static KEEPALIVE_LEN])
{
	struct keepalive_flow f = flow_of(m);

	keepalive_write(&f, kind, out);
	m->sent = (uint32_t)f.sent;
}

bool fleet_member_read(struct fleet_member *m, const uint8_t *bytes, size_t len,
		       enum keepalive_kind *kind)
{
	struct keepalive_flow f = flow_of(m);
	uint64_t acked;

	if (!keepalive_read(&f, bytes, len, kind, &acked))
		return false;
	m->heard = (uint32_t)f.heard;
	return true;
}
