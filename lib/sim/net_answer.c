#include "sim/net_state.h"

static const struct addr *of_family(const struct addr *addrs, unsigned count,
				    enum addr_family family)
{
	for (unsigned i = 0; i < count; i++)
		if (addr_family(&addrs[i]) == family)
			return &addrs[i];
	return NULL;
}

/* The address from which a node speaks to one side, or NULL. */
static const struct addr *speaks_as(const struct node *node, enum hop side, enum addr_family family)
{
	const struct nat_spec *spec = node->nat == NULL ? NULL : nat_spec(node->nat);
	const struct addr *inside = of_family(node->inside, node->inside_count, family);
	const struct addr *external =
		spec == NULL ? NULL : of_family(spec->external, spec->external_count, family);

	if (side == HOP_FROM_INSIDE)
		return inside != NULL ? inside : external;
	if (external != NULL || (node->nat != NULL && nat_translates(node->nat, family)))
		return external;
	return inside;
}

void net_answer_error(struct net *n, int number, enum hop side, const struct packet *about,
		      enum packet_error error, uint32_t mtu)
{
	struct node *node = net_node(n, number);
	const struct addr *from = speaks_as(node, side, addr_family(&about->from));
	struct packet *e;

	if (from == NULL || !packet_may_be_answered(about) || !pace_allows(&node->errors, n->now))
		return;
	e = net_get(n, 0);
	if (e == NULL)
		return;
	packet_make_error(e, about, from, error, mtu);
	net_send_back(n, number, side, net_flight(e));
}

static void answer_reset(struct net *n, int number, enum hop side, const struct packet *about)
{
	struct packet *r;

	if (about->kind != PACKET_TCP || (about->flags & PACKET_RST) != 0)
		return;
	r = net_get(n, 0);
	if (r == NULL)
		return;
	packet_make_reset(r, about);
	net_send_back(n, number, side, net_flight(r));
}

void net_answer_refusal(struct net *n, int number, enum hop side, const struct packet *about,
			enum nat_answer answer)
{
	switch (answer) {
	case NAT_ANSWER_NONE:
		break;
	case NAT_ANSWER_RST:
		answer_reset(n, number, side, about);
		break;
	case NAT_ANSWER_NO_PORT:
		net_answer_error(n, number, side, about, PACKET_NO_PORT, 0);
		break;
	case NAT_ANSWER_PROHIBITED:
		net_answer_error(n, number, side, about, PACKET_PROHIBITED, 0);
		break;
	}
}
