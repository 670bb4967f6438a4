#include "beliefs_file.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/identity/card.h"
#include "desk/json_file.h"
#include "link_file.h"

#define SCHEMA "natkit.beliefs/1"

/* Names that are not ours may be of a later version: they are passed over. */
static bool read_links(const struct beliefs *b, struct link_belief *out, unsigned count,
		       const char *(*name)(unsigned), const struct js_in *in)
{
	for (unsigned i = 0; i < count; i++) {
		const struct js_in one = js_get(in, name(i));

		if (one.node != NULL && !link_read(&out[i], &one, b->unix_us))
			return false;
	}
	return true;
}

static const char *fact_name(unsigned i)
{
	return link_fact_name((enum link_fact)i);
}

static const char *way_name(unsigned i)
{
	return tactic_name((enum tactic)i);
}

static bool read_peer(struct beliefs *b, const struct js_in *in)
{
	const struct js_in facts = js_get(in, "facts"), tactics = js_get(in, "tactics");
	struct belief_peer *p = &b->peers[b->count];

	*p = (struct belief_peer){.key = {0}};
	if (b->count == BELIEFS_PEERS)
		return js_refuse(in, "there are too many peers");
	if (card_parse_key(p->key, in->key) != 0)
		return js_refuse(in, "that is no key");
	if (!js_is_object(&facts) || !js_is_object(&tactics) ||
	    !read_links(b, p->belief.fact, LINK_FACTS, fact_name, &facts) ||
	    !read_links(b, p->belief.tactic, TACTICS, way_name, &tactics))
		return false;
	b->count++;
	return true;
}

static bool read_root(void *into, const struct js_in *root)
{
	const struct js_in peers = js_get(root, "peers");
	struct js_in peer = {.node = NULL};
	struct beliefs *b = into;

	if (!network_read(&b->network, root) || !js_is_object(&peers))
		return false;
	while (js_next(&peers, &peer))
		if (!js_is_object(&peer) || !read_peer(b, &peer))
			return false;
	return true;
}

bool beliefs_read(struct beliefs *b, const char *path, int64_t unix_us)
{
	bool good;

	*b = (struct beliefs){.unix_us = unix_us, .network = b->network};
	snprintf(b->path, sizeof(b->path), "%s", path);
	good = json_file_read(path, read_root, b);
	if (!good)
		b->count = 0;
	return good;
}

void beliefs_open(struct beliefs *b, const struct addr *towards, const char *interface,
		  int64_t unix_us)
{
	char path[PATH_MAX];

	*b = (struct beliefs){.unix_us = unix_us};
	if (!network_find(&b->network, towards, interface) ||
	    !network_place(path, &b->network, "beliefs"))
		return;
	memcpy(b->path, path, sizeof(path));
	if (access(path, F_OK) == 0)
		beliefs_read(b, path, unix_us);
}

struct tactics_belief *beliefs_of(struct beliefs *b, const uint8_t key[static 32])
{
	struct belief_peer found = {.key = {0}};
	unsigned at = 0;

	while (at < b->count && memcmp(b->peers[at].key, key, 32) != 0)
		at++;
	if (at < b->count)
		found = b->peers[at];
	else if (b->count < BELIEFS_PEERS)
		b->count++;
	else
		at--;
	memcpy(found.key, key, 32);
	memmove(&b->peers[1], &b->peers[0], at * sizeof(b->peers[0]));
	b->peers[0] = found;
	return &b->peers[0].belief;
}

void beliefs_seen(struct beliefs *b, const struct addr *seen)
{
	if (network_seen(&b->network, seen))
		b->count = 0;
}

static void put_peer(const struct beliefs *b, struct js peers, const struct belief_peer *p)
{
	char key[CARD_KEY_TEXT];
	struct js peer = js_put_object(peers, card_key_text(p->key, key));
	struct js facts = js_put_object(peer, "facts"), tactics = js_put_object(peer, "tactics");

	for (unsigned i = 0; i < LINK_FACTS; i++)
		link_put(facts, fact_name(i), &p->belief.fact[i], b->unix_us);
	for (unsigned i = 0; i < TACTICS; i++)
		link_put(tactics, way_name(i), &p->belief.tactic[i], b->unix_us);
}

static struct js build(const struct beliefs *b, bool *failed)
{
	struct js root = js_object(failed), peers;

	js_put_text(root, "schema", SCHEMA);
	network_json(root, &b->network);
	peers = js_put_object(root, "peers");
	for (unsigned i = 0; i < b->count; i++)
		put_peer(b, peers, &b->peers[i]);
	return root;
}

void beliefs_save(const struct beliefs *b)
{
	bool failed;
	struct js root;

	if (b->path[0] == '\0')
		return;
	root = build(b, &failed);
	json_file_keep(b->path, root);
	js_free(root);
}

static void put_chance(struct js object, const char *name, double p, double sd,
		       const struct link_belief *l)
{
	struct js one = js_put_object(object, name);

	js_put_number(one, "p", p);
	js_put_number(one, "sd", sd);
	js_put_number(one, "trials", l->yes + l->no);
}

void beliefs_json(struct js object, const struct tactics_belief *belief, nk_time now)
{
	struct js facts = js_put_object(object, "facts"), tactics;

	for (unsigned i = 0; i < LINK_FACTS; i++) {
		const struct link_prior *prior = link_fact_prior((enum link_fact)i);
		const struct link_belief *l = &belief->fact[i];

		put_chance(facts, fact_name(i), link_belief_p(l, prior, now),
			   link_belief_sd(l, prior, now), l);
	}
	tactics = js_put_object(object, "tactics");
	for (unsigned i = 0; i < TACTICS; i++) {
		const struct link_prior *prior = tactics_prior((enum tactic)i);
		const struct link_belief *l = &belief->tactic[i];

		put_chance(tactics, way_name(i), link_belief_p(l, prior, now),
			   link_belief_sd(l, prior, now), l);
	}
}
