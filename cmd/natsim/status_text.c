#include <inttypes.h>
#include <stdlib.h>

#include "face/numbers.h"
#include "status.h"

static void print_addrs(FILE *out, const char *before, const struct addr *list, unsigned count)
{
	char text[ADDR_TEXT];

	for (unsigned i = 0; i < count; i++)
		fprintf(out, "%s%s", i == 0 ? before : ", ", addr_text_ip(&list[i], text));
}

static const char *behind(const struct topology *t, int node)
{
	return node == NET_INTERNET ? "the Internet" : t->nodes[node].name;
}

static void print_time(FILE *out, const char *what, nk_time t)
{
	char text[32];

	if (t > 0)
		fprintf(out, ", %s %s", what, duration_text(text, sizeof(text), t));
}

static void print_share(FILE *out, const char *what, double share)
{
	if (share > 0)
		fprintf(out, ", %s %.3g %%", what, share * 100);
}

/* Only what is out of the ordinary. */
static void print_direction(FILE *out, const char *name, const struct link_spec *l,
			    const struct link_stats *n)
{
	const double bad = l->burst_enter * (double)l->burst_mean / (double)NK_MS;

	fprintf(out, "    %-4s  %" PRIu64 " packets, %" PRIu64 " lost", name, n->packets, n->lost);
	print_time(out, "delay", l->delay);
	print_time(out, "jitter", l->jitter);
	print_share(out, "loss", l->loss);
	print_share(out, "in bursts", bad / (1 + bad));
	print_share(out, "duplicate", l->duplicate);
	print_share(out, "reorder", l->reorder);
	if (l->mtu != 0)
		fprintf(out, ", mtu %" PRIu32, l->mtu);
	fputc('\n', out);
}

static void print_host(FILE *out, const struct status *s, unsigned i)
{
	const struct topology_host *h = &s->t->hosts[i];
	struct link_stats up, down;

	fprintf(out, "\n%s: host behind %s%s", h->name, behind(s->t, h->behind),
		h->server ? ", runs natbroker" : "");
	print_addrs(out, "\n    at    ", h->addrs, h->addr_count);
	fputc('\n', out);
	net_link_stats(s->net, (int)i, &up, &down);
	print_direction(out, "up", &h->link.up, &up);
	print_direction(out, "down", &h->link.down, &down);
}

static void print_entry(FILE *out, const struct nat_entry *e)
{
	char inside[ADDR_TEXT], external[ADDR_TEXT], remote[ADDR_TEXT];
	const bool any = addr_family(&e->remote) == ADDR_NONE;

	fprintf(out, "    %-4s  %s as %s%s%s, %s, %.1f s left\n", status_protocol(e->kind),
		addr_text(&e->inside, inside), addr_text(&e->external, external),
		any ? "" : " with ", any ? "" : addr_text(&e->remote, remote), e->state,
		nk_seconds(e->left));
}

static const char *kind(const struct topology_node *n)
{
	if (n->nat[0] == '\0')
		return "router";
	return n->spec.translate ? "NAT " : "firewall ";
}

static void print_node(FILE *out, const struct status *s, unsigned i)
{
	const struct topology_node *n = &s->t->nodes[i];
	struct link_stats up, down;
	struct nat_entry *entries;
	unsigned count;

	fprintf(out, "\n%s: %s%s behind %s", n->name, kind(n), n->nat, behind(s->t, n->behind));
	print_addrs(out, "\n    at    ", n->spec.external, n->spec.external_count);
	print_addrs(out, "\n    inside ", n->inside, n->inside_count);
	fputc('\n', out);
	net_node_link_stats(s->net, (int)i, &up, &down);
	print_direction(out, "up", &n->link.up, &up);
	print_direction(out, "down", &n->link.down, &down);
	entries = status_entries(s, i, &count);
	for (unsigned k = 0; k < count; k++)
		print_entry(out, &entries[k]);
	free(entries);
}

void status_text(FILE *out, const struct status *s)
{
	const struct net_stats *n = net_stats(s->net);

	fprintf(out, "%s: up for %.0f s from %s (process %d)\n", s->name, nk_seconds(s->up),
		s->file, s->pid);
	fprintf(out,
		"packets lost by links %" PRIu64 ", refused by NATs %" PRIu64
		", without a way %" PRIu64 "\n",
		n->lost, n->refused, n->stray);
	for (unsigned i = 0; i < s->t->node_count; i++)
		print_node(out, s, i);
	for (unsigned i = 0; i < s->t->host_count; i++)
		print_host(out, s, i);
}
