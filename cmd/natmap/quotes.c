#include "quotes.h"

#include "core/natmap/verdict.h"

void quotes_add_sent(struct quotes *q, const struct icmp_quote *sent)
{
	if (q->sent_count < QUOTES_SENT)
		q->sent[q->sent_count++] = *sent;
}

void quotes_add_seen(struct quotes *q, const struct icmp_quote *seen)
{
	if (q->seen_count < QUOTES_SEEN)
		q->seen[q->seen_count++] = *seen;
}

/* A socket sends again what was lost: any of its datagrams will do. */
static void compare(const struct quotes *q, const struct icmp_quote *seen, struct hop *h)
{
	/* What is 0 was not told: not all devices quote what they were given. */
	bool ours = false, id = seen->id == 0, checksum = seen->checksum == 0;

	for (unsigned i = 0; i < q->sent_count; i++) {
		const struct icmp_quote *s = &q->sent[i];

		if (!addr_eq(&s->to, &seen->to) || !addr_eq(&s->from, &seen->from))
			continue;
		ours = true;
		id = id || s->id == seen->id;
		checksum = checksum || s->checksum == seen->checksum || s->undone == seen->checksum;
	}
	h->quoted = true;
	h->quote_source = seen->from;
	h->quote_id = ours && !id;
	h->quote_checksum = ours && !checksum;
}

void quotes_apply(const struct quotes *q, struct natmap_result *r)
{
	for (unsigned k = 0; k < q->seen_count; k++) {
		const struct icmp_quote *seen = &q->seen[k];

		for (unsigned i = 0; i < r->path.count; i++)
			if (addr_same_ip(&seen->reporter, &r->path.hops[i].address) &&
			    addr_eq(&seen->to, &r->server))
				compare(q, seen, &r->path.hops[i]);
	}
	if (q->seen_count > 0)
		natmap_judge(r);
}
