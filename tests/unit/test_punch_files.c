/* natpunch's files: who we are, whom we know, and what is believed of the ways to them. */
#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../cmd/natpunch/beliefs_file.h"
#include "../../cmd/natpunch/broker.h"
#include "../../cmd/natpunch/contacts.h"
#include "../../cmd/natpunch/environment.h"
#include "../../cmd/natpunch/identity_file.h"
#include "../../cmd/natpunch/seen_file.h"
#include "face/exit.h"

static char folder[] = "/tmp/natpunch-test-XXXXXX";
static char path[PATH_MAX];

static const char *in_folder(const char *name)
{
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static int begin(void **state)
{
	(void)state;
	umask(0);
	if (mkdtemp(folder) == NULL || crypto_init() != 0)
		return -1;
	unsetenv("NATKIT_SERVER");
	return setenv("XDG_CONFIG_HOME", folder, 1) + setenv("XDG_STATE_HOME", folder, 1);
}

static int end(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", folder);
	return system(command); /* NOLINT(cert-env33-c): a folder of our own */
}

static void write_file(const char *name, const char *text, mode_t mode)
{
	const int fd = open(in_folder(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

/* Offers that were taken */

static const char *seen_of_seven(void)
{
	char name[64] = "natkit/seen/", key[CARD_KEY_TEXT];

	return in_folder(strcat(name, card_key_text((const uint8_t[32]){7}, key)));
}

static void keeps_what_was_seen(void **state)
{
	static struct seen_file f, back;
	struct stat st;

	(void)state;
	seen_open(&f, (const uint8_t[32]){7});
	assert_int_equal(f.count, 0);
	assert_false(f.warned);
	for (; f.count < PUNCH_SEEN_MAX; f.count++)
		f.list[f.count] = (struct punch_seen){{(uint8_t)f.count, (uint8_t)(f.count >> 8)},
						      UINT64_MAX - f.count};
	seen_save(&f);
	assert_int_equal(stat(seen_of_seven(), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	seen_open(&back, (const uint8_t[32]){7});
	assert_int_equal(back.count, f.count);
	assert_memory_equal(back.list, f.list, sizeof(f.list));
	seen_open(&back, (const uint8_t[32]){8}); /* another identity */
	assert_int_equal(back.count, 0);
	assert_false(back.warned || f.warned);
}

static void passes_over_spoilt_seen(void **state)
{
	static const char *const spoilt[] = {"x", "x 1\n", "\n\n", " 1\n"};
	static struct seen_file f;
	char key[CARD_KEY_TEXT], text[128];
	FILE *out;

	(void)state;
	card_key_text((const uint8_t[32]){1}, key);
	for (unsigned i = 0; i < 8; i++) {
		snprintf(text, sizeof(text), "%s %s", key,
			 i == 4   ? "1"
			 : i == 5 ? "-1\n"
			 : i == 6 ? "99999999999999999999\n"
				  : "1\n");
		out = fopen(seen_of_seven(), "w");
		assert_non_null(out);
		fputs(i < 4 ? spoilt[i] : text, out);
		assert_int_equal(fclose(out), 0);
		seen_open(&f, (const uint8_t[32]){7});
		assert_int_equal(f.warned, i < 7);
		assert_int_equal(f.count, i < 7 ? 0 : 1);
	}
}

static void warns_once_of_unwritable(void **state)
{
	static struct seen_file f;

	(void)state;
	seen_open(&f, (const uint8_t[32]){7});
	snprintf(f.path, sizeof(f.path), "%s/nowhere/seen", folder);
	assert_false(f.warned);
	seen_save(&f);
	assert_true(f.warned);
	seen_save(&f);
}

/* Identities */

static void makes_an_identity_once(void **state)
{
	struct identity a, b, other;
	struct stat st;

	(void)state;
	assert_int_equal(identity_open(&a, NULL), EXIT_YES);
	assert_int_equal(stat(in_folder("natkit/identity"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(identity_open(&b, NULL), EXIT_YES);
	assert_memory_equal(&a, &b, sizeof(a));
	assert_int_equal(identity_open(&b, in_folder("natkit/identity")), EXIT_YES);
	assert_memory_equal(&a, &b, sizeof(a));
	assert_int_equal(identity_open(&other, in_folder("other")), EXIT_YES);
	assert_memory_not_equal(a.sign_public, other.sign_public, sizeof(a.sign_public));
	/* Nothing but the two is left in the folders. */
	assert_int_equal(unlink(in_folder("other")), 0);
	assert_int_equal(unlink(in_folder("natkit/identity")), 0);
	assert_int_equal(rmdir(in_folder("natkit")), 0);
}

static void refuses_identities(void **state)
{
	static const char good[] = "natkit-secret:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n";
	static const mode_t modes[] = {0640, 0604, 0620, 0601, 0644};
	static const char *const wrong[] = {
		"",
		"natkit-secret:\n",
		"natkit-secret:AAAA\n",
		"natkit:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n",
		"natkit-secret:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n",
		"natkit-secret:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
	};
	struct identity id;

	(void)state;
	write_file("id", good, 0600);
	assert_int_equal(identity_open(&id, in_folder("id")), EXIT_YES);
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		write_file("id", good, modes[i]);
		assert_int_equal(identity_open(&id, in_folder("id")), EXIT_USAGE);
	}
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		write_file("id", wrong[i], 0600);
		assert_int_equal(identity_open(&id, in_folder("id")), EXIT_USAGE);
	}
	assert_int_equal(unlink(in_folder("id")), 0);
	assert_int_equal(identity_open(&id, in_folder("none/id")), EXIT_USAGE);
}

/* Brokers */

static void assert_broker(const char *given, const char *identity, const char *host, unsigned port)
{
	struct card card;

	assert_int_equal(broker_find(&card, given, identity), EXIT_YES);
	assert_string_equal(card.host, host);
	assert_int_equal(card.port, port);
}

static void remembers_a_broker(void **state)
{
	struct card card, v6;
	char other[PATH_MAX];

	(void)state;
	strcpy(other, in_folder("other"));
	assert_int_equal(broker_find(&card, "one.example", NULL), EXIT_YES);
	assert_int_equal(broker_keep(&card, NULL), EXIT_YES);
	assert_broker(NULL, NULL, "one.example", 3478);
	assert_int_equal(broker_find(&v6, "[2001:db8::1]:99", NULL), EXIT_YES);
	assert_int_equal(broker_keep(&v6, NULL), EXIT_YES);
	assert_broker(NULL, NULL, "[2001:db8::1]", 99);
	/* It was told to others with the card; the file of the configuration is natprobe's, too. */
	write_file("natkit/config", "server = two.example\n", 0600);
	assert_broker(NULL, NULL, "[2001:db8::1]", 99);
	assert_broker(NULL, other, "two.example", 3478);
	assert_int_equal(broker_keep(&card, other), EXIT_YES);
	assert_broker(NULL, other, "one.example", 3478);
	assert_broker(NULL, NULL, "[2001:db8::1]", 99);
	assert_int_equal(setenv("NATKIT_SERVER", "three.example", 1), 0);
	assert_broker(NULL, NULL, "three.example", 3478);
	assert_broker("four.example", NULL, "four.example", 3478);
	assert_int_equal(unsetenv("NATKIT_SERVER"), 0);
	assert_int_equal(unlink(in_folder("natkit/config")), 0);
	assert_int_equal(unlink(in_folder("natkit/identity.broker")), 0);
	assert_int_equal(unlink(in_folder("other.broker")), 0);
}

/* Contacts */

/* A card with a key that somebody may have. */
static const char *card_of(unsigned number, char text[static CARD_TEXT])
{
	const uint8_t seed[32] = {(uint8_t)number, (uint8_t)(number >> 8)};
	struct card card = {.host = "broker.example", .port = 3478};
	struct identity id;

	identity_from_seed(&id, seed);
	memcpy(card.key, id.sign_public, sizeof(card.key));
	return card_text(&card, text);
}

static void keeps_contacts(void **state)
{
	char alice[CARD_TEXT], bob[CARD_TEXT], text[CARD_TEXT];
	struct contacts c;
	struct contact found;
	struct stat st;

	(void)state;
	card_of(1, alice);
	card_of(2, bob);
	assert_int_equal(contacts_open(&c), EXIT_YES);
	assert_int_equal(c.count, 0);
	assert_int_equal(contacts_add(&c, "alice", alice), EXIT_YES);
	assert_int_equal(contacts_add(&c, "bob.2-x_", bob), EXIT_YES);
	assert_int_equal(contacts_save(&c), EXIT_YES);
	contacts_free(&c);
	assert_int_equal(stat(in_folder("natkit/contacts"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);

	assert_int_equal(contacts_open(&c), EXIT_YES);
	assert_int_equal(c.count, 2);
	assert_string_equal(card_text(&contacts_find(&c, "alice")->card, text), alice);
	assert_ptr_equal(contacts_find_key(&c, c.list[1].card.key), &c.list[1]);
	assert_int_equal(contacts_want(&c, "alice", &found), EXIT_YES);
	assert_string_equal(found.name, "alice");
	/* A card that has a name is called by it; one that has none works, too. */
	assert_int_equal(contacts_want(&c, bob, &found), EXIT_YES);
	assert_string_equal(found.name, "bob.2-x_");
	assert_int_equal(contacts_want(&c, card_of(3, text), &found), EXIT_YES);
	assert_string_equal(found.name, "");

	assert_int_equal(contacts_remove(&c, "alice"), EXIT_YES);
	assert_int_equal(c.count, 1);
	assert_null(contacts_find(&c, "alice"));
	assert_non_null(contacts_find(&c, "bob.2-x_"));
	contacts_free(&c);
}

static void refuses_contacts(void **state)
{
	static const char *const names[] = {"", "-a", "a b", "a:b", "a/b", "\xc3\xbc"};
	const char *long_name = "a23456789012345678901234567890123456789012345678901234567890123x";
	/* The point of order 2: nobody has such a key. */
	static const char no_key[] =
		"natkit:7P___________________________________________38@broker.example";
	char alice[CARD_TEXT], bob[CARD_TEXT];
	struct contacts c = {.count = 0};
	struct contact found;

	(void)state;
	card_of(1, alice);
	card_of(2, bob);
	assert_int_equal(contacts_add(&c, "alice", alice), EXIT_YES);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_int_equal(contacts_add(&c, names[i], bob), EXIT_USAGE);
	assert_int_equal(contacts_add(&c, long_name, bob), EXIT_USAGE);
	assert_int_equal(contacts_add(&c, "alice", bob), EXIT_USAGE);
	assert_int_equal(contacts_add(&c, "alia", alice), EXIT_USAGE);
	assert_int_equal(contacts_add(&c, "bob", "bob"), EXIT_USAGE);
	assert_int_equal(contacts_add(&c, "bob", no_key), EXIT_USAGE);
	assert_int_equal(contacts_want(&c, "bob", &found), EXIT_USAGE);
	assert_int_equal(contacts_remove(&c, "bob"), EXIT_USAGE);
	assert_int_equal(c.count, 1);
	contacts_free(&c);
}

static void says_which_line_is_wrong(void **state)
{
	static const char *const wrong[] = {"alice\n", "alice x\n", "alice x y\n"};
	char text[2 * CARD_TEXT], card[CARD_TEXT];
	struct contacts c;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		write_file("natkit/contacts", wrong[i], 0600);
		assert_int_equal(contacts_open(&c), EXIT_USAGE);
		contacts_free(&c);
	}
	snprintf(text, sizeof(text), "# mine\n\n  alice\t%s", card_of(1, card));
	write_file("natkit/contacts", text, 0600);
	assert_int_equal(contacts_open(&c), EXIT_YES);
	assert_int_equal(c.count, 1);
	contacts_free(&c);
}

/* Beliefs */

static const int64_t unix_us = 1790000000 * NK_S; /* at time 0 */

static struct beliefs *some_beliefs(const char *file)
{
	struct beliefs *b = calloc(1, sizeof(*b));
	struct tactics_belief *t;
	const uint8_t key[32] = {7};

	assert_non_null(b);
	snprintf(b->path, sizeof(b->path), "%s", in_folder(file));
	snprintf(b->network.interface, sizeof(b->network.interface), "eth0");
	snprintf(b->network.gateway, sizeof(b->network.gateway), "192.0.2.1");
	b->unix_us = unix_us;
	t = beliefs_of(b, key);
	tactics_add(t, TACTIC_PLAIN, true, 100 * NK_S);
	tactics_add(t, TACTIC_PLAIN, false, 200 * NK_S);
	tactics_add_fact(t, LINK_WE_REACH_CLOUD, true, 200 * NK_S);
	return b;
}

static void keeps_beliefs(void **state)
{
	struct beliefs *a = some_beliefs("beliefs.json"), *b = calloc(1, sizeof(*b));
	const nk_time later = 100; /* by another clock: of the next boot */

	(void)state;
	assert_non_null(b);
	beliefs_save(a);
	assert_true(beliefs_read(b, in_folder("beliefs.json"), unix_us + 200 * NK_S));
	assert_string_equal(b->network.interface, "eth0");
	assert_string_equal(b->network.gateway, "192.0.2.1");
	assert_int_equal(b->count, 1);
	assert_memory_equal(b->peers[0].key, a->peers[0].key, 32);
	assert_true(fabs(tactics_p(&b->peers[0].belief, TACTIC_PLAIN, later) -
			 tactics_p(&a->peers[0].belief, TACTIC_PLAIN, later + 200 * NK_S)) < 1e-5);
	assert_true(b->peers[0].belief.fact[LINK_WE_REACH_CLOUD].yes > 0.99);
	assert_true(b->peers[0].belief.fact[LINK_PEER_CAN_OPEN].yes == 0);
	free(a);
	free(b);
}

static void forgets_beliefs(void **state)
{
	const struct addr here = addr_v4(198, 51, 100, 7, 1), near = addr_v4(198, 51, 100, 9, 1),
			  there = addr_v4(203, 0, 113, 7, 1);
	struct beliefs *b = some_beliefs("beliefs.json");

	(void)state;
	beliefs_seen(b, &here);
	assert_int_equal(b->count, 1); /* where we were was not known */
	beliefs_seen(b, &near);
	assert_int_equal(b->count, 1);
	beliefs_seen(b, &there);
	assert_int_equal(b->count, 0);

	/* The least recently called peer makes place. */
	for (unsigned i = 0; i <= BELIEFS_PEERS; i++)
		tactics_add(beliefs_of(b, (const uint8_t[32]){(uint8_t)i, (uint8_t)(i >> 8), 1}),
			    TACTIC_HOST, true, 0);
	assert_int_equal(b->count, BELIEFS_PEERS);
	assert_int_equal(b->peers[0].key[1], BELIEFS_PEERS >> 8);
	assert_true(beliefs_of(b, (const uint8_t[32]){1, 0, 1})->tactic[TACTIC_HOST].yes > 0);
	assert_true(beliefs_of(b, (const uint8_t[32]){0, 0, 1})->tactic[TACTIC_HOST].yes == 0);
	free(b);
}

static void is_not_led_astray_by_a_file(void **state)
{
#define NETWORK "\"network\":{\"interface\":\"a\",\"gateway\":\"\",\"public\":\"\"}"
#define KEY     "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define PEER(plain) \
	"{" NETWORK ",\"peers\":{\"" KEY "\":{\"facts\":{},\"tactics\":{\"plain\":" plain "}}}}"
	static const char *const wrong[] = {
		"",
		"[]",
		"{}",
		"{" NETWORK "}",
		"{" NETWORK ",\"peers\":{\"x\":{\"facts\":{},\"tactics\":{}}}}",
		"{" NETWORK ",\"peers\":{\"" KEY "\":{\"facts\":{}}}}",
		PEER("1"),
		PEER("{\"yes\":-1,\"no\":0,\"at_unix_s\":1}"),
		PEER("{\"yes\":1e10,\"no\":0,\"at_unix_s\":1}"),
		PEER("{\"yes\":1,\"no\":0,\"at_unix_s\":9223372036854775807}"),
		PEER("{\"yes\":1,\"no\":0,\"at_unix_s\":-1}"),
	};
	struct beliefs *b = calloc(1, sizeof(*b));

	(void)state;
	assert_non_null(b);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		write_file("beliefs.json", wrong[i], 0600);
		assert_false(beliefs_read(b, in_folder("beliefs.json"), unix_us));
		assert_int_equal(b->count, 0);
	}
	write_file("beliefs.json", PEER("{\"yes\":1,\"no\":0,\"at_unix_s\":1}"), 0600);
	assert_true(beliefs_read(b, in_folder("beliefs.json"), unix_us));
	assert_int_equal(b->count, 1);
	free(b);
}

/* The environment of programs */

static const char *value_of(const struct environment *e, const char *name)
{
	const size_t len = strlen(name);
	const char *found = NULL;

	for (char **at = e->list; *at != NULL; at++) {
		if (strncmp(*at, name, len) != 0 || (*at)[len] != '=')
			continue;
		assert_null(found); /* once */
		found = *at + len + 1;
	}
	return found;
}

static void tells_programs_who_rings(void **state)
{
	struct natpunch_event peer = {.call = 3,
				      .name = "alice",
				      .addr = addr_v4(192, 0, 2, 9, 4711),
				      .tactic = TACTIC_PLAIN};
	struct environment e;

	(void)state;
	setenv("NATPUNCH_KEY", "forged", 1);
	setenv("KEPT", "yes", 1);
	assert_int_equal(environment_of_peer(&e, &peer), 0);
	assert_string_equal(value_of(&e, "NATPUNCH_PEER"), "alice");
	assert_string_equal(value_of(&e, "NATPUNCH_NAME"), "alice");
	assert_string_equal(value_of(&e, "NATPUNCH_KEY"),
			    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
	assert_string_equal(value_of(&e, "NATPUNCH_ADDRESS"), "192.0.2.9");
	assert_string_equal(value_of(&e, "NATPUNCH_PORT"), "4711");
	assert_string_equal(value_of(&e, "NATPUNCH_TACTIC"), "plain");
	assert_string_equal(value_of(&e, "NATPUNCH_CALL"), "3");
	assert_string_equal(value_of(&e, "KEPT"), "yes");
	environment_free(&e);

	peer.name = NULL;
	assert_int_equal(environment_of_peer(&e, &peer), 0);
	assert_string_equal(value_of(&e, "NATPUNCH_NAME"), "");
	assert_string_equal(value_of(&e, "NATPUNCH_PEER"), value_of(&e, "NATPUNCH_KEY"));
	environment_free(&e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(makes_an_identity_once),
		cmocka_unit_test(refuses_identities),
		cmocka_unit_test(remembers_a_broker),
		cmocka_unit_test(keeps_contacts),
		cmocka_unit_test(refuses_contacts),
		cmocka_unit_test(says_which_line_is_wrong),
		cmocka_unit_test(keeps_beliefs),
		cmocka_unit_test(forgets_beliefs),
		cmocka_unit_test(is_not_led_astray_by_a_file),
		cmocka_unit_test(tells_programs_who_rings),
		cmocka_unit_test(keeps_what_was_seen),
		cmocka_unit_test(passes_over_spoilt_seen),
		cmocka_unit_test(warns_once_of_unwritable),
	};

	return cmocka_run_group_tests_name("punch_files", tests, begin, end);
}
