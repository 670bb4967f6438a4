#include "edges.h"

#include <stdlib.h>
#include <string.h>

#include "cast.h"

#define FLOWS      40                /* of each kind */
#define APART      (7 * NK_MS + 300) /* so that they begin at all phases of the kernel's tick */
#define NEARER     NK_MS             /* each is looked at so much later than the last */
#define FIRST_PORT 5000u

/* What opens a flow, and what comes back through it. */
static const struct {
	enum packet_kind kind;
	uint8_t out, back;
	nk_time timer;
} kinds[] = {
	{PACKET_UDP, 0, 0, 2 * NK_S},
	{PACKET_QUERY, 0, 0, 3 * NK_S},
	{PACKET_TCP, PACKET_SYN, PACKET_SYN | PACKET_ACK, 4 * NK_S},
};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static struct step step(size_t kind, const char *from, uint16_t from_port, const char *to,
			uint16_t to_port)
{
	return (struct step){
		.from = {addr_with_port(cast_addr(from), from_port), -1},
		.to = {addr_with_port(cast_addr(to), to_port), -1},
		.kind = kinds[kind].kind,
		.ttl = 64,
		.as = -1,
		.about = -1,
	};
}

static void add_flow(struct script *script, unsigned number)
{
	const size_t kind = number / FLOWS;
	const uint16_t inside = (uint16_t)(FIRST_PORT + number);
	const uint16_t outside = kinds[kind].kind == PACKET_QUERY ? 0 : 80;
	const nk_time later = ((nk_time)(number % FLOWS) - FLOWS / 2) * NEARER;
	struct step out = step(kind, "a", inside, "s", outside);
	struct step back = step(kind, "s", outside, "n", inside);

	out.flags = kinds[kind].out;
	out.at = (nk_time)number * APART;
	back.flags = kinds[kind].back;
	back.reply = true;
	back.at = out.at + kinds[kind].timer + later;
	script_add(script, &out);
	script_add(script, &back);
}

void edges_make(struct script *script)
{
	script->spec.t_first = script->spec.t_replied = kinds[0].timer;
	script->spec.t_icmp = kinds[1].timer;
	script->spec.t_tcp[NAT_TCP_SYN_SENT] = kinds[2].timer;
	for (unsigned i = 0; i < KINDS * FLOWS; i++)
		add_flow(script, i);
	script_sort(script);
}

static unsigned opener_of(const struct script *script, unsigned back)
{
	unsigned out = 0;

	while (script->steps[out].from.addr.port != script->steps[back].to.addr.port)
		out++;
	return out;
}

/* How far from its end a flow was looked at, less what the times of sending are uncertain by. */
static nk_time error_of(const struct script *script, const struct transcript *kernel, unsigned back)
{
	const unsigned out = opener_of(script, back);
	const unsigned flow = script->steps[back].to.addr.port - FIRST_PORT;
	const nk_time age = kernel->at[back] - kernel->at[out];

	return llabs(age - kinds[flow / FLOWS].timer) - kernel->took[back] - kernel->took[out];
}

nk_time edges_error(const struct script *script, const struct transcript *kernel,
		    const struct transcript *model)
{
	nk_time worst = 0;

	for (unsigned i = 0; i < script->count; i++) {
		if (strcmp(kernel->came[i], model->came[i]) == 0)
			continue;
		if (cast_is_inside(&script->steps[i].from.addr))
			return NK_NEVER;
		worst = nk_max(worst, error_of(script, kernel, i));
	}
	return worst;
}
