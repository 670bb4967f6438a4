#include "contact.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/crypto.h"
#include "contacts.h"
#include "face/exit.h"
#include "face/log.h"
#include "face/options.h"

#define WORDS_MAX 3

/* add NAME CARD, remove NAME, or list. */
struct wish {
	const char *words[WORDS_MAX];
	unsigned count;
};

static int take_word(void *into, const char *value, char why[static OPTIONS_WHY])
{
	struct wish *w = into;

	if (w->count == WORDS_MAX) {
		snprintf(why, OPTIONS_WHY, "that is a word too many");
		return -1;
	}
	w->words[w->count++] = value;
	return 0;
}

static const struct command_spec spec = {
	.name = "natpunch contact",
	.about = "Keeps names for the cards of others: \"add\" gives a name to a card, "
		 "\"remove\" forgets it, \"list\" prints all, one \"NAME CARD\" a line.",
	.operands = "add NAME CARD | remove NAME | list",
	.operand = take_word,
};

static int list(const struct contacts *c)
{
	char text[CARD_TEXT];

	for (unsigned i = 0; i < c->count; i++)
		printf("%s %s\n", c->list[i].name, card_text(&c->list[i].card, text));
	if (fflush(stdout) == 0 && !ferror(stdout))
		return EXIT_YES;
	log_line(LEVEL_ERROR, "cannot write: %s", strerror(errno));
	return EXIT_INTERNAL;
}

static bool is(const struct wish *w, const char *word, unsigned count)
{
	return w->count == count && strcmp(w->words[0], word) == 0;
}

static int act(struct contacts *c, const struct wish *w)
{
	int status;

	if (is(w, "list", 1))
		return list(c);
	if (is(w, "add", 3))
		status = contacts_add(c, w->words[1], w->words[2]);
	else
		status = contacts_remove(c, w->words[1]);
	return status == EXIT_YES ? contacts_save(c) : status;
}

int contact_main(int argc, char *argv[])
{
	struct wish w = {.count = 0};
	struct contacts c;
	int status = options_parse(&spec, &w, argc, argv, NULL);

	if (status != OPTIONS_GO_ON)
		return status;
	if (!is(&w, "list", 1) && !is(&w, "add", 3) && !is(&w, "remove", 2)) {
		log_line(LEVEL_ERROR, "wants %s", spec.operands);
		return EXIT_USAGE;
	}
	if (crypto_init() != 0)
		return EXIT_INTERNAL;
	status = contacts_open(&c);
	if (status == EXIT_YES)
		status = act(&c, &w);
	contacts_free(&c);
	return status;
}
