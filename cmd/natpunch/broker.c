#include "broker.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "face/exit.h"
#include "face/log.h"
#include "face/options.h"
#include "identity_file.h"
#include "io/files.h"
#include "io/netinfo.h"
#include "io/resolve.h"

#define FILE_MAX  65536
#define SEPARATES " ,\t\n"
#define KEPT      ".broker" /* a file beside the identity, as long as the card is the same */

static int say_unusable(const char *from, const char *text, const char *why)
{
	char quoted[LOG_QUOTED];

	log_line(LEVEL_ERROR, "%s: cannot use %s; %s", from,
		 log_quote(quoted, sizeof(quoted), text), why);
	return EXIT_USAGE;
}

/* A card's way to write a broker is ours: an IPv6 address stands in brackets. */
static int set(struct card *card, const char *text, size_t len, const char *from)
{
	char whole[CARD_TEXT], key[CARD_KEY_TEXT], name[CARD_HOST + 7], why[CARD_WHY];
	const uint8_t none[32] = {0};
	struct card c;

	snprintf(name, sizeof(name), "%.*s", len < sizeof(name) ? (int)len : 0, text);
	snprintf(whole, sizeof(whole), "natkit:%s@%s", card_key_text(none, key), name);
	if (card_parse(&c, whole, why) != 0)
		return say_unusable(from, text, "give HOST or HOST:PORT, such as broker.example");
	memcpy(card->host, c.host, sizeof(card->host));
	card->port = c.port;
	return EXIT_YES;
}

int broker_parse(struct card *card, const char *text, const char *from)
{
	return set(card, text, strlen(text), from);
}

static int from_environment(struct card *card, const char *list)
{
	list += strspn(list, SEPARATES);
	return *list == '\0' ? EXIT_YES
			     : set(card, list, strcspn(list, SEPARATES), "$NATKIT_SERVER");
}

/* The first "server = HOST[:PORT]": the file is natprobe's, too. */
static int from_file(struct card *card, const char *path)
{
	char *text, *at, *key, *value;
	const int r = files_read(&text, NULL, path, FILE_MAX);
	int status = EXIT_YES;
	unsigned line = 0;

	if (r != 0)
		return say_unusable("the configuration file", path, files_why(r));
	at = text;
	while (status == EXIT_YES && card->port == 0 && config_next(&at, &line, &key, &value))
		if (strcmp(key, "server") == 0 && value != NULL)
			status = broker_parse(card, value, path);
	free(text);
	return status;
}

static int from_kept(struct card *card, const char *identity)
{
	char path[PATH_MAX];
	const int status = identity_place(path, identity, KEPT);

	return status == EXIT_YES && access(path, F_OK) == 0 ? from_file(card, path) : status;
}

int broker_keep(const struct card *card, const char *identity)
{
	char path[PATH_MAX], line[CARD_HOST + 20];
	const int n = snprintf(line, sizeof(line), "server = %s:%u\n", card->host, card->port);
	const int status = identity_place(path, identity, KEPT);

	if (status != EXIT_YES || files_write(path, line, (size_t)n, 0600) == 0)
		return status;
	log_line(LEVEL_ERROR, "cannot remember the broker in %s: %s", path, strerror(errno));
	return EXIT_USAGE;
}

int broker_find(struct card *card, const char *given, const char *identity)
{
	const char *list = getenv("NATKIT_SERVER");
	char path[PATH_MAX];
	int status = EXIT_YES;

	card->port = 0;
	if (given != NULL)
		return broker_parse(card, given, "--broker");
	if (list != NULL)
		status = from_environment(card, list);
	if (status == EXIT_YES && card->port == 0)
		status = from_kept(card, identity);
	if (status == EXIT_YES && card->port == 0 && files_find_config(path, "config"))
		status = from_file(card, path);
	if (status != EXIT_YES || card->port != 0)
		return status;
	log_line(LEVEL_ERROR,
		 "no broker is known; \"natpunch id --broker HOST[:PORT]\" remembers one");
	return EXIT_USAGE;
}

/* Return: 0, or why there is no way. */
static int look_up(struct addr *out, const char *name, enum addr_family family,
		   const char *interface, const char **why)
{
	struct route_info route;
	int r = resolve_host(out, 1, name, 3478, family, why);

	if (r < 0) {
		*out = (struct addr){.port = 0};
		return r;
	}
	r = netinfo_route(&route, out, interface);
	if (r != 0) {
		*out = (struct addr){.port = 0};
		*why = "there is no way to it";
	}
	return r;
}

int broker_resolve(struct addr out[static 2], const struct card *card, const char *interface)
{
	const char *why4 = NULL, *why6 = NULL;
	char name[CARD_HOST + 7];
	int r4, r6;

	snprintf(name, sizeof(name), "%s:%u", card->host, card->port);
	r4 = look_up(&out[0], name, ADDR_V4, interface, &why4);
	r6 = look_up(&out[1], name, ADDR_V6, interface, &why6);
	if (r4 == 0 || r6 == 0)
		return EXIT_YES;
	log_line(LEVEL_ERROR, "cannot reach broker %s: %s", name,
		 r4 == NK_ERR_BAD_INPUT ? why6 : why4);
	return EXIT_UNREACHABLE;
}
