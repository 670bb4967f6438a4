#include "play.h"

#include <stdio.h>
#include <string.h>

#include "cast.h"
#include "craft.h"
#include "numbers.h"
#include "say.h"
#include "sim/fragments.h"
#include "sim/packet_ip.h"
#include "wire/checksum.h"
#include "wire/ip.h"

#define AFTERWARDS (50 * NK_MS) /* for what comes of the last packet */

/**
 * struct player - A script being played
 * @step:	The last packet that was sent
 * @to:		Where what comes of it is written
 * @labels:	Packets that have a label, as they came out; others have no size
 */
struct player {
	const struct script *script;
	struct stage *stage;
	const struct step *step;
	FILE *to;
	struct fragments *fragments;
	struct numbers numbers;
	struct say say;
	struct packet labels[SCRIPT_LABELS];
};

/* Whether the checksum of what a packet carries is right; ip_read() has looked at its header's. */
static bool sums_up(const uint8_t *ip, size_t len)
{
	struct ip_header h;
	uint64_t sum;

	if (ip_read(&h, ip, len) != 0)
		return false;
	if (h.protocol != IP_UDP && h.protocol != IP_TCP && h.protocol != IP_ICMP &&
	    h.protocol != IP_ICMPV6)
		return true;
	sum = ip_pseudo_sum(&h.from, &h.to, h.protocol, len - h.length);
	return checksum_of(checksum_add(sum, ip + h.length, len - h.length)) == 0;
}

static void came_whole(struct player *y, bool inside, struct packet *p)
{
	const bool passed = inside != cast_is_inside(&y->step->from.addr);
	const int label = y->step->as;

	if (packet_read(p) != 0) {
		fputs("no packet\n", y->to);
		return;
	}
	if (passed && label >= 0 && y->labels[label].size == 0) {
		y->labels[label] = *p;
		y->say.labels[label] = p->from.port;
	}
	if (p->kind == PACKET_TCP)
		numbers_got(&y->numbers, p, p->len - p->payload);
	say_packet(&y->say, p, y->to);
	if (p->fragments > 1)
		fprintf(y->to, " %u fragments", p->fragments);
	fputs(sums_up(p->data, p->len) ? "\n" : " bad checksum\n", y->to);
}

static void came(void *user, bool inside, const uint8_t *bytes, size_t len)
{
	static uint8_t whole[FRAGMENTS_WHOLE_MAX];
	struct packet p = {.fragments = 1, .data = whole, .len = len, .room = sizeof(whole)};
	struct player *y = user;

	if (y->step == NULL)
		return;
	if (!fragments_are(bytes, len))
		memcpy(whole, bytes, len);
	else if (!fragments_add(y->fragments, bytes, len, 0, &p))
		return;
	fputs(inside ? "inside: " : "outside: ", y->to);
	came_whole(y, inside, &p);
}

static struct addr resolve(const struct player *y, const struct endpoint *e)
{
	return e->label < 0 ? e->addr : addr_with_port(e->addr, y->say.labels[e->label]);
}

/* Whether all labels that a packet names have been given. */
static bool is_known(const struct player *y, const struct step *s)
{
	const int named[] = {s->from.label, s->to.label, s->about};

	for (size_t i = 0; i < sizeof(named) / sizeof(named[0]); i++)
		if (named[i] >= 0 && y->labels[named[i]].size == 0)
			return false;
	return true;
}

static void send_step(struct player *y, const struct step *s)
{
	const struct addr from = resolve(y, &s->from), to = resolve(y, &s->to);
	struct craft_pieces pieces;

	if (!is_known(y, s)) {
		fputs("not sent: it names what has not come out\n", y->to);
		return;
	}
	craft_step(&pieces, &y->numbers, s, (unsigned)(s - y->script->steps), &from, &to,
		   s->about < 0 ? NULL : &y->labels[s->about]);
	for (unsigned i = 0; i < pieces.count; i++) {
		const unsigned piece = s->split == SPLIT_BACKWARDS ? pieces.count - 1 - i : i;

		y->stage->send(y->stage, cast_is_inside(&s->from.addr), pieces.bytes[piece],
			       pieces.len[piece]);
	}
}

static void play_steps(struct player *y, const nk_time *times, struct transcript *out)
{
	const struct step *steps = y->script->steps;
	nk_time now = 0, due = 0;

	for (unsigned i = 0; i < y->script->count; i++) {
		const nk_time pause = steps[i].at - (i == 0 ? 0 : steps[i - 1].at);

		due = times != NULL ? times[i] : now + pause;
		out->at[i] = now = y->stage->until(y->stage, due);
		if (y->to != NULL)
			fclose(y->to);
		y->step = &steps[i];
		y->to = fmemopen(out->came[i], PLAY_TEXT_MAX, "w");
		send_step(y, y->step);
		out->took[i] = y->stage->until(y->stage, now) - now;
		out->late = nk_max(out->late, now + out->took[i] - due);
	}
	y->stage->until(y->stage, now + AFTERWARDS);
	if (y->to != NULL)
		fclose(y->to);
}

const char *play(const struct script *script, open_stage *open, const nk_time *times,
		 struct transcript *out)
{
	struct player y = {.script = script, .say = {.script = script}};
	const char *why = NULL;

	memset(out, 0, sizeof(*out));
	y.fragments = fragments_new();
	if (y.fragments == NULL)
		return "no memory";
	y.stage = open(script, came, &y, &why);
	if (y.stage != NULL) {
		play_steps(&y, times, out);
		y.stage->close(y.stage);
	}
	fragments_free(y.fragments);
	return why;
}
