#include "beliefs.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/crypto.h"
#include "base/err.h"
#include "beliefs_file.h"
#include "contacts.h"
#include "face/exit.h"
#include "face/format.h"
#include "face/log.h"
#include "face/options.h"
#include "io/clock.h"
#include "io/files.h"

#define SCHEMA "natkit.natpunch-beliefs/1"

struct wish {
	const char *word;
	int format;
};

static int take_word(void *into, const char *value, char why[static OPTIONS_WHY])
{
	struct wish *w = into;

	if (w->word != NULL || (strcmp(value, "show") != 0 && strcmp(value, "reset") != 0)) {
		snprintf(why, OPTIONS_WHY, "give show or reset");
		return -1;
	}
	w->word = value;
	return 0;
}

static const struct option_spec options[] = {
	{.name = "json",
	 .letter = 'j',
	 .help = "Print JSON: the default if standard output is no terminal.",
	 .kind = OPTION_CHOICE,
	 .offset = offsetof(struct wish, format),
	 .set = FORMAT_JSON},
	{.name = "text",
	 .letter = 't',
	 .help = "Print for people: the default on a terminal.",
	 .kind = OPTION_CHOICE,
	 .offset = offsetof(struct wish, format),
	 .set = FORMAT_TEXT},
};

static const struct command_spec spec = {
	.name = "natpunch beliefs",
	.about = "Shows what earlier calls say of the ways to each peer, by the network that they "
		 "were made from; \"reset\" forgets all.",
	.operands = "[show | reset]",
	.operand = take_word,
	.options = options,
	.count = sizeof(options) / sizeof(options[0]),
};

/**
 * struct show - A printer at work
 * @networks:	JSON: where the next one is put
 */
struct show {
	struct contacts contacts;
	bool json;
	struct js networks;
	nk_time now;
	int64_t unix_us;
};

static const char *who(const struct show *s, const uint8_t key[static 32],
		       char text[static CARD_KEY_TEXT])
{
	const struct contact *c = contacts_find_key(&s->contacts, key);

	return c != NULL ? c->name : card_key_text(key, text);
}

static void print_chance(const char *what, double p, double sd, const struct link_belief *l)
{
	printf("    %-44s %5.1f %% +- %4.1f  %5.1f trials\n", what, p * 100, sd * 100,
	       l->yes + l->no);
}

static void print_peer(const struct show *s, const struct belief_peer *p)
{
	static const char *const facts[LINK_FACTS] = {
		[LINK_WE_REACH_CLOUD] = "our packets reach the cloud",
		[LINK_CLOUD_REACHES_PEER] = "the cloud's packets reach it",
		[LINK_PEER_IS_OPEN] = "it has opened its firewall",
		[LINK_PEER_CAN_OPEN] = "it can open its firewall",
	};
	char key[CARD_KEY_TEXT];

	printf("  %s\n", who(s, p->key, key));
	for (unsigned i = 0; i < LINK_FACTS; i++) {
		const struct link_belief *l = &p->belief.fact[i];
		const struct link_prior *prior = link_fact_prior((enum link_fact)i);

		print_chance(facts[i], link_belief_p(l, prior, s->now),
			     link_belief_sd(l, prior, s->now), l);
	}
	for (unsigned i = 0; i < TACTICS; i++) {
		const struct link_belief *l = &p->belief.tactic[i];
		const struct link_prior *prior = tactics_prior((enum tactic)i);

		print_chance(tactic_name((enum tactic)i), link_belief_p(l, prior, s->now),
			     link_belief_sd(l, prior, s->now), l);
	}
}

static void put_network(const struct show *s, const struct beliefs *b)
{
	struct js network = js_add_object(s->networks), peers;
	char key[CARD_KEY_TEXT];

	js_put_text(network, "interface", b->network.interface);
	js_put_text(network, "gateway", b->network.gateway);
	js_put_text(network, "public", b->network.public_prefix);
	peers = js_put_array(network, "peers");
	for (unsigned i = 0; i < b->count; i++) {
		const struct contact *c = contacts_find_key(&s->contacts, b->peers[i].key);
		struct js peer = js_add_object(peers);

		js_put_text(peer, "key", card_key_text(b->peers[i].key, key));
		js_put_text(peer, "name", c != NULL ? c->name : NULL);
		beliefs_json(peer, &b->peers[i].belief, s->now);
	}
}

static void show_network(const struct show *s, const struct beliefs *b)
{
	const struct network *n = &b->network;

	if (s->json) {
		put_network(s, b);
		return;
	}
	printf("%s, gateway %s, seen in %s\n", n->interface,
	       n->gateway[0] != '\0' ? n->gateway : "none",
	       n->public_prefix[0] != '\0' ? n->public_prefix : "an unknown network");
	for (unsigned i = 0; i < b->count; i++)
		print_peer(s, &b->peers[i]);
}

static bool is_ours(const char *name)
{
	const size_t len = strlen(name);

	return len > 5 && strcmp(name + len - 5, ".json") == 0;
}

/* Calls @act for each file of beliefs that there is. Return: an exit status. */
static int each_file(int (*act)(struct show *s, const char *path), struct show *s)
{
	char folder[PATH_MAX], path[PATH_MAX + NAME_MAX + 2];
	const struct dirent *entry;
	int status = EXIT_YES;
	DIR *dir;

	if (files_place(folder, FILES_STATE, "beliefs/") != 0) {
		log_line(LEVEL_ERROR, "cannot find the beliefs; HOME or XDG_STATE_HOME says where "
				      "they are");
		return EXIT_USAGE;
	}
	dir = opendir(folder);
	if (dir == NULL) {
		log_line(LEVEL_ERROR, "cannot read %s: %s", folder, strerror(errno));
		return EXIT_PERMISSION;
	}
	while (status == EXIT_YES && (entry = readdir(dir)) != NULL) {
		snprintf(path, sizeof(path), "%s%s", folder, entry->d_name);
		if (is_ours(entry->d_name))
			status = act(s, path);
	}
	closedir(dir);
	return status;
}

static int show_file(struct show *s, const char *path)
{
	struct beliefs *b = calloc(1, sizeof(*b));

	if (b == NULL)
		return EXIT_INTERNAL;
	if (beliefs_read(b, path, s->unix_us))
		show_network(s, b);
	free(b);
	return EXIT_YES;
}

static int forget_file(struct show *s, const char *path)
{
	(void)s;
	if (unlink(path) == 0)
		return EXIT_YES;
	log_line(LEVEL_ERROR, "cannot remove %s: %s", path, strerror(errno));
	return EXIT_PERMISSION;
}

static int show_all(struct show *s)
{
	bool failed;
	struct js root = js_object(&failed);
	int status, r = 0;

	js_put_text(root, "schema", SCHEMA);
	js_put_text(root, "version", NK_VERSION);
	s->networks = js_put_array(root, "networks");
	s->now = clock_unix(); /* as files have it: nothing here has another */
	status = each_file(show_file, s);
	if (status == EXIT_YES && s->json)
		r = js_print(root, stdout, true);
	js_free(root);
	if (r == 0 && fflush(stdout) == 0 && !ferror(stdout))
		return status;
	log_line(LEVEL_ERROR, "cannot write: %s", strerror(errno));
	return EXIT_INTERNAL;
}

int beliefs_main(int argc, char *argv[])
{
	struct wish w = {.word = NULL};
	struct show s = {.unix_us = 0};
	int status = options_parse(&spec, &w, argc, argv, NULL);

	if (status != OPTIONS_GO_ON)
		return status;
	if (crypto_init() != 0)
		return EXIT_INTERNAL;
	if (w.word != NULL && strcmp(w.word, "reset") == 0)
		return each_file(forget_file, NULL);
	s.json = format_settle(w.format) == FORMAT_JSON;
	status = contacts_open(&s.contacts);
	if (status == EXIT_YES)
		status = show_all(&s);
	contacts_free(&s.contacts);
	return status;
}
