#include "sim/routes.h"

static uint64_t hash(int node, const struct addr *ip)
{
	return dict_hash(ip->ip, sizeof(ip->ip), (uint64_t)(node + 1));
}

struct routes routes_make(void)
{
	return (struct routes){.slab = slab_make(sizeof(struct route))};
}

void routes_free(struct routes *t)
{
	dict_free(&t->table);
	slab_free(&t->slab);
}

bool routes_add(struct routes *t, int node, const struct addr *ip, bool to_node, int child)
{
	struct route *r;

	if (routes_find(t, node, ip) != NULL)
		return true;
	r = slab_get(&t->slab);
	if (r == NULL)
		return false;
	*r = (struct route){.node = node, .ip = *ip, .to_node = to_node, .child = child};
	return dict_add(&t->table, &r->in_table, hash(node, ip));
}

const struct route *routes_find(const struct routes *t, int node, const struct addr *ip)
{
	struct dict_node *at = dict_first(&t->table, hash(node, ip));

	for (; at != NULL; at = dict_next(at)) {
		const struct route *r = dict_entry(at, struct route, in_table);

		if (r->node == node && addr_same_ip(&r->ip, ip))
			return r;
	}
	return NULL;
}
