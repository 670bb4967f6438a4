#include "beliefs_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/crypto.h"
#include "base/err.h"
#include "core/identity/card.h"
#include "face/log.h"
#include "io/files.h"
#include "io/netinfo.h"

#define SCHEMA   "natkit.beliefs/1"
#define FILE_MAX (1 << 20)

static void warn(const char *what, const char *path, const char *why)
{
	char quoted[LOG_QUOTED];

	log_line(LEVEL_WARNING, "cannot %s beliefs %s: %s", what,
		 log_quote(quoted, sizeof(quoted), path), why);
}

/* One file for each interface and gateway, by a name that no interface's can spoil. */
static void place(struct beliefs *b)
{
	char text[IF_NAMESIZE + ADDR_TEXT + 2], name[64];
	uint8_t hash[32];
	const int n = snprintf(text, sizeof(text), "%s %s", b->interface, b->gateway);

	crypto_sha256(hash, text, (size_t)n);
	snprintf(name, sizeof(name), "beliefs/%02x%02x%02x%02x%02x%02x%02x%02x.json", hash[0],
		 hash[1], hash[2], hash[3], hash[4], hash[5], hash[6], hash[7]);
	if (files_place(b->path, FILES_STATE, name) != 0)
		b->path[0] = '\0';
}

static nk_time time_of(const struct beliefs *b, uint64_t unix_s)
{
	return (nk_time)unix_s * NK_S - b->unix_us;
}

/* {"yes":3.5,"no":0,"at_unix_s":1790000000} */
static bool read_link(const struct beliefs *b, struct link_belief *out, const struct js_in *in)
{
	static const char *const words[] = {"yes", "no", "at_unix_s", NULL};
	const struct js_in yes = js_get(in, "yes"), no = js_get(in, "no");
	const struct js_in at = js_get(in, "at_unix_s");
	struct link_belief l;
	uint64_t unix_s;

	if (!js_has_only(in, words) || !js_is_number(&yes, &l.yes) || !js_is_number(&no, &l.no) ||
	    !js_is_count(&at, &unix_s))
		return false;
	if (!(l.yes >= 0 && l.yes < 1e9 && l.no >= 0 && l.no < 1e9 && unix_s < UINT32_MAX))
		return js_refuse(in, "that can be no count of trials");
	l.at = time_of(b, unix_s);
	*out = l;
	return true;
}

/* Names that are not ours may be of a later version: they are passed over. */
static bool read_links(const struct beliefs *b, struct link_belief *out, unsigned count,
		       const char *(*name)(unsigned), const struct js_in *in)
{
	for (unsigned i = 0; i < count; i++) {
		const struct js_in one = js_get(in, name(i));

		if (one.node != NULL && !read_link(b, &out[i], &one))
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

static bool read_network(struct beliefs *b, const struct js_in *in)
{
	const struct js_in interface = js_get(in, "interface"), gateway = js_get(in, "gateway");
	const struct js_in public = js_get(in, "public");

	return js_is_word(&interface, b->interface, sizeof(b->interface)) &&
	       js_is_word(&gateway, b->gateway, sizeof(b->gateway)) &&
	       js_is_word(&public, b->public_prefix, sizeof(b->public_prefix));
}

static bool read_root(struct beliefs *b, const struct js_in *root)
{
	const struct js_in network = js_get(root, "network"), peers = js_get(root, "peers");
	struct js_in peer = {.node = NULL};

	if (!js_is_object(&network) || !read_network(b, &network) || !js_is_object(&peers))
		return false;
	while (js_next(&peers, &peer))
		if (!js_is_object(&peer) || !read_peer(b, &peer))
			return false;
	return true;
}

bool beliefs_read(struct beliefs *b, const char *path, int64_t unix_us)
{
	struct js_text text;
	struct js_in root;
	char *bytes;
	bool good;
	const int r = files_read(&bytes, NULL, path, FILE_MAX);

	b->count = 0;
	b->unix_us = unix_us;
	b->public_prefix[0] = '\0';
	if (r != 0) {
		warn("read", path, files_why(r));
		return false;
	}
	snprintf(b->path, sizeof(b->path), "%s", path);
	root = js_begin(&text, bytes, strlen(bytes));
	good = root.node != NULL && read_root(b, &root);
	if (!good) {
		b->count = 0;
		warn("use", path, text.why);
	}
	js_end(&text);
	free(bytes);
	return good;
}

void beliefs_open(struct beliefs *b, const struct addr *towards, const char *interface,
		  int64_t unix_us)
{
	char path[PATH_MAX];
	struct route_info route;

	*b = (struct beliefs){.unix_us = unix_us};
	if (netinfo_route(&route, towards, interface) != 0)
		return;
	snprintf(b->interface, sizeof(b->interface), "%s", route.interface);
	if (addr_family(&route.gateway) != ADDR_NONE)
		addr_text_ip(&route.gateway, b->gateway);
	place(b);
	if (b->path[0] == '\0' || access(b->path, F_OK) != 0)
		return;
	memcpy(path, b->path, sizeof(path));
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
	const struct addr prefix = addr_prefix(seen, 24, 48);
	char text[ADDR_TEXT];

	if (addr_family(seen) == ADDR_NONE ||
	    strcmp(addr_text_ip(&prefix, text), b->public_prefix) == 0)
		return;
	if (b->public_prefix[0] != '\0')
		b->count = 0;
	memcpy(b->public_prefix, text, sizeof(text));
}

static void put_link(const struct beliefs *b, struct js object, const char *name,
		     const struct link_belief *l)
{
	struct js one;

	if (l->yes <= 0 && l->no <= 0)
		return;
	one = js_put_object(object, name);
	js_put_number(one, "yes", l->yes);
	js_put_number(one, "no", l->no);
	js_put_int(one, "at_unix_s", (l->at + b->unix_us) / NK_S);
}

static void put_peer(const struct beliefs *b, struct js peers, const struct belief_peer *p)
{
	char key[CARD_KEY_TEXT];
	struct js peer = js_put_object(peers, card_key_text(p->key, key));
	struct js facts = js_put_object(peer, "facts"), tactics = js_put_object(peer, "tactics");

	for (unsigned i = 0; i < LINK_FACTS; i++)
		put_link(b, facts, fact_name(i), &p->belief.fact[i]);
	for (unsigned i = 0; i < TACTICS; i++)
		put_link(b, tactics, way_name(i), &p->belief.tactic[i]);
}

static struct js build(const struct beliefs *b, bool *failed)
{
	struct js root = js_object(failed), network, peers;

	js_put_text(root, "schema", SCHEMA);
	network = js_put_object(root, "network");
	js_put_text(network, "interface", b->interface);
	js_put_text(network, "gateway", b->gateway);
	js_put_text(network, "public", b->public_prefix);
	peers = js_put_object(root, "peers");
	for (unsigned i = 0; i < b->count; i++)
		put_peer(b, peers, &b->peers[i]);
	return root;
}

void beliefs_save(const struct beliefs *b)
{
	bool failed;
	struct js root;
	char *text = NULL;
	size_t len = 0;
	FILE *out;
	int r;

	if (b->path[0] == '\0')
		return;
	root = build(b, &failed);
	out = open_memstream(&text, &len);
	r = out != NULL ? js_print(root, out, false) : NK_ERR_NO_MEMORY;
	if (out != NULL && fclose(out) != 0)
		r = NK_ERR_NO_MEMORY;
	if (r == 0)
		r = files_write(b->path, text, len, 0600);
	if (r != 0)
		warn("write", b->path, r == NK_ERR_SYSTEM ? strerror(errno) : err_text(r));
	free(text);
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
